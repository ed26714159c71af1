"""A raster on disk into the feature store: how much of the time is the model's, and what two workers add."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from distributed import Client
from measure import write_raster

from core.archive.embed import cluster, embed_archive
from core.archive.parts import EmbedJob, embed_part, plan_scene
from core.context import Context
from core.dense.encode import DenseEncoder
from core.dense.window_encoding import MOST_THREADS
from core.model.model_cache import ModelCache
from core.protocol import EmbedParams, Source
from core.raster.pixel_window import PixelWindow
from core.tasks import embed
from core.tasks.scene import open_scene
from core.torch_threads import keep_to_one_thread

SIDE = 1536
SCENES = 6
GRANULE, GRANULE_ROWS = 10980, 1024
"""Side in pixels of a Sentinel-2 granule, and how many rows of it are encoded."""


def test_whole_pipeline_over_encoding_alone(tmp_path, record, monkeypatch):
    """The same batches, once with reading and writing around them and once by themselves."""
    raster, warm = write_raster(tmp_path / "scene.tif", SIDE), write_raster(tmp_path / "warm.tif", 512)
    models = ModelCache()
    batches: list[tuple[DenseEncoder, torch.Tensor]] = []
    encode = DenseEncoder.encode

    def noted(self: DenseEncoder, images: torch.Tensor) -> torch.Tensor:
        batches.append((self, images))
        return encode(self, images)

    def embed_into(store: str, source: Path) -> float:
        monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / store))
        params = EmbedParams(Source(str(source)))
        began = time.perf_counter()
        embed.run(params, Context(models=models))
        return time.perf_counter() - began

    def alone() -> float:
        """As many threads as in the pipeline: one of all processors for batches, one a processor for windows."""
        separate = batches[0][0].separate
        threads = min(torch.get_num_threads(), MOST_THREADS) if separate else 1
        with ThreadPoolExecutor(threads, initializer=keep_to_one_thread if separate else None) as pool:
            began = time.perf_counter()
            for _ in pool.map(lambda batch: encode(*batch), batches):
                pass
            return time.perf_counter() - began

    embed_into("warm", warm)
    pairs = []
    for number in range(3):
        batches.clear()
        monkeypatch.setattr(DenseEncoder, "encode", noted)
        whole = embed_into(f"run{number}", raster)
        monkeypatch.setattr(DenseEncoder, "encode", encode)
        pairs.append((alone() / whole, whole))
    ratio, whole = sorted(pairs)[1]
    record(f"embedding {SIDE}² pixels: encoding alone over the whole pipeline", ratio, at_least=0.9)
    record(f"embedding {SIDE}² pixels: rate of the whole", SIDE**2 / 1e6 / whole, "Mpixel/s")
    stored = sum(file.stat().st_size for file in (tmp_path / "run0").rglob("*") if file.is_file())
    record("feature store: bytes a pixel", stored / SIDE**2, "B")
    float32 = (SIDE / 2) ** 2 * 384 * 4
    record("feature store: size over float32 features", stored / float32, at_most=0.25)


def test_a_granule(tmp_path, record, monkeypatch, large):
    """All of it with ``--large``, else the chunks of a band of rows, whose time is brought to all windows.

    Rows without data are left out: what walking over them takes would be multiplied too.
    """
    rows = None if large else slice(0, GRANULE_ROWS)
    warm, raster = write_raster(tmp_path / "warm.tif", 512), write_raster(tmp_path / "granule.tif", GRANULE, rows=rows)
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / "features"))
    models = ModelCache()
    embed.run(EmbedParams(Source(str(warm))), Context(models=models))
    with open_scene(Source(str(raster))) as scene:
        features = scene.features(models.get("geolb-tiny"))
        layout, down = features.layout, features.layout.side[0]
        with_data = layout.rows if large else GRANULE_ROWS // features.plan.stride // down * down
        began = time.perf_counter()
        features.compute(PixelWindow(0, 0, layout.columns, with_data))
        took = time.perf_counter() - began
        every = features.plan.windows_of(PixelWindow(0, 0, layout.columns, layout.rows))
        share = features.encoded_windows / len(every)
    record(f"embedding {GRANULE}² pixels on {torch.get_num_threads()} threads, from {share:.0%} of its windows",
           took / share, "s", at_most=120)  # fmt: skip


def test_two_workers_over_one_process(tmp_path, record, say):
    """The rate alone: every process has loaded its model and run it once before the time is taken."""
    scenes = [write_raster(tmp_path / f"{number}.tif", 1024) for number in range(SCENES)]
    warm = write_raster(tmp_path / "warm.tif", 512)

    def job(scene: Path, store: str, threads: int) -> EmbedJob:
        return EmbedJob(Source(str(scene)), "geolb-tiny", "cpu", str(tmp_path / store), 10**10, threads)

    def rate(store: str, threads: int, client: Client | None) -> float:
        report = embed_archive([job(scene, store, threads) for scene in scenes], client)
        assert report.chunks_computed == report.chunks > 0
        assert not report.failed
        return SCENES * 1024**2 / 1e6 / report.seconds

    threads = torch.get_num_threads()
    _warm(job(warm, "warm alone", threads))
    began = time.perf_counter()
    with cluster("local", 2) as client:
        client.run(_warm, job(warm, "warm together", 1))
        ready = time.perf_counter() - began
        say("  two workers are ready")
        pairs = []
        for number in range(3):  # in turn, so that whatever else the machine does meets both
            alone = rate(f"alone {number}", threads, None)
            pairs.append((rate(f"together {number}", 1, client) / alone, alone))
    ratio, alone = sorted(pairs)[1]
    record("one process of two threads: rate", alone, "Mpixel/s")
    record("two workers of one thread over one process of two: throughput", ratio, at_least=0.9)
    record("two workers: seconds until both have run their model once", ready, "s")


def _warm(job: EmbedJob) -> None:
    """Load the model and run it once."""
    part = plan_scene(job)
    for block in part.parts:
        embed_part(job, block)
