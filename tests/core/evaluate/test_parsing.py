"""Dense parsing measures the map that users get."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from painted import make_painted_model, paint, painted_labels, write_scene

from core.context import Context
from core.evaluate.masks import Tile
from core.evaluate.parsing import parse_image, parse_tiles
from core.model.model_cache import ModelCache
from core.protocol import ClassifyParams, Source
from core.spectral.sensors import get_sensor
from core.tasks import classify
from core.tasks.scoring import ClassSoftmax

WORDS = (("lake",), ("forest", "woods"), ("houses",))
SCHEME = "5=lake #0000ff; 7=forest, woods #00ff00; 9=houses #aaaaaa"


@pytest.fixture(scope="module")
def model():
    return make_painted_model()


def in_model_units(pixels):
    return pixels.astype(np.float32) / 127.5 - 1


def test_the_map_that_is_measured_is_the_one_that_classify_writes(model, tmp_path):
    pixels = paint(painted_labels())
    scene = write_scene(tmp_path / "scene.tif", pixels)
    params = ClassifyParams(Source(str(scene)), str(tmp_path / "map.tif"), SCHEME, cache=False)
    classify.run(params, Context(models=ModelCache(load=lambda name, device: model)))
    with rasterio.open(tmp_path / "map.tif") as file:
        written = file.read(1)
    bands = get_sensor("aerial_rgb").bands
    found = parse_image(model, in_model_units(pixels), bands, ClassSoftmax(model, WORDS))
    np.testing.assert_array_equal(np.array([5, 7, 9])[found], written)


def test_pixels_of_other_codes_do_not_count(model):
    labels = painted_labels()
    tile = Tile(in_model_units(paint(labels)), np.where(labels == 2, 200, labels).astype(np.uint8))
    wavelengths_um = get_sensor("aerial_rgb").bands.wavelengths_um
    score = parse_tiles(model, [tile, tile], (0, 1, 2), WORDS, wavelengths_um=wavelengths_um)
    assert score.by_tile.sum() == 2 * int((labels != 2).sum())
    assert np.isnan(score.iou["houses"])
    assert score.mean_iou > 0.95
    assert score.interval() == pytest.approx((score.mean_iou, score.mean_iou))
