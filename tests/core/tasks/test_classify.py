"""Class maps: the right class, its code and colour, areas that add up."""

from __future__ import annotations

import csv

import numpy as np
import pyogrio
import pytest
import rasterio
from painted import paint, painted_labels, write_scene

from core.classes import ClassSchemeError
from core.protocol import ClassifyParams, Source
from core.tasks import classify

CLASSES = "5=lake #0000ff; 7=forest, woods #00ff00; 9=houses #aaaaaa"
CODES = np.array([5, 7, 9], np.uint8)


def test_every_pixel_gets_the_code_of_its_class(scene, run_task, tmp_path):
    output = tmp_path / "map.tif"
    result = run_task(classify, ClassifyParams(Source(scene), str(output), classes=CLASSES))
    with rasterio.open(output) as made:
        codes = made.read(1)
        assert made.nodata == 0
        assert made.colormap(1)[7] == (0, 255, 0, 255)
        assert made.tags()["CLASS_9"] == "houses"
    assert (codes == CODES[painted_labels()]).mean() > 0.97
    assert [row["name"] for row in result["classes"]] == ["lake", "forest", "houses"]
    assert sum(row["pixels"] for row in result["classes"]) == codes.size
    assert sum(row["hectares"] for row in result["classes"]) == pytest.approx(codes.size / 100, rel=1e-6)


def test_areas_scores_confidence_and_polygons_come_on_request(scene, run_task, tmp_path):
    paths = {name: str(tmp_path / name) for name in ("map.tif", "scores.tif", "areas.csv", "map.gpkg")}
    params = ClassifyParams(
        Source(scene),
        paths["map.tif"],
        classes=CLASSES,
        scores=paths["scores.tif"],
        areas=paths["areas.csv"],
        vector=paths["map.gpkg"],
        confidence=True,
    )
    run_task(classify, params)
    with rasterio.open(paths["map.tif"]) as made, rasterio.open(paths["scores.tif"]) as scores:
        codes, confidence = made.read()
        shares = scores.read()
        assert scores.descriptions == ("lake", "forest", "houses")
    np.testing.assert_allclose(shares.sum(0), 1, atol=2e-3)
    np.testing.assert_array_equal(CODES[shares.argmax(0)], codes)
    np.testing.assert_allclose(confidence, 100 * shares.max(0), atol=1)
    with open(paths["areas.csv"], newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["lake", "forest", "houses"]
    assert sum(int(row["pixels"]) for row in rows) == codes.size
    assert pyogrio.read_info(paths["map.gpkg"])["features"] > 0


def test_pixels_without_data_have_no_class(run_task, tmp_path):
    values = paint(painted_labels())
    values[:, :80, :100] = 0
    scene = write_scene(tmp_path / "scene.tif", values)
    output = tmp_path / "map.tif"
    result = run_task(classify, ClassifyParams(Source(str(scene)), str(output), classes=CLASSES))
    with rasterio.open(output) as made:
        codes = made.read(1)
    assert (codes[:80, :100] == 0).all()
    assert (codes != 0).sum() == codes.size - 80 * 100
    assert sum(row["pixels"] for row in result["classes"]) == codes.size - 80 * 100


def test_areas_are_unknown_without_a_reference_system(run_task, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", paint(painted_labels()), crs=None)
    result = run_task(classify, ClassifyParams(Source(str(scene)), str(tmp_path / "map.tif"), classes=CLASSES))
    assert {row["hectares"] for row in result["classes"]} == {None}


def test_an_unknown_scheme_is_one_clear_error(scene, run_task, tmp_path):
    with pytest.raises(ClassSchemeError, match="no class scheme"):
        run_task(classify, ClassifyParams(Source(scene), str(tmp_path / "map.tif"), classes="nonsense"))
