"""Two rasters of one place share what they share, in whatever reference systems they are."""

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from core.raster.grid import GridSpec
from core.raster.overlap import common_window, covering_windows
from core.raster.pixel_window import PixelWindow

WGS84 = CRS.from_epsg(4326).to_wkt()
WORLD = GridSpec(WGS84, Affine(0.1, 0, -180, 0, -0.1, 90), 3600, 1800)
PACIFIC = GridSpec(WGS84, Affine(0.1, 0, 0, 0, -0.1, 90), 3600, 1800)


def utm(code, size, x, y, width, height):
    return GridSpec(CRS.from_epsg(code).to_wkt(), Affine(size, 0, x, 0, -size, y), width, height)


@pytest.mark.parametrize("world", [WORLD, PACIFIC])
@pytest.mark.parametrize(
    "scene",
    [
        utm(32633, 11000, -900000, 6000000, 256, 256),
        utm(32633, 3000, 250000, 5200000, 64, 64),  # west of the central meridian
        utm(32701, 100, 150000, 7800000, 400, 300),  # across the 180th meridian, in the south
        utm(3413, 5000, -500000, 500000, 200, 200),  # over the pole
        GridSpec(WGS84, Affine(0.001, 0, 179.9, 0, -0.001, -17), 200, 100),  # to 180.1 degrees
    ],
)
def test_a_world_raster_covers_every_scene_whole(scene, world):
    assert common_window(scene, world) == scene.window


def test_a_scene_far_away_shares_nothing():
    germany = GridSpec(WGS84, Affine(0.001, 0, 10, 0, -0.001, 50), 1000, 1000)
    assert common_window(utm(32733, 10, 500000, 8000000, 100, 100), germany) is None
    assert common_window(germany, utm(32733, 10, 500000, 8000000, 100, 100)) is None


def test_a_small_scene_is_found_in_a_world_raster():
    scene = utm(32633, 10, 500000, 5000000, 100, 100)  # 15 degrees east, 45.15 north
    window = common_window(WORLD, scene)
    assert window is not None
    assert window.contains(PixelWindow(1950, 448, 1, 1))
    assert window.width <= 2
    assert window.height <= 2


def test_the_part_that_both_cover_is_found_to_within_a_small_share():
    left = utm(32633, 10, 400000, 5000000, 1000, 1000)
    right = GridSpec(WGS84, Affine(0.0001, 0, 13.80, 0, -0.0001, 45.16), 4000, 2000)
    window = common_window(left, right)
    xs, ys = left.centres(np.arange(1000), np.full(1000, 500))
    from rasterio.warp import transform

    longitudes, _ = transform(CRS.from_epsg(32633), CRS.from_epsg(4326), xs, ys)
    first = int(np.argmax(np.asarray(longitudes) >= 13.80))
    assert 0 <= first - window.col <= 25
    assert window.col_stop == 1000


def test_ground_across_the_180th_meridian_is_read_in_two_parts():
    scene = utm(32701, 100, 150000, 7800000, 400, 300)
    windows = covering_windows(scene, WORLD)
    assert len(windows) == 2
    assert {window.col_stop for window in windows if window.col > 1800} == {3600}
    assert {window.col for window in windows if window.col < 1800} == {0}
    assert len(covering_windows(scene, PACIFIC)) == 1
