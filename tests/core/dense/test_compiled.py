"""Compiled kernels say what torch says; where there are none, torch says it."""

from __future__ import annotations

import importlib
import os
import select
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from kernels import kernels  # noqa: F401 - a fixture

from core.dense import compiled, kernel_calls
from core.dense.chunk import FeatureChunk
from core.dense.compiled import Kernels
from core.dense.odds import OddsAgainstBackground, SharedOdds
from core.dense.pixels import PixelScores
from core.dense.scoring import cosines, score, score_with_torch
from core.dense.text_factors import STEPS, TextFactors
from core.raster.pixel_window import RowCol

ROOT = Path(__file__).resolve().parents[3]
KERNEL_COUNT = 4


@pytest.fixture(autouse=True)
def sums_of_integers(monkeypatch):
    """Torch adds up integers as kernels do, whatever this processor is fast at: rounded factors are not compared."""

    def products(texts: TextFactors, codes: torch.Tensor) -> torch.Tensor:
        coarse, fine = (texts.parts.int() @ codes.int().T).split(len(texts))
        return coarse.float().mul_(STEPS).add_(fine).mul_(texts.steps)

    monkeypatch.setattr(TextFactors, "products", products)


def chunk_of(height: int, width: int, channels: int) -> FeatureChunk:
    """Random unit features, the first row of which holds no data."""
    generator = torch.Generator().manual_seed(channels * height + width)
    codes = torch.randint(-127, 128, (height, width, channels), dtype=torch.int8, generator=generator)
    gain = (0.5 + torch.rand(height, width, generator=generator)) / (127 * channels**0.5)
    share = torch.rand(height, width, generator=generator) / 10
    background = torch.rand(height, width, generator=generator) * 9
    gain[0], share[0], background[0] = 0, 0, 0
    return FeatureChunk(codes.numpy(), gain.half().numpy(), share.half().numpy(), background.numpy())


def texts_of(count: int, channels: int) -> TextFactors:
    generator = torch.Generator().manual_seed(count)
    vectors = F.normalize(torch.randn(count, channels, generator=generator), dim=1)
    return TextFactors.of(vectors, torch.rand(count, generator=generator) / 3)


def scorers(count: int) -> dict[str, OddsAgainstBackground | SharedOdds]:
    """What prompts and classes ask for, of so many texts."""
    every = tuple(range(count))
    stranger, negative, kin = torch.zeros(1, count), torch.zeros(1, count), torch.zeros(2, count)
    negative[0, -1] = 1
    kin[0, 0], kin[1, count // 2] = -1, -0.4
    shares = torch.zeros(3, count)
    shares[0, 0], shares[1], shares[2, -1] = 1, 1 / count, 1
    return {
        "one prompt": OddsAgainstBackground(((0,),), stranger, 31.0, None),
        "a prompt of many synonyms": OddsAgainstBackground((every,), stranger, 31.0, None),
        "a negative": OddsAgainstBackground(((0,),), negative, 100.0, None),
        "two prompts with kin in the background": OddsAgainstBackground(((0,), every[-2:]), kin, 31.0, None),
        "the model's bias": OddsAgainstBackground(((0,),), negative, 31.0, -7.0),
        "a calibrated model": OddsAgainstBackground(((0,), every[-2:]), kin, 31.0, None, 2.0, 1.7, 0.9),
        "classes": SharedOdds(shares, 100.0),
    }


def by_kernels_and_torch(chunk: FeatureChunk, texts: TextFactors, scorer) -> tuple[torch.Tensor, torch.Tensor]:
    found = cosines(chunk, texts) if scorer is None else score(chunk, texts, scorer)
    return found, score_with_torch(chunk, texts, scorer)


@pytest.mark.parametrize(
    ("height", "width", "channels"), [(48, 48, 64), (37, 5, 64), (2, 3, 64), (20, 33, 24), (9, 40, 768)]
)
@pytest.mark.parametrize("count", [1, 4, 7])
def test_kernels_score_as_torch_does(kernels, height, width, channels, count):  # noqa: F811
    chunk, texts = chunk_of(height, width, channels), texts_of(count, channels)
    # The background holds its kin, and something else.
    odds = torch.logsumexp(31 * cosines(chunk, texts), 0) + 0.1
    chunk = replace(chunk, background=np.maximum(chunk.background, odds.numpy()))
    found, expected = by_kernels_and_torch(chunk, texts, None)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    for scorer in scorers(count).values():
        found, expected = by_kernels_and_torch(chunk, texts, scorer)
        torch.testing.assert_close(found.sigmoid(), expected.sigmoid(), atol=1e-5, rtol=0)
        torch.testing.assert_close(found, expected, atol=5e-4, rtol=1e-5)
    found, expected = by_kernels_and_torch(chunk, texts, lambda cosines, background: cosines[:1] - background)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_a_part_of_a_chunk_is_scored_as_in_the_whole(kernels):  # noqa: F811
    chunk, texts = chunk_of(30, 41, 64), texts_of(3, 64)
    whole = score(chunk, texts, scorers(3)["a negative"])
    part = score(chunk.crop(slice(4, 23), slice(7, 12)), texts, scorers(3)["a negative"])
    torch.testing.assert_close(part, whole[:, 4:23, 7:12], atol=1e-6, rtol=1e-5)


def test_nothing_but_what_fits_into_32_bits_is_added_up_by_kernels(kernels):  # noqa: F811
    texts = TextFactors.of(torch.ones(1, 1024), torch.zeros(1))
    chunk = chunk_of(4, 4, 1024)
    assert not kernel_calls.fits(texts)
    assert cosines(chunk, texts).isfinite().all()


def test_real_features_and_pixels_are_scored_alike(kernels, monkeypatch, open_dense, write_raster, texts):  # noqa: F811
    raster = write_raster(300, 430, hole=(slice(100, 180), slice(60, 220)))
    with open_dense(raster) as features:
        factors = features.encoder.unit_text(texts)
        window = features.level.grid.window

        def scores() -> tuple[np.ndarray, np.ndarray]:
            scorer = scorers(len(texts))["two prompts with kin in the background"]
            return PixelScores(features, lambda chunk: score(chunk, factors, scorer), 2).read(window)

        found, known = scores()
        monkeypatch.setattr(compiled, "KERNELS", Kernels())
        expected, expected_known = scores()
    np.testing.assert_array_equal(known, expected_known)
    assert 0 < known.sum() < known.size
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), 1 / (1 + np.exp(-expected)), atol=1e-5)


