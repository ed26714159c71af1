"""Change between two dates: right where the ground changed, whatever grids the dates come on."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import rasterio
from painted import paint, painted_labels, write_scene
from rasterio.transform import Affine, from_origin
from rasterio.warp import calculate_default_transform, reproject

from core.errors import InputError, UsageError
from core.progress import CancelToken
from core.protocol import ChangeParams, Source
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.tasks import change
from core.tasks.scene_pair import open_pair
from core.tasks.transitions import decide

CLASSES = "5=lake #0000ff; 7=forest, woods #00ff00; 9=houses #aaaaaa"


def flooded_labels():
    """The painted place after a flood: a strip of woods became lake."""
    labels = painted_labels()
    labels[200:260, 40:280] = 0
    return labels


FLOODED = (painted_labels() == 1) & (flooded_labels() == 0)


@pytest.fixture
def dates(tmp_path):
    """Files of both dates on one grid."""
    before = write_scene(tmp_path / "before.tif", paint(painted_labels(), seed=3))
    after = write_scene(tmp_path / "after.tif", paint(flooded_labels(), seed=4))
    return Source(str(before)), Source(str(after))


def read(path):
    with rasterio.open(path) as file:
        return file.read()


def test_scores_rise_where_the_water_came(dates, run_task, tmp_path):
    output = str(tmp_path / "change.tif")
    result = run_task(change, ChangeParams(dates, output, ("water", "town")))
    values = read(output)
    assert values.shape == (6, 300, 420)
    np.testing.assert_allclose(values[0], values[2] - values[1], atol=2e-3)
    found = values[0] > 0.5
    assert (found & FLOODED).sum() / (found | FLOODED).sum() > 0.8
    assert np.abs(values[3]).mean() < 0.02
    water, town = result["prompts"]
    assert water["gained"]["hectares"] == pytest.approx(FLOODED.sum() / 100, rel=0.15)
    assert water["lost"]["pixels"] < 100
    assert town["gained"]["pixels"] + town["lost"]["pixels"] < 100
    assert result["registration"]["pixels"] < 0.3
    with rasterio.open(output) as file:
        assert file.descriptions[:3] == ("water: change", "water: before", "water: after")
        assert file.tags()["AFTER"] == "after.tif"


def test_classes_give_transitions_with_a_legend_and_areas(dates, run_task, tmp_path):
    output, areas = str(tmp_path / "change.tif"), str(tmp_path / "areas.csv")
    result = run_task(change, ChangeParams(dates, output, classes=CLASSES, areas=areas))
    transition, before, after = read(output)
    first = result["transitions"][0]
    assert (first["before"], first["after"], first["name"]) == ("forest", "lake", "forest → lake")
    assert first["hectares"] == pytest.approx(FLOODED.sum() / 100, rel=0.15)
    assert (((transition == first["code"]) == FLOODED).mean()) > 0.97
    codes = np.array([5, 7, 9])
    assert (before == codes[painted_labels()]).mean() > 0.96
    assert (after == codes[flooded_labels()]).mean() > 0.96
    assert sum(row["pixels"] for row in result["transitions"]) == transition.size
    with rasterio.open(output) as file:
        assert file.tags()[f"CLASS_{first['code']}"] == "forest → lake"
    with open(areas, newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(row["hectares"]) for row in rows) == pytest.approx(transition.size / 100)
    assert not list(tmp_path.glob(".*part*"))


def test_the_second_date_may_have_another_reference_system_and_resolution(dates, run_task, tmp_path):
    with rasterio.open(dates[1].path) as file:
        transform, width, height = calculate_default_transform(
            file.crs, "EPSG:4326", file.width, file.height, *file.bounds, resolution=(1.1e-4, 0.8e-4)
        )
        moved = np.zeros((3, height, width), np.uint8)
        for band in range(3):
            reproject(
                file.read(band + 1),
                moved[band],
                src_transform=file.transform,
                src_crs=file.crs,
                dst_transform=transform,
                dst_crs="EPSG:4326",
                resampling=rasterio.enums.Resampling.cubic,
            )
    elsewhere = write_scene(tmp_path / "elsewhere.tif", moved, crs="EPSG:4326", transform=transform)
    output = str(tmp_path / "change.tif")
    result = run_task(change, ChangeParams((dates[0], Source(str(elsewhere))), output, ("water",)))
    found = read(output)[0] > 0.5
    place = FLOODED[: found.shape[0], : found.shape[1]]
    assert (found & place).sum() / (found | place).sum() > 0.75
    assert result["registration"]["pixels"] < 0.5


def test_a_finer_second_date_is_read_at_the_resolution_of_the_first(dates, tmp_path):
    fine = np.kron(paint(flooded_labels()), np.ones((1, 3, 3), np.uint8))
    path = write_scene(tmp_path / "fine.tif", fine, transform=from_origin(600000, 5000000, 10 / 3, 10 / 3))
    with open_pair(dates[0], Source(str(path))) as pair:
        assert pair.after.raster.grid.pixel_size == pytest.approx((10, 10))
        assert pair.before.raster.grid.pixel_size == (10, 10)
    with open_pair(Source(str(path)), dates[0]) as pair:
        assert pair.before.raster.grid.pixel_size == pytest.approx((10, 10))


def test_a_shift_is_refused_and_can_be_undone(dates, run_task, tmp_path):
    with rasterio.open(dates[1].path) as file:
        values = file.read()
    # The same picture, said to lie 60 m further east and 40 m further south.
    shifted = write_scene(tmp_path / "shifted.tif", values, transform=from_origin(600060, 4999960, 10, 10))
    params = ChangeParams((dates[0], Source(str(shifted))), str(tmp_path / "change.tif"), ("water",))
    with pytest.raises(InputError, match=r"lies 7\.\d\d pixels \(7\d\.?\d? m\) off the first: [56]\.\d\d to the right"):
        run_task(change, params)
    assert not (tmp_path / "change.tif").exists()
    aligned = ChangeParams(params.sources, params.output, params.prompts, registration="align")
    result = run_task(change, aligned)
    assert result["registration"]["aligned"]
    found = read(params.output)[0] > 0.5
    place = FLOODED[4:, 6:]
    assert (found & place).sum() / (found | place).sum() > 0.75
    ignored = ChangeParams(params.sources, params.output, params.prompts, registration="ignore")
    assert "off the first" in run_task(change, ignored)["warnings"][0]


def test_whole_pixel_offsets_are_read_without_interpolation(dates, tmp_path):
    values = paint(painted_labels(), seed=3)
    cut = write_scene(tmp_path / "cut.tif", values[:, 40:, 30:], transform=from_origin(600300, 4999600, 10, 10))
    with open_pair(dates[0], Source(str(cut))) as pair:
        assert pair.before.window == PixelWindow(30, 40, 390, 260)
        block = PixelWindow(100, 90, 50, 60)
        found, valid = pair.after_on_before(block, lambda window: _as_float(pair.after.raster.read(window)))
    assert valid.all()
    np.testing.assert_array_equal(found, values[:, 90:150, 100:150])


def _as_float(read):
    return read[0].astype(np.float32), read[1]


def test_a_rotated_second_date_comes_to_lie_right(dates, tmp_path):
    angle = Affine.translation(601000, 4999500) * Affine.rotation(30) * Affine.scale(10, -10)
    x = np.tile(np.arange(300, dtype=np.float32), (1, 300, 1))
    path = write_scene(tmp_path / "rotated.tif", x, transform=angle * Affine.translation(-150, -150), nodata=None)
    with open_raster(path) as raster:
        grid = raster.grid
    with open_pair(dates[0], Source(str(path), wavelengths_um=(0.66,), bands=(1,))) as pair:
        block = PixelWindow(95, 45, 10, 10)
        found, valid = pair.after_on_before(block, lambda window: _as_float(pair.after.raster.read(window)))
        place = grid.pixel(*pair.before.raster.grid.xy(100.5, 50.5))
    assert valid.all()
    assert found[0, 5, 5] == pytest.approx(place[0] - 0.5, abs=0.06)


def test_undecided_classes_do_not_flicker():
    before = np.array([[[0.9, 0.52]], [[0.1, 0.48]]], np.float32)
    after = np.array([[[0.1, 0.45]], [[0.9, 0.55]]], np.float32)
    old, new = decide(before, after, 0.1)
    assert old.tolist() == [[0, 1]]
    assert new.tolist() == [[1, 1]]
    old, new = decide(before, after, 0.0)
    assert (old.tolist(), new.tolist()) == ([[0, 0]], [[1, 1]])


def test_what_cannot_be_compared_is_refused_in_one_line(dates, run_task, tmp_path):
    output = str(tmp_path / "change.tif")
    far = Source(str(write_scene(tmp_path / "far.tif", paint(painted_labels()), transform=from_origin(0, 0, 10, 10))))
    bare = Source(str(write_scene(tmp_path / "bare.tif", paint(painted_labels()), crs=None)))
    for sources, words in (
        ((dates[0], far), "do not overlap"),
        ((dates[0], dates[0]), "same file"),
        ((dates[0], bare), "second raster has no coordinate reference system"),
    ):
        with pytest.raises(InputError, match=words):
            run_task(change, ChangeParams(sources, output, ("water",)))
    for options in ({}, {"prompts": ("water",), "classes": "worldcover"}):
        with pytest.raises(UsageError, match="what is to be compared"):
            run_task(change, ChangeParams(dates, output, **options))


def test_a_cancelled_comparison_leaves_nothing(dates, run_task, tmp_path):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Exception, match="Cancelled"):
        run_task(change, ChangeParams(dates, str(tmp_path / "change.tif"), ("water",)), cancel=cancel)
    assert sorted(path.name for path in tmp_path.glob("*.tif")) == ["after.tif", "before.tif"]
