"""A raster whose pixels are finer than any the model was trained on is seen at the finest trained ones, and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from core.context import Context
from core.protocol import ClassifyParams, DescribeParams, HighlightParams, Source
from core.tasks import classify, describe, highlight

FINEST_M = 0.06
"""Of the embedded model's card, for red, green and blue."""


@pytest.fixture
def drone(tmp_path: Path) -> str:
    """A picture of 480 x 240 pixels of 1 cm."""
    values = np.random.default_rng(3).integers(0, 255, (3, 240, 480), dtype=np.uint8)
    return written(tmp_path / "drone.tif", values, from_origin(500000, 4100000, 0.01, 0.01), "EPSG:32633")


def written(path: Path, values: np.ndarray, transform: rasterio.Affine, crs: str) -> str:
    profile = {"driver": "GTiff", "count": 3, "height": values.shape[1], "width": values.shape[2], "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, transform=transform, crs=crs, photometric="RGB") as file:
        file.write(values)
    return str(path)


def test_a_prompt_is_answered_at_the_finest_trained_pixels_with_a_note(drone, run_task, tmp_path):
    result = run_task(highlight, HighlightParams(Source(drone), ("water",), str(tmp_path / "scores.tif")))
    with rasterio.open(tmp_path / "scores.tif") as scores:
        assert scores.res == pytest.approx((FINEST_M, FINEST_M))
        assert (scores.width, scores.height) == (80, 40)
    (note,) = [line for line in result["warnings"] if "finer" in line]
    assert "1 cm" in note
    assert "6 cm" in note


def test_a_map_of_classes_is_made_at_them_too(drone, run_task, tmp_path):
    params = ClassifyParams(Source(drone), str(tmp_path / "map.tif"), classes="water; land")
    result = run_task(classify, params)
    assert (result["width"], result["height"]) == (80, 40)


def test_a_pixel_size_that_is_asked_for_is_kept(drone, run_task, tmp_path):
    params = HighlightParams(Source(drone), ("water",), str(tmp_path / "scores.tif"), resolution=0.01)
    result = run_task(highlight, params)
    assert (result["width"], result["height"]) == (480, 240)
    assert not [line for line in result["warnings"] if "finer" in line]


def test_degrees_are_measured_on_the_ground(run_task, tmp_path):
    values = np.zeros((3, 240, 240), np.uint8)
    degrees = 0.01 / 111_320
    path = written(tmp_path / "degrees.tif", values, from_origin(10.0, 0.0, degrees, degrees), "EPSG:4326")
    result = run_task(highlight, HighlightParams(Source(path), ("water",), str(tmp_path / "scores.tif")))
    assert result["width"] == pytest.approx(40, abs=1)


def test_pixels_that_the_model_knows_stay_as_they_are(run_task, tmp_path):
    values = np.zeros((3, 40, 60), np.uint8)
    path = written(tmp_path / "tens.tif", values, from_origin(500000, 4100000, 0.1, 0.1), "EPSG:32633")
    result = run_task(highlight, HighlightParams(Source(path), ("water",), str(tmp_path / "scores.tif")))
    assert (result["width"], result["height"]) == (60, 40)


def test_the_report_on_a_raster_names_the_pixel_sizes_that_were_trained(drone):
    report = describe.run(DescribeParams(Source(drone)), Context())
    assert not report["trained"]
    assert "6 cm to 45 m" in report["coverage_reason"]
