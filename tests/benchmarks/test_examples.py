"""One more click on a stored view: the answer by example, in the runtime and as the window gets it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
from measure import median_seconds, write_raster
from test_prompts import VIEW, fill
from test_worker import ROOT, _ask

from core.context import Context
from core.dense.compiled import KERNELS
from core.model.model_cache import ModelCache
from core.protocol import HighlightParams, SimilarParams, Source
from core.tasks import highlight, similar
from core.tasks.scene import open_scene

REPEATS = 7


def places(scene, count):
    """Places all over the raster, in its reference system."""
    generator = np.random.default_rng(3)
    grid = scene.raster.grid
    found = generator.uniform(0.05, 0.95, (count, 2)) * (grid.width, grid.height)
    return tuple(grid.xy(x, y) for x, y in found.tolist())


def test_one_more_click_on_a_stored_view(tmp_path, store_folder, record):
    assert KERNELS.prepare()
    raster = write_raster(tmp_path / "scene.tif", VIEW)
    models = ModelCache()
    model = models.get("geolb-tiny")
    with open_scene(Source(str(raster))) as scene:
        features = scene.features(model)
        fill(features)
        clicks = places(scene, 40)
        number = itertools.count(4)
        few = median_seconds(lambda: similar.fit_examples(features, scene, clicks[:3], clicks[-2:]), REPEATS)
        many = median_seconds(lambda: similar.fit_examples(features, scene, clicks[:30], clicks[30:]), REPEATS)

    def answer(text: str | None = None) -> None:
        count = next(number) % 30 + 1
        params = SimilarParams(Source(str(raster)), str(tmp_path / "like.tif"), clicks[:count], clicks[30:], text=text)
        similar.run(params, Context(models=models))

    words = iter([f"word {number}" for number in range(REPEATS + 1)])

    def prompt() -> None:
        params = HighlightParams(Source(str(raster)), (next(words),), str(tmp_path / "words.tif"))
        highlight.run(params, Context(models=models))

    click, with_words, prompted = (median_seconds(work, REPEATS) for work in (answer, lambda: answer("water"), prompt))
    asked = _through_the_worker(raster, tmp_path, clicks)
    name = f"one more click on {VIEW}² stored pixels"
    record(f"{name}: the head, trained on 5 clicks", 1000 * few, "ms")
    record(f"{name}: the head, trained on 40 clicks", 1000 * many, "ms", at_most=50)
    record(f"{name}: to a GeoTIFF", 1000 * click, "ms", at_most=150)
    record(f"{name}: to a GeoTIFF, words must agree", 1000 * with_words, "ms")
    record(f"{name}: from the request to the reply, as QGIS waits", 1000 * asked, "ms", at_most=150)
    record(f"{name}: over new words on the same view", click / prompted, "×", at_most=1)


def _through_the_worker(raster, folder, clicks) -> float:
    """Seconds from a request to its reply: the median of several clicks after the first."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "core.serve", "--log", str(folder / "log.txt")],
        cwd=ROOT, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    number = itertools.count(1)

    def one_more() -> None:
        count = next(number)
        params = {"source": {"path": str(raster)}, "output": str(folder / "asked.tif"), "positives": clicks[:count]}
        _ask(worker, count, "similar", params)

    try:
        return median_seconds(one_more, REPEATS)
    finally:
        worker.kill()
        worker.communicate()
