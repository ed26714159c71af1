"""Accuracy: rows are the reference, figures as the textbooks have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from painted import write_scene
from rasterio.transform import from_origin
from rasterio.warp import calculate_default_transform, reproject
from vector_files import write_vector

from core.errors import InputError
from core.metrics.cluster_sample import SampleUnits, rate_variances
from core.metrics.confusion import ConfusionMatrix, adjusted_areas
from core.protocol import AccuracyParams
from core.raster.grid import GridSpec
from core.raster.pixel_window import PixelWindow
from core.raster.writer import write_cog
from core.tasks import accuracy
from core.tasks.accuracy_report import html_report

NAMES = {1: "water", 2: "woods", 3: "town"}


@pytest.fixture
def class_map(tmp_path: Path) -> Path:
    """1 water at the left, 2 woods in the middle, 3 town at the right, 0 without data at the bottom."""
    codes = np.repeat(np.array([1, 2, 3], np.uint8), [20, 30, 10])[None].repeat(50, 0)
    codes[45:] = 0
    path = tmp_path / "map.tif"
    grid = GridSpec("EPSG:32632", Affine(10.0, 0.0, 6e5, 0.0, -10.0, 5e6), 60, 50)
    blocks = [(PixelWindow(0, 0, 60, 50), codes[None])]
    return write_cog(path, grid, "uint8", 0, blocks, ("class",), category_names=NAMES)


def test_rows_are_the_reference(class_map, run_task, tmp_path):
    truth = np.full((1, 50, 60), 2, np.uint8)
    truth[:, :, :20] = 1
    reference = write_scene(tmp_path / "truth.tif", truth)
    result = run_task(accuracy, AccuracyParams(str(class_map), str(reference)))
    assert [row["name"] for row in result["classes"]] == ["water", "woods", "town"]
    assert result["matrix"] == [[900, 0, 0], [0, 1350, 450], [0, 0, 0]]
    assert result["samples"] == 45 * 60
    assert result["overall"] == pytest.approx(2250 / 2700)
    woods = result["classes"][1]
    assert woods["producers"] == pytest.approx(0.75)
    assert woods["users"] == 1.0
    assert woods["iou"] == pytest.approx(0.75)
    assert result["classes"][2]["producers"] is None
    assert result["classes"][2]["users"] == 0.0


def test_a_reference_in_another_reference_system_is_brought_onto_the_map(class_map, run_task, tmp_path):
    with rasterio.open(class_map) as file:
        codes = file.read()
        transform, width, height = calculate_default_transform(
            file.crs, "EPSG:4326", file.width, file.height, *file.bounds, resolution=2e-5
        )
        moved = np.zeros((1, height, width), np.uint8)
        reproject(
            codes, moved, src_transform=file.transform, src_crs=file.crs, dst_transform=transform, dst_crs="EPSG:4326"
        )
    reference = write_scene(tmp_path / "truth.tif", moved, crs="EPSG:4326", transform=transform)
    result = run_task(accuracy, AccuracyParams(str(class_map), str(reference)))
    assert result["overall"] > 0.99
    assert result["samples"] > 0.95 * 45 * 60


@pytest.mark.parametrize("values", [["Water", "town"], [1, 3], ["1", "3"]], ids=["names", "numbers", "texts"])
def test_a_vector_may_name_classes_or_their_codes(class_map, run_task, tmp_path, values):
    shapes = [shapely.box(6e5, 4999800, 600200, 5e6), shapely.box(600400, 4999900, 600600, 5e6)]
    path = write_vector(tmp_path / "labels.gpkg", shapes, values, kind="Polygon")
    result = run_task(accuracy, AccuracyParams(str(class_map), str(path)))
    assert result["samples"] == 20 * 20 + 20 * 10
    assert result["matrix"][0] == [400, 0, 0]
    assert result["matrix"][2] == [0, 100, 100]


def test_codes_of_a_reference_raster_are_compared_by_number_unless_they_are_named(class_map, run_task, tmp_path):
    truth = np.repeat(np.array([1, 3, 9], np.uint8), [20, 30, 10])[None, None].repeat(50, 1)
    reference = str(write_scene(tmp_path / "truth.tif", truth))
    report = tmp_path / "report.html"
    by_number = run_task(accuracy, AccuracyParams(str(class_map), reference, report=str(report)))
    assert by_number["overall"] == pytest.approx(900 / 2700)
    assert "9 (450)" in by_number["remarks"][0]
    assert "9 (450)" in report.read_text(encoding="utf-8")
    names = {"1": "water", "3": "Woods", "9": "town"}
    named = run_task(accuracy, AccuracyParams(str(class_map), reference, names=names))
    assert (named["overall"], named["samples"]) == (1.0, 2700)
    assert ["independent sample" in remark for remark in named["remarks"]] == [True]
    some = run_task(accuracy, AccuracyParams(str(class_map), reference, names={"3": "2"}))
    assert (some["overall"], some["samples"]) == (0.5, 2700)
    rest = run_task(accuracy, AccuracyParams(str(class_map), reference, names={"3": "2", "1": "", "9": ""}))
    assert (rest["overall"], rest["samples"]) == (1.0, 1350)
    with pytest.raises(InputError, match="9=lake"):
        run_task(accuracy, AccuracyParams(str(class_map), reference, names={"9": "lake"}))


def test_a_picture_of_labels_lies_on_the_map_of_its_picture(run_task, tmp_path):
    codes = np.repeat(np.array([1, 2], np.uint8), 10)[None].repeat(8, 0)
    grid = GridSpec(None, Affine(1.0, 0.0, 0.0, 0.0, -1.0, 0.0), 20, 8)
    blocks = [(PixelWindow(0, 0, 20, 8), codes[None])]
    made = write_cog(tmp_path / "map.tif", grid, "uint8", 0, blocks, ("class",), category_names=NAMES)
    labels = tmp_path / "labels.png"
    with rasterio.open(labels, "w", driver="PNG", width=20, height=8, count=1, dtype="uint8") as dataset:
        dataset.write(codes[None])
    result = run_task(accuracy, AccuracyParams(str(made), str(labels)))
    assert (result["samples"], result["overall"]) == (160, 1.0)


def test_points_count_their_own_pixel(class_map, run_task, tmp_path):
    points = [shapely.Point(600005, 4999995), shapely.Point(600305, 4999995), shapely.Point(600595, 4999995)]
    path = write_vector(tmp_path / "points.gpkg", points, ["water", "water", "town"], field="what", kind="Point")
    result = run_task(accuracy, AccuracyParams(str(class_map), str(path), field="what"))
    assert result["matrix"] == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    with pytest.raises(InputError, match="no field 'nonsense'"):
        run_task(accuracy, AccuracyParams(str(class_map), str(path), field="nonsense"))


def labelled_points(path, values, x=(600005, 600305, 600595), crs="EPSG:32632"):
    points = [None if column is None else shapely.Point(column, 4999995) for column in x]
    wkb = np.array([None if point is None else shapely.to_wkb(point) for point in points], object)
    pyogrio.raw.write(path, wkb, [np.array(values, object)], ["class"], driver="GPKG", geometry_type="Point", crs=crs)
    return str(path)


def test_classes_that_the_map_does_not_have_are_listed_and_count_as_errors(class_map, run_task, tmp_path):
    path = labelled_points(tmp_path / "p.gpkg", ["water", "pond", None, "town"], x=(600005, 600015, 600305, 600595))
    result = run_task(accuracy, AccuracyParams(str(class_map), path))
    assert result["samples"] == 3
    assert result["overall"] == pytest.approx(2 / 3)
    assert result["remarks"][0].startswith("1 of 4 features have no class or no geometry")
    assert "pond (1)" in result["remarks"][1]
    assert "--names" in result["remarks"][1]
    assert {"reference": "pond", "class": ""} in result["partners"]
    assert {"reference": "town", "class": "town"} in result["partners"]
    (row,) = [row for row in result["classes"] if row["code"] is None]
    assert (row["name"], row["samples"], row["producers"]) == ("pond", 1, 0.0)


def test_a_reference_that_names_nothing_as_the_map_does_is_all_wrong_and_says_so(class_map, run_task, tmp_path):
    path = labelled_points(tmp_path / "p.gpkg", ["Wasser", "Wald", "Stadt"])
    result = run_task(accuracy, AccuracyParams(str(class_map), path))
    assert result["overall"] == 0.0
    assert "Stadt (1), Wald (1), Wasser (1)" in result["remarks"][0]
    assert result["map_classes"] == ["water", "woods", "town"]


def test_a_vector_s_classes_may_be_said_to_mean_the_map_s(class_map, run_task, tmp_path):
    path = labelled_points(tmp_path / "p.gpkg", ["pond", "woods", "7"])
    result = run_task(accuracy, AccuracyParams(str(class_map), path, names={"pond": "water", "7": ""}))
    assert result["matrix"][0] == [1, 0, 0]
    assert (result["samples"], result["overall"]) == (2, 1.0)
    assert "7 (1)" in result["remarks"][0]
    with pytest.raises(InputError, match="has no class pand"):
        run_task(accuracy, AccuracyParams(str(class_map), path, names={"pand": "water"}))


def labelled_boxes(path, boxes, values):
    return str(write_vector(path, [shapely.box(*box) for box in boxes], values, kind="Polygon"))


def test_polygons_and_not_their_pixels_are_the_samples(class_map, run_task, tmp_path):
    """21 polygons of 16 pixels, all right: an interval of the width that 21 samples give, not of 336."""
    west = [6e5 + (0, 200, 500)[number % 3] for number in range(21)]
    north = [5e6 - 50 * (number // 3) for number in range(21)]
    boxes = [(x + 20, y - 50, x + 60, y - 10) for x, y in zip(west, north, strict=True)]
    values = [("water", "woods", "town")[number % 3] for number in range(21)]
    result = run_task(accuracy, AccuracyParams(str(class_map), labelled_boxes(tmp_path / "p.gpkg", boxes, values)))
    assert (result["unit"], result["units"], result["samples"]) == ("polygon", 21, 21 * 16)
    assert result["overall"] == 1.0
    assert result["adjusted"]["overall"] == pytest.approx(1.0)
    # Agresti and Coull with seven of seven in each of three strata that cover 20, 30 and 10 of 60 columns
    variance = (9 / 11) * (2 / 11) / 11
    expected = 1.96 * np.sqrt(variance * ((20 / 60) ** 2 + (30 / 60) ** 2 + (10 / 60) ** 2))
    assert result["adjusted"]["overall_half_width"] == pytest.approx(expected, rel=1e-3)
    assert "336 in 21 polygons" in html_report(AccuracyParams("map", "reference"), result)


def test_one_polygon_in_a_class_of_the_map_gives_no_interval(class_map, run_task, tmp_path):
    boxes = [(6e5, 4999800, 600200, 5e6), (600200, 4999900, 600600, 5e6)]
    path = labelled_boxes(tmp_path / "p.gpkg", boxes, ["water", "woods"])
    result = run_task(accuracy, AccuracyParams(str(class_map), path))
    assert result["adjusted"] is None
    assert "fewer than two polygons" in result["remarks"][-1]


def test_labels_without_geometries_are_called_so(class_map, run_task, tmp_path):
    path = labelled_points(tmp_path / "p.gpkg", ["water", "town"], x=(None, None))
    with pytest.raises(InputError, match="empty geometries"):
        run_task(accuracy, AccuracyParams(str(class_map), path))


def test_a_class_called_by_a_sign_that_looks_like_a_digit_is_a_word(class_map, run_task, tmp_path):
    path = labelled_points(tmp_path / "p.gpkg", ["water", "²", "town"])
    assert "² (1)" in run_task(accuracy, AccuracyParams(str(class_map), path))["remarks"][0]


def test_measured_values_are_no_reference(class_map, run_task, tmp_path):
    path = write_scene(tmp_path / "ndvi.tif", np.full((1, 50, 60), 1.4, np.float32), nodata=None)
    with pytest.raises(InputError, match="measured values"):
        run_task(accuracy, AccuracyParams(str(class_map), str(path)))


def test_a_reference_that_nothing_places_lies_on_the_map_pixel_by_pixel_or_not_at_all(class_map, run_task, tmp_path):
    truth = np.repeat(np.array([1, 2, 3], np.int64), 20)[None, None].repeat(50, 1)
    same = write_scene(tmp_path / "same.tif", truth, crs=None, transform=rasterio.Affine.identity())
    assert run_task(accuracy, AccuracyParams(str(class_map), str(same)))["samples"] == 45 * 60
    cut = write_scene(tmp_path / "cut.tif", truth[:, :30], crs=None, transform=rasterio.Affine.identity())
    with pytest.raises(InputError, match="nothing says where it lies"):
        run_task(accuracy, AccuracyParams(str(class_map), str(cut)))


def test_what_keeps_accuracy_from_being_weighted_by_area_is_reported(class_map, run_task, tmp_path):
    path = labelled_points(tmp_path / "p.gpkg", ["water", "woods", "town"])
    (remark,) = run_task(accuracy, AccuracyParams(str(class_map), path))["remarks"]
    assert "water, woods, town" in remark


def test_a_report_shows_the_figures(class_map, run_task, tmp_path):
    report = tmp_path / "report.html"
    run_task(accuracy, AccuracyParams(str(class_map), str(class_map), report=str(report)))
    page = report.read_text(encoding="utf-8")
    assert "100.0 %" in page
    assert "woods" in page
    assert "Rows: reference" in page
    # The matrix is drawn: right cells green, as strong as their share of the row; the rest without colour here.
    assert page.count("rgba(46, 160, 67, 0.750)") == 3
    assert page.count("rgba(207, 34, 46, 0.000)") == 6


def test_maps_that_share_nothing_and_scores_are_refused(class_map, run_task, tmp_path):
    far = write_scene(tmp_path / "far.tif", np.ones((1, 9, 9), np.uint8), transform=from_origin(0, 0, 10, 10))
    with pytest.raises(InputError, match="share no pixel"):
        run_task(accuracy, AccuracyParams(str(class_map), str(far)))
    scores = write_scene(tmp_path / "scores.tif", np.full((1, 50, 60), 0.3, np.float32), nodata=None)
    with pytest.raises(InputError, match="scores, not classes"):
        run_task(accuracy, AccuracyParams(str(scores), str(class_map)))


def test_figures_agree_with_a_worked_example():
    """Kappa by hand: agreement 0.7, chance 0.5 · 0.6 + 0.5 · 0.4."""
    matrix = ConfusionMatrix(np.array([[20, 5], [10, 15]]))
    assert matrix.overall == pytest.approx(0.7)
    assert matrix.kappa == pytest.approx(0.4)
    np.testing.assert_allclose(matrix.producers, [0.8, 0.6])
    np.testing.assert_allclose(matrix.users, [20 / 30, 15 / 20])
    np.testing.assert_allclose(matrix.f1, [40 / 55, 30 / 45])


def test_adjusted_areas_agree_with_the_published_example():
    """Table 8 of Olofsson et al. (2014): deforestation, gain, stable forest, stable non-forest."""
    by_map = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
    mapped = np.array([200_000, 150_000, 3_200_000, 6_450_000]) * 0.09
    adjusted = adjusted_areas(ConfusionMatrix(by_map.T), mapped)
    hectares = adjusted.shares * mapped.sum()
    half_widths = 1.96 * adjusted.standard_errors * mapped.sum()
    np.testing.assert_allclose(hectares[:1], [21_158], rtol=1e-3)
    np.testing.assert_allclose(half_widths[:1], [6_158], rtol=2e-3)
    assert adjusted.overall == pytest.approx(0.95, abs=0.005)
    assert 1.96 * adjusted.overall_standard_error == pytest.approx(0.02, abs=0.003)
    np.testing.assert_allclose(adjusted.producers, [0.75, 0.85, 0.93, 0.96], atol=0.006)


def units_of(triples):
    """Returns the sample of units given as (reference, map, samples) for each class that a unit holds."""
    rows = [(unit, *row) for unit, rows in enumerate(triples) for row in rows]
    return SampleUnits(*np.array(rows, np.int64).T)


def test_units_of_one_sample_vary_as_independent_samples_do():
    counts = np.array([[30, 4], [6, 20]])  # reference, map
    single = units_of([[(true, shown, 1)] for true in (0, 1) for shown in (0, 1) for _ in range(counts[true, shown])])
    alone = adjusted_areas(ConfusionMatrix(counts), np.array([5.0, 3.0]))
    grouped = adjusted_areas(ConfusionMatrix(counts), np.array([5.0, 3.0]), single)
    np.testing.assert_allclose(grouped.standard_errors, alone.standard_errors)
    assert grouped.overall_standard_error == pytest.approx(alone.overall_standard_error)


def test_the_variance_of_polygons_is_that_of_a_ratio():
    """Four polygons in one map class with 10, 20, 10 and 40 pixels, of which 10, 5, 0 and 40 are right."""
    sample = units_of([[(0, 0, 10)], [(0, 0, 5), (1, 0, 15)], [(1, 0, 10)], [(0, 0, 40)]])
    sizes, right = np.array([10, 20, 10, 40]), np.array([10, 5, 0, 40])
    rate = right.sum() / sizes.sum()
    by_hand = 4 / 3 * ((right - rate * sizes) ** 2).sum() / sizes.sum() ** 2
    counts = np.array([[55.0, 25.0], [0.0, 0.0]])  # map, reference
    assert rate_variances(counts, sample)[0, 0] == pytest.approx(by_hand)


@pytest.mark.parametrize("count", [5, 50])
def test_samples_that_all_agree_still_leave_doubt(count):
    matrix = ConfusionMatrix(np.array([[count]]))
    found = adjusted_areas(matrix, np.array([1.0]))
    centre = (count + 2) / (count + 4)
    assert found.overall_standard_error == pytest.approx(np.sqrt(centre * (1 - centre) / (count + 4)))


def test_a_class_with_too_few_samples_leaves_areas_unadjusted():
    assert adjusted_areas(ConfusionMatrix(np.array([[5, 0], [0, 1]])), np.array([10.0, 10.0])) is None
