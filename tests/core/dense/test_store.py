"""The feature store survives kills, damage and company, and stays within its cap."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import zarr

from core.dense import stored_features
from core.dense.background_odds import Background
from core.dense.basis import FeatureBasis
from core.dense.chunk import FeatureChunk
from core.dense.chunk_layout import ChunkLayout
from core.dense.feature_key import FeatureKey
from core.dense.quantise import quantise
from core.dense.scoring import cosines, score
from core.dense.store import FeatureStore
from core.dense.stored_features import StoredFeatures, StoreError
from core.dense.text_factors import TextFactors
from core.raster.pixel_window import RowCol

LAYOUT = ChunkLayout(channels=8, rows=20, columns=33, side=(10, 16))
KEY = FeatureKey(
    "model", "raster", (1, 2, 3), (0.6, 0.5, 0.4), "scaling", (33.0, 20.0), "decoder", (16, 4, 2, 2, 2), "words"
)

BACKGROUND = Background(TextFactors.of(torch.eye(8)[:3], torch.zeros(3)), 10.0)


def chunk_of(stored: StoredFeatures, chunk: RowCol, seed: int = 0) -> FeatureChunk:
    window = stored.layout.window(chunk)
    coordinates = torch.randn(window.height, window.width, 8, generator=torch.Generator().manual_seed(seed))
    valid = torch.ones(window.height, window.width, dtype=torch.bool)
    return quantise(coordinates, valid, FeatureBasis.identity(8), BACKGROUND)


def fill(stored: StoredFeatures) -> None:
    for row in range(2):
        for column in range(3):
            stored.write(RowCol(row, column), chunk_of(stored, RowCol(row, column)))


def files_of(stored: StoredFeatures, array: str) -> list[Path]:
    return [path for path in (stored.path / array / "c").rglob("*") if path.is_file()]


@pytest.fixture
def stored(store: FeatureStore) -> StoredFeatures:
    return store.open(KEY, LAYOUT, {"raster": "scene.tif"})


def test_a_chunk_comes_back_as_it_was_kept(stored):
    kept = chunk_of(stored, RowCol(1, 2))
    stored.write(RowCol(1, 2), kept)
    found = stored.read(RowCol(1, 2))
    np.testing.assert_array_equal(found.codes, kept.codes)
    np.testing.assert_array_equal(found.gain, kept.gain)
    np.testing.assert_array_equal(found.inverse_norm, kept.inverse_norm)
    np.testing.assert_array_equal(found.background, kept.background)
    assert stored.read(RowCol(0, 0)) is None


def test_zarr_reads_what_this_store_reads(stored):
    fill(stored)
    group = zarr.open_group(stored.path, mode="r")
    for chunk in stored.done():
        found, (rows, columns) = stored.read(chunk), stored.layout.slices(chunk)
        np.testing.assert_array_equal(group["codes"][rows, columns], found.codes)
        np.testing.assert_array_equal(group["background"][rows, columns], found.background)
        np.testing.assert_array_equal(group["scales"][:, rows, columns], [found.gain, found.inverse_norm])


def test_scoring_a_few_cells_at_a_time_gives_the_scores_of_all(stored, monkeypatch):
    monkeypatch.setattr("core.dense.scoring.VALUES_AT_ONCE", 1)
    coordinates = torch.randn(30, 41, 8, generator=torch.Generator().manual_seed(1))
    valid = torch.ones(30, 41, dtype=torch.bool)
    chunk = quantise(coordinates, valid, FeatureBasis.identity(8))
    texts = TextFactors.of(torch.randn(3, 8), torch.tensor([0.5, 0.0, -1.0]))
    found = score(chunk, texts, lambda cosines, _: cosines.softmax(0)[:2])
    unit = torch.from_numpy(chunk.codes).float() * torch.from_numpy(chunk.gain).float()[..., None]
    cosines = torch.einsum("nk,hwk->nhw", texts.factors, unit)
    cosines += texts.constants[:, None, None] * torch.from_numpy(chunk.inverse_norm).float()
    torch.testing.assert_close(found, cosines.softmax(0)[:2], atol=1e-5, rtol=1e-4)


def test_the_backgrounds_odds_are_kept_where_there_is_data():
    coordinates = torch.randn(9, 11, 8, generator=torch.Generator().manual_seed(1))
    valid = torch.ones(9, 11, dtype=torch.bool)
    valid[2] = False
    chunk = quantise(coordinates, valid, FeatureBasis.identity(8), BACKGROUND)
    plain = torch.logsumexp(10.0 * cosines(chunk, BACKGROUND.texts), 0)
    assert (chunk.background[2] == 0).all()
    torch.testing.assert_close(torch.from_numpy(chunk.background)[valid], plain[valid], atol=1e-4, rtol=1e-5)


def test_a_chunk_without_data_is_kept_too(stored):
    stored.write(RowCol(0, 0), FeatureChunk.empty(8, 10, 16))
    assert stored.has(RowCol(0, 0))
    assert not stored.read(RowCol(0, 0)).valid.any()


@pytest.mark.parametrize("array", ["codes", "scales", "background"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_chunk_reads_as_missing_and_can_be_kept_again(stored, array, damage):
    fill(stored)
    file = files_of(stored, array)[0]
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 0x40
        file.write_bytes(content)
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        file.unlink()
    missing = [
        RowCol(row, column) for row in range(2) for column in range(3) if stored.read(RowCol(row, column)) is None
    ]
    assert len(missing) == 1
    assert not stored.has(missing[0])
    stored.write(missing[0], chunk_of(stored, missing[0]))
    assert stored.read(missing[0]) is not None


def test_verify_finds_and_removes_damage(store, stored):
    fill(stored)
    file = files_of(stored, "codes")[2]
    file.write_bytes(file.read_bytes()[:-3] + b"xyz")
    report = store.verify()
    assert (report.entries, report.chunks, report.corrupt) == (1, 6, 1)
    assert store.verify().corrupt == 0
    assert store.entries()[0].chunks_done == 5


@pytest.mark.parametrize(
    "change",
    [
        {"model_hash": "other"},
        {"raster": "other"},
        {"bands": (3, 2, 1)},
        {"wavelengths_um": (0.6, 0.5, 0.41)},
        {"scaling": "other"},
        {"grid": (33.0, 21.0)},
        {"head": "tokens"},
        {"windows": (16, 4, 2, 2, 1)},
        {"background": "other"},
    ],
)
def test_whatever_changes_gives_another_entry(change):
    assert FeatureKey(**{**KEY.__dict__, **change}).digest() != KEY.digest()


def test_the_least_recently_used_entries_go_when_the_store_is_full(tmp_path):
    store = FeatureStore(tmp_path / "cache", cap_bytes=10**9)
    opened = []
    for number in range(3):
        stored = store.open(
            FeatureKey(**{**KEY.__dict__, "raster": f"raster {number}"}), LAYOUT, {"raster": str(number)}
        )
        fill(stored)
        opened.append(stored)
    for age, stored in zip((5000, 9000, 1000), opened, strict=True):
        os.utime(stored.path / "last_used", (time.time() - age,) * 2)
    size = store.entries()[0].bytes
    store.cap_bytes = int(2.5 * size)
    assert store.evict() == size
    assert [entry.about["raster"] for entry in store.entries()] == ["2", "0"]


def test_prompt_after_prompt_does_not_walk_over_the_whole_store(tmp_path, monkeypatch):
    looks = []
    monkeypatch.setattr(FeatureStore, "evict", lambda self: looks.append(self.root))
    for folder in ("one", "one", "two", "one"):
        FeatureStore(tmp_path / folder).evict_if_due()
    assert looks == [tmp_path / "one", tmp_path / "two"]


def test_an_entry_in_use_is_not_evicted(tmp_path):
    store = FeatureStore(tmp_path / "cache", cap_bytes=0)
    fill(store.open(KEY, LAYOUT))
    assert store.evict() == 0
    assert len(store.entries()) == 1


def test_clear_removes_everything(store, stored):
    fill(stored)
    assert store.clear() > 0
    assert store.entries() == []
    assert stored.read(RowCol(0, 0)) is None


def test_a_chunk_can_be_claimed_once(stored):
    with stored.claim(RowCol(0, 0), wait=False) as mine, stored.claim(RowCol(0, 0), wait=False) as theirs:
        assert mine
        assert not theirs
        with stored.claim(RowCol(0, 1), wait=False) as other:
            assert other
    with stored.claim(RowCol(0, 0), wait=False) as again:
        assert again


def test_a_chunk_written_while_its_damaged_state_was_read_is_kept(stored, monkeypatch):
    """A reader that finds damage must not remove what a writer has put in its place meanwhile."""
    chunk = RowCol(0, 0)
    whole = chunk_of(stored, chunk, 1)
    stored.write(chunk, whole)
    right = stored_features.crc32c

    def write_anew(content: object) -> int:
        monkeypatch.setattr(stored_features, "crc32c", right)
        stored.write(chunk, whole)
        return right(content) ^ 1

    monkeypatch.setattr(stored_features, "crc32c", write_anew)
    assert stored.read(chunk) is None
    found = stored.read(chunk)
    assert found is not None
    np.testing.assert_array_equal(found.codes, whole.codes)


def test_a_damaged_chunk_that_is_being_written_is_not_removed(stored):
    chunk = RowCol(0, 0)
    stored.write(chunk, chunk_of(stored, chunk, 1))
    file = files_of(stored, "scales")[0]
    file.write_bytes(b"damaged, longer than a checksum")
    with stored.claim(chunk, wait=False):
        assert stored.read(chunk) is None
        assert file.exists()
    assert stored.read(chunk) is None
    assert not file.exists()


def test_a_store_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be written"):
        FeatureStore(tmp_path / "file" / "cache").open(KEY, LAYOUT)


def _write_forever(root: str, started: multiprocessing.synchronize.Event) -> None:
    stored = FeatureStore(Path(root)).open(KEY, LAYOUT)
    for seed in range(10**6):
        stored.write(RowCol(seed % 2, seed % 3), chunk_of(stored, RowCol(seed % 2, seed % 3), seed))
        started.set()


def test_a_writer_killed_at_any_moment_leaves_whole_chunks_only(tmp_path):
    context = multiprocessing.get_context("spawn")
    root = tmp_path / "cache"
    store = FeatureStore(root)
    for attempt in range(4):
        started = context.Event()
        writer = context.Process(target=_write_forever, args=(str(root), started))
        writer.start()
        assert started.wait(60)
        started.clear()
        started.wait(0.01 * attempt)
        writer.kill()
        writer.join()
        stored = store.open(KEY, LAYOUT)
        for chunk in stored.done():
            window = stored.layout.window(chunk)
            found = stored.read(chunk)
            assert found is not None
            assert found.codes.shape == (window.height, window.width, 8)
            assert found.valid.all()