def test_what_is_kept_does_not_depend_on_kernels(kernels, monkeypatch, open_dense, write_raster):  # noqa: F811
    raster = write_raster(130, 130)
    with open_dense(raster) as features:
        kept = features.chunk(RowCol(0, 0))
    monkeypatch.setattr(compiled, "KERNELS", Kernels())
    with open_dense(raster) as features:
        again = features.chunk(RowCol(0, 0))
    np.testing.assert_array_equal(kept.background, again.background)


def test_without_a_compiler_torch_answers(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "numba", None)  # importing it fails
    missing = Kernels()
    monkeypatch.setattr(compiled, "KERNELS", missing)
    caplog.set_level("INFO", logger=compiled.__name__)
    assert not missing.prepare()
    assert "torch does their work" in caplog.text
    assert score(chunk_of(5, 6, 64), texts_of(2, 64), scorers(2)["one prompt"]).shape == (1, 5, 6)


def test_a_compiler_that_fails_is_asked_once(monkeypatch):
    asked = []

    def fail(name: str) -> None:
        asked.append(name)
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(importlib, "import_module", fail)
    failing = Kernels()
    assert not failing.prepare()
    assert not failing.prepare()
    assert len(asked) == 1


def test_nothing_waits_for_kernels_that_are_on_their_way(monkeypatch):
    on_their_way = Kernels()
    monkeypatch.setattr(compiled, "KERNELS", on_their_way)
    with on_their_way._lock:  # as while compiling
        assert cosines(chunk_of(5, 6, 64), texts_of(2, 64)).shape == (2, 5, 6)
        assert on_their_way.ready is None
    assert on_their_way.prepare()


def test_beside_other_work_another_process_compiles_and_this_one_loads(monkeypatch):
    steps = []
    done = threading.Event()
    monkeypatch.setattr(compiled, "_compile_elsewhere", lambda: steps.append("elsewhere"))
    monkeypatch.setattr(compiled, "_imported", lambda: steps.append("here") or done.set())
    beside = Kernels()
    for _ in range(3):
        beside.prepare_beside()
    assert done.wait(60)
    assert steps == ["elsewhere", "here"]


def prepared_elsewhere(caches: Path) -> int:
    """Have another process prepare kernels, with its caches in a folder; gives how many it found compiled."""
    script = (
        "from core.dense.compiled import KERNELS\n"
        "assert KERNELS.prepare()\n"
        "kernels = [each for each in vars(KERNELS.ready).values() if hasattr(each, 'stats')]\n"
        "print(sum(sum(kernel.stats.cache_hits.values()) for kernel in kernels))\n"
    )
    folders = dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA"), str(caches))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ | folders, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def kept_beside_the_code() -> list[Path]:
    return sorted((ROOT / "core").rglob("*.nb[ic]"))


@pytest.mark.slow
def test_kernels_are_kept_outside_the_plugins_folder_which_may_be_read_only(tmp_path, monkeypatch):
    before = kept_beside_the_code()
    monkeypatch.setattr(compiled, "cache_base", lambda: tmp_path / "geolangbind")
    compiled._compile_elsewhere()
    assert list(tmp_path.rglob("geolangbind/kernels/**/*.nbi"))
    assert kept_beside_the_code() == before
    assert prepared_elsewhere(tmp_path) == KERNEL_COUNT


@pytest.mark.slow
def test_where_they_cannot_be_kept_kernels_are_compiled_all_the_same(tmp_path):
    before = kept_beside_the_code()
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert prepared_elsewhere(in_the_way) == 0
    assert kept_beside_the_code() == before


COMPILES_IN_VAIN = """
import subprocess
from core.dense.compiled import KERNELS

class Told(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        print(self.pid, flush=True)

subprocess.Popen = Told
KERNELS.prepare_beside()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux's file descriptors of processes")
def test_the_process_that_compiles_ends_with_a_process_that_is_killed(tmp_path):
    (tmp_path / "numba.py").write_text("import threading\nthreading.Event().wait()\n")  # a compiler without an end
    (tmp_path / "cache").mkdir(mode=0o700)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", COMPILES_IN_VAIN]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        compiling = os.pidfd_open(int(process.stdout.readline()))
        process.kill()
    try:
        ended, _, _ = select.select([compiling], [], [], 60)
        if not ended:
            signal.pidfd_send_signal(compiling, signal.SIGKILL)
    finally:
        os.close(compiling)
    assert ended
