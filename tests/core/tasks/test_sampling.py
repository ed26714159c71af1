"""Sampling designs agree with the published example; the points drawn are fair, and accuracy understands them."""

from __future__ import annotations

import math

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from painted import write_scene

from core.errors import InputError, UsageError
from core.protocol import AccuracyParams, SampleParams
from core.raster.grid import GridSpec
from core.raster.writer import write_cog
from core.tasks import accuracy, sample
from core.tasks.sampling_design import allocate, expected_standard_error, sample_size

# Olofsson et al. (2014), section 5.1: deforestation, forest gain, stable forest, stable non-forest.
SHARES = (0.020, 0.015, 0.320, 0.645)
USERS = (0.70, 0.60, 0.90, 0.95)


def test_the_sample_size_of_the_published_example():
    assert sample_size(SHARES, USERS, 0.01) == 641


def test_the_sample_size_is_that_of_the_equation_also_for_a_small_population():
    # One class of accuracy one half: n = 0.25 / (0.05² + 0.25 / 400) = 80.
    assert sample_size([1.0], [0.5], 0.05) == 100
    assert sample_size([1.0], [0.5], 0.05, population=400) == 80


def test_the_allocation_of_the_published_example():
    """Table 4, third allocation: 75, 75, 165 and 325 of 640; the paper rounds the proportional part by hand."""
    plenty = [10**6] * 4
    given = allocate(641, SHARES, plenty, least=75)
    assert given.sum() == 641
    assert given[:2].tolist() == [75, 75]
    np.testing.assert_allclose(given[2:], [165, 325], atol=4)
    proportional = allocate(641, SHARES, plenty, least=0)
    np.testing.assert_allclose(proportional, [13, 10, 206, 413], atol=1)


def test_classes_of_few_pixels_and_small_budgets():
    assert allocate(100, [0.5, 0.5], [3, 10**6], least=10).tolist() == [3, 97]
    assert allocate(10, [0.5, 0.5], [100, 100], least=20).tolist() == [20, 20]


def test_the_error_promised_is_that_of_equation_five():
    by_hand = math.sqrt(0.25 * 0.09 / 49 + 0.25 * 0.25 / 99)
    assert expected_standard_error([0.5, 0.5], [0.9, 0.5], [50, 100]) == pytest.approx(by_hand)


@pytest.mark.parametrize("wrong", [{"standard_error": 0.0}, {"users": (1.2, 0.5)}, {"shares": ()}])
def test_impossible_sample_sizes_are_refused(wrong):
    options = {"shares": (0.5, 0.5), "users": (0.9, 0.9), "standard_error": 0.01} | wrong
    with pytest.raises(UsageError):
        sample_size(options["shares"], options["users"][: len(options["shares"])], options["standard_error"])


@pytest.fixture
def class_map(tmp_path):
    """600 rows of 1 water, a strip of 2 woods, 3 town in one corner; 0 without data on top."""
    codes = np.ones((1200, 300), np.uint8)
    codes[:, 100:160] = 2
    codes[1190:, 290:] = 3
    codes[:50] = 0
    grid = GridSpec("EPSG:32632", Affine(10.0, 0.0, 6e5, 0.0, -10.0, 5e6), 300, 1200)
    path = tmp_path / "map.tif"
    write_cog(
        path, grid, "uint8", 0, [(grid.window, codes[None])], ("class",),
        category_names={1: "water", 2: "woods", 3: "town"},
    )  # fmt: skip
    return path, codes


def read_points(path):
    meta, _, wkb, columns = pyogrio.raw.read(path)
    points = shapely.from_wkb(wkb)
    return dict(zip(meta["fields"], columns, strict=True)), shapely.get_x(points), shapely.get_y(points)


def test_points_lie_in_their_class_spread_over_it_and_are_labelled_by_nobody(class_map, run_task, tmp_path):
    path, codes = class_map
    output = tmp_path / "points.gpkg"
    result = run_task(sample, SampleParams(str(path), str(output), size=700, least=60, expected={"woods": 0.6}))
    fields, x, y = read_points(output)
    rows, columns = ((5e6 - y) // 10).astype(int), ((x - 6e5) // 10).astype(int)
    np.testing.assert_array_equal(codes[rows, columns], fields["map_code"])
    assert len(set(zip(rows, columns, strict=True))) == len(rows)
    assert {row["name"]: row["samples"] for row in result["classes"]}["town"] == 60
    assert result["samples"] == len(rows) == 700
    assert result["classes"][1]["expected_users"] == 0.6
    woods = fields["map_code"] == 2
    # Rows of a fair sample are uniform: within four standard errors of the middle, and as wide as they should be.
    assert abs(rows[woods].mean() - 625) < 4 * 332 / math.sqrt(woods.sum())
    assert rows[woods].std() == pytest.approx(332, rel=0.15)
    assert all(value is None for value in fields["class"])
    # The order is random too: the first half of the points holds about half of the woods.
    assert 0.35 < woods[: len(woods) // 2].sum() / woods.sum() < 0.65


def test_another_seed_draws_other_points_and_the_same_seed_the_same(class_map, run_task, tmp_path):
    drawn = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        output = tmp_path / f"{name}.gpkg"
        run_task(sample, SampleParams(str(class_map[0]), str(output), size=150, seed=seed))
        drawn.append(read_points(output)[1:])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_a_size_that_is_asked_for_is_kept_whatever_each_class_gets_otherwise(class_map, run_task, tmp_path):
    output = str(tmp_path / "points.gpkg")
    assert run_task(sample, SampleParams(str(class_map[0]), output, size=60))["samples"] == 60
    with pytest.raises(UsageError, match=r"too few for the 3 classes"):
        run_task(sample, SampleParams(str(class_map[0]), output, size=5))


def test_accuracy_takes_the_points_as_they_are_once_some_are_labelled(class_map, run_task, tmp_path):
    output, labelled = tmp_path / "points.gpkg", tmp_path / "labelled.gpkg"
    run_task(sample, SampleParams(str(class_map[0]), str(output), size=300))
    fields, x, y = read_points(output)
    seen = np.array([name if number % 3 else None for number, name in enumerate(fields["map_class"])], object)
    pyogrio.raw.write(
        labelled, shapely.to_wkb(shapely.points(x, y)), [fields["map_code"], seen], ["map_code", "class"],
        driver="GPKG", geometry_type="Point", crs="EPSG:32632",
    )  # fmt: skip
    result = run_task(accuracy, AccuracyParams(str(class_map[0]), str(labelled)))
    assert result["samples"] == 200
    assert result["overall"] == 1.0
    assert result["adjusted"]["overall"] == pytest.approx(1.0)


def test_unknown_classes_and_scores_are_refused(class_map, run_task, tmp_path):
    output = str(tmp_path / "points.gpkg")
    with pytest.raises(UsageError, match="no class 'desert'"):
        run_task(sample, SampleParams(str(class_map[0]), output, expected={"desert": 0.9}))
    scores = write_scene(tmp_path / "scores.tif", np.random.default_rng(0).random((1, 50, 60)).astype(np.float32))
    with pytest.raises(InputError, match="not a map of classes"):
        run_task(sample, SampleParams(str(scores), output))
