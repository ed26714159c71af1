"""A prompt over stored features: against reading the bytes, against running the model, and to the first pixels."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import torch
from measure import median_seconds, write_raster

from core.context import Context
from core.dense.chunk import FeatureChunk
from core.dense.compiled import KERNELS
from core.dense.features import DenseFeatures
from core.dense.scan import score_all
from core.dense.scoring import cosines
from core.model.model_cache import ModelCache
from core.protocol import HighlightParams, Source
from core.raster.grid import extent_of_window
from core.raster.pixel_window import PixelWindow
from core.tasks import highlight
from core.tasks.scene import open_scene
from core.tasks.scoring import PromptSoftmax, parse_prompts, scored_by

VIEW = 1000


def fill(features: DenseFeatures) -> None:
    """Keep random features for the whole raster: what a prompt costs does not depend on what they say."""
    generator = np.random.default_rng(0)
    for row in range(features.layout.counts[0]):
        for column in range(features.layout.counts[1]):
            window = features.layout.window((row, column))
            shape = (window.height, window.width)
            codes = generator.integers(-127, 128, (*shape, features.layout.channels), dtype=np.int8)
            gain, share = np.full(shape, 1 / 127 / 8, np.float16), np.full(shape, 0.05, np.float16)
            background = generator.uniform(3, 9, shape).astype(np.float32)
            features.stored.write((row, column), FeatureChunk(codes, gain, share, background))


def read_all(folder: Path) -> int:
    """Read every byte of an entry, as the operating system holds them in memory by now."""
    return sum(len(file.read_bytes()) for file in folder.rglob("*") if file.is_file())


def test_a_prompt_over_a_stored_scene(tmp_path, store_folder, record, say, large):
    assert KERNELS.prepare()
    side = 10000 if large else 4000
    corner = side // 3
    under_the_view = slice(corner // 512 * 512, -(-(corner + VIEW) // 512) * 512)
    raster = write_raster(tmp_path / "scene.tif", side, rows=under_the_view)
    models = ModelCache()
    model = models.get("geolb-tiny")
    with open_scene(Source(str(raster))) as scene:
        features = scene.features(model)
        fill(features)
        say("  the store is filled")
        stored = features.stored
        one = features.encoder.unit_text(model.text_prompts(["solar farm"]))
        softmax = PromptSoftmax(model, parse_prompts(["solar farm"]))

        def over_all(score) -> None:
            for _ in score_all(stored, stored.done(), score):
                pass

        reading = median_seconds(lambda: read_all(stored.path), 3)
        alone = median_seconds(lambda: over_all(lambda kept: cosines(kept, one)), 3)
        whole = median_seconds(lambda: over_all(scored_by(softmax, features.encoder)), 3)
        megabytes = read_all(stored.path) / 1e6
        tile = features.plan.window_pixels
        windows = features.plan.windows_of(PixelWindow(0, 0, features.layout.columns, features.layout.rows))
        images = torch.rand(4, 3, tile, tile) * 2 - 1
        encoding = median_seconds(lambda: features.encoder.encode(images), 3) / 4 * len(windows)
    name = f"stored {side}² pixels ({megabytes:,.0f} MB)"
    record(f"{name}: cosine of one prompt over reading the bytes", alone / reading, "×", at_most=2)
    record(f"{name}: softmax of a prompt with the background over reading the bytes", whole / reading, "×", at_most=2)
    record(f"{name}: time of a prompt", whole, "s")
    record(f"{name}: sliding the model over it instead ({len(windows)} windows, timed on four), over a prompt",
           encoding / whole, "×", at_least=100)  # fmt: skip

    extent = extent_of_window(scene.raster.grid, PixelWindow(corner, corner, VIEW, VIEW))
    words = iter(["harbour", "quarry", "orchard", "stadium", "wetland", "railway", "glacier"])

    def view() -> None:
        params = HighlightParams(Source(str(raster)), (next(words),), str(tmp_path / "out.tif"), extent=extent)
        highlight.run(params, Context(models=models))

    record(f"new words to a GeoTIFF of {VIEW}² stored pixels", 1000 * median_seconds(view), "ms", at_most=150)


def test_the_first_answer_for_a_view_that_is_not_stored(tmp_path, store_folder, record):
    assert KERNELS.prepare()
    models = ModelCache()
    models.get("geolb-tiny").text_prompts(["harbour"])

    def first_view(raster: Path) -> tuple[float, float]:
        """Seconds to the preview and to the whole answer."""
        first: list[float] = []
        began = time.perf_counter()
        highlight.run(
            HighlightParams(Source(str(raster)), ("harbour",), str(tmp_path / "out.tif"), preview=True),
            Context(notify=lambda method, facts: first.append(time.perf_counter() - began), models=models),
        )
        return first[0], time.perf_counter() - began

    # Other rasters, so that nothing of them is stored; the first of them warms up.
    runs = [first_view(write_raster(tmp_path / f"{number}.tif", VIEW + number)) for number in range(4)][1:]
    preview, whole = (statistics.median(values) for values in zip(*runs, strict=True))
    record(f"view of {VIEW}² pixels, not stored: coarse preview", 1000 * preview, "ms", at_most=150)
    record(f"view of {VIEW}² pixels, not stored: full answer", whole, "s", at_most=1)
