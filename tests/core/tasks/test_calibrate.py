"""Thresholds are the best ones, and only where places that had no part in choosing them agree."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
import shapely
from painted import write_scene
from vector_files import write_vector

from core.errors import InputError
from core.metrics.f1 import f1_score
from core.protocol import CalibrateParams
from core.tasks import calibrate
from core.tasks.calibrate import best_threshold, choose_threshold


def test_the_best_threshold_of_a_worked_example():
    """Above 0.3 all three are found with one wrong: F1 = 6/7; above 0.6 two of three: 4/5; the rest is worse."""
    scores = np.array([0.9, 0.6, 0.4, 0.3, 0.2, 0.1])
    truth = np.array([True, True, False, True, False, False])
    assert best_threshold(scores, truth) == pytest.approx(0.25)
    assert f1_score(scores >= 0.25, truth) == pytest.approx(6 / 7)
    assert f1_score(scores >= 0.5, truth) == pytest.approx(4 / 5)


def test_scores_of_one_value_are_never_split():
    scores = np.array([0.8, 0.5, 0.5, 0.5])
    truth = np.array([True, True, False, False])
    assert best_threshold(scores, truth) == pytest.approx(0.65)
    assert best_threshold(scores, np.zeros(4, bool)) == 0.5
    assert best_threshold(scores, np.ones(4, bool)) == pytest.approx(0.25)


def places_of(scores, truth, pixels=5):
    return np.repeat(scores, pixels), np.repeat(truth, pixels), np.repeat(np.arange(len(scores)), pixels)


def test_a_band_that_scores_low_throughout_gets_a_low_threshold():
    truth = np.arange(20) % 2 == 0
    found = choose_threshold(*places_of(np.where(truth, 0.3, 0.1), truth))
    assert found.value == pytest.approx(0.2)
    assert found.f1_usual == 0
    assert found.f1_held_out == 1
    assert found.places == 10


def test_noise_changes_nothing():
    generator = np.random.default_rng(3)
    kept = 0
    for _ in range(20):
        scores = generator.uniform(0.3, 0.7, 12)
        truth = np.r_[np.ones(6, bool), np.zeros(6, bool)]
        scores[:6] += 0.25
        found = choose_threshold(*places_of(scores, truth))
        kept += found.value == 0.5
        assert found.value == 0.5 or found.f1_held_out > found.f1_usual
    assert kept >= 5


def test_too_few_places_to_hold_any_out_leave_the_usual_threshold():
    found = choose_threshold(*places_of(np.array([0.3, 0.1, 0.1]), np.array([True, False, False])))
    assert found.value == 0.5
    assert np.isnan(found.f1_held_out)


@pytest.fixture
def scores(tmp_path):
    """Two bands that are right but too low (water, left) and too high (woods, right)."""
    values = np.zeros((2, 60, 80), np.float32)
    values[0] = 0.1
    values[0, :, :40] = 0.35
    values[1] = 0.75
    values[1, :, 40:] = 0.95
    path = write_scene(tmp_path / "scores.tif", values, nodata=None)
    with rasterio.open(path, "r+") as file:
        file.descriptions = ("water", "woods | forest")
    return path


def write_places(path, classes, crs="EPSG:32632"):
    """Squares of 50 m, six at the left and six at the right."""
    corners = [(600000 + 60 * n, 4999700 - 30 * n) for n in range(6)]
    corners += [(600450 + 50 * n, 4999700 - 30 * n) for n in range(6)]
    squares = [shapely.box(x, y, x + 40, y + 40) for x, y in corners]
    return str(write_vector(path, squares, classes, crs=crs, kind="Polygon"))


def test_thresholds_of_a_score_raster_and_the_map_they_make(scores, run_task, tmp_path):
    places = write_places(tmp_path / "places.gpkg", ["Water"] * 6 + ["forest"] * 6)
    output, class_map = tmp_path / "thresholds.json", tmp_path / "map.tif"
    result = run_task(calibrate, CalibrateParams(str(scores), places, output=str(output), map=str(class_map)))
    water, woods = result["thresholds"]
    assert (water["threshold"], woods["threshold"]) == pytest.approx((0.225, 0.85))
    assert (water["f1_at_half"], woods["f1_at_half"]) == pytest.approx((0, 2 / 3), abs=1e-4)
    assert (water["f1_held_out"], woods["f1_held_out"]) == (1, 1)
    assert json.loads(output.read_text(encoding="utf-8"))["thresholds"] == result["thresholds"]
    with rasterio.open(class_map) as file:
        assert (file.read(1) == np.where(np.arange(80) < 40, 1, 2)).all()
        assert file.tags()["CLASS_3"] == "none of these"


def test_one_band_may_be_calibrated_by_yes_and_no(scores, run_task, tmp_path):
    with rasterio.open(scores) as file:
        single = write_scene(tmp_path / "single.tif", file.read([1]), nodata=None)
    places = write_places(tmp_path / "places.gpkg", ["yes"] * 6 + ["no"] * 6)
    result = run_task(calibrate, CalibrateParams(str(single), places))
    assert result["thresholds"][0]["threshold"] == pytest.approx(0.225)


def test_labels_of_other_classes_or_elsewhere_are_refused(scores, run_task, tmp_path):
    strangers = write_places(tmp_path / "strangers.gpkg", ["rock"] * 12)
    with pytest.raises(InputError, match=r"None of the labelled classes \(rock\) has scores"):
        run_task(calibrate, CalibrateParams(str(scores), strangers))
    elsewhere = write_places(tmp_path / "elsewhere.gpkg", ["water"] * 12, crs="EPSG:32610")
    with pytest.raises(InputError, match="No labelled place lies on the scores"):
        run_task(calibrate, CalibrateParams(str(scores), elsewhere))
    with pytest.raises(InputError, match="is no vector file"):
        run_task(calibrate, CalibrateParams(str(scores), str(scores)))
