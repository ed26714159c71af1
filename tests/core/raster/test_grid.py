import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from core.errors import InputError
from core.raster.grid import GridSpec, extent_of_window, window_of_extent
from core.raster.pixel_areas import pixel_area_hectares, pixel_size_m, row_areas_hectares
from core.raster.pixel_window import PixelWindow
from core.raster.tile_grid import TileGrid

WGS84 = CRS.from_epsg(4326).to_wkt()
UTM33 = CRS.from_epsg(32633).to_wkt()
MERCATOR = CRS.from_epsg(3857).to_wkt()

grids = st.builds(
    lambda angle, size, x, y, width, height: GridSpec(
        UTM33,
        Affine(
            size * math.cos(angle),
            size * math.sin(angle),
            x,
            size * math.sin(angle),
            -size * math.cos(angle),
            y,
        ),
        width,
        height,
    ),
    st.sampled_from([0.0, 0.0, 0.3, -1.2]),
    st.floats(0.1, 100),
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
    st.integers(1, 3000),
    st.integers(1, 3000),
)


@given(grids, st.floats(-100, 3000), st.floats(-100, 3000))
def test_pixels_and_coordinates_are_each_other_s_inverse(grid, col, row):
    back = grid.pixel(*grid.xy(col, row))
    assert back == pytest.approx((col, row), abs=1e-4)


@given(grids, st.data())
def test_the_extent_of_a_window_gives_the_window_back(grid, data):
    col, row = data.draw(st.integers(0, grid.width - 1)), data.draw(st.integers(0, grid.height - 1))
    window = PixelWindow(
        col, row, data.draw(st.integers(1, grid.width - col)), data.draw(st.integers(1, grid.height - row))
    )
    found = window_of_extent(grid, extent_of_window(grid, window))
    assert found.contains(window)
    if not grid.is_rotated:
        assert found == window


@given(grids, st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 1))
def test_a_window_covers_its_extent_and_stays_inside(grid, across, down, size):
    xmin, ymin, xmax, ymax = grid.extent
    x, y = xmin + across * (xmax - xmin) * 0.999, ymin + down * (ymax - ymin) * 0.999
    extent = (x, y, x + size * (xmax - xmin), y + size * (ymax - ymin))
    try:
        window = window_of_extent(grid, extent)
    except InputError:
        assert grid.is_rotated, "only a rotated grid has corners of its envelope outside"
        return
    assert grid.window.contains(window)
    assert not window.is_empty


@pytest.mark.parametrize(
    "extent",
    [(1e7, 1e7, 1e7 + 1, 1e7 + 1), (0, 0, 0, 0), (2, 2, 1, 1), (math.nan, 0, 1, 1), (0, 0, math.inf, 1), (0, 1, 2)],
)
def test_an_extent_that_gives_no_pixels_is_refused_with_advice(extent):
    grid = GridSpec(UTM33, Affine(10, 0, 500000, 0, -10, 5000000), 100, 100)
    with pytest.raises(InputError) as caught:
        window_of_extent(grid, extent)
    assert caught.value.hint


def test_no_extent_means_the_whole_raster():
    grid = GridSpec(None, Affine(1, 0, 0, 0, -1, 0), 7, 5)
    assert window_of_extent(grid, None) == PixelWindow(0, 0, 7, 5)


@given(grids, st.floats(0.05, 5000))
def test_another_resolution_keeps_the_extent(grid, resolution):
    coarse = grid.at_resolution(resolution)
    assert coarse.extent == pytest.approx(grid.extent, rel=1e-9, abs=1e-6)
    if coarse.width > 1:
        assert coarse.pixel_size[0] == pytest.approx(resolution, rel=0.51)


@pytest.mark.parametrize("resolution", [0, -1, math.nan, math.inf])
def test_an_impossible_resolution_is_refused(resolution):
    with pytest.raises(InputError):
        GridSpec(None, Affine(1, 0, 0, 0, -1, 0), 7, 5).at_resolution(resolution)


def test_the_whole_earth_has_its_area():
    grid = GridSpec(WGS84, Affine(1.0, 0, -180, 0, -1.0, 90), 360, 180)
    assert row_areas_hectares(grid).sum() * 360 == pytest.approx(51006562172.4, rel=1e-10)


def test_projected_pixels_are_measured_in_the_plane():
    assert pixel_area_hectares(GridSpec(UTM33, Affine(10, 0, 500000, 0, -10, 5000000), 10, 10), 3) == 0.01


def test_feet_are_not_taken_for_metres():
    feet = CRS.from_epsg(2263).to_wkt()
    grid = GridSpec(feet, Affine(10, 0, 980000, 0, -10, 200000), 10, 10)
    assert pixel_area_hectares(grid, 0) == pytest.approx(0.01 * 0.3048006096**2, rel=1e-6)


def test_web_mercator_pixels_are_measured_on_the_ground():
    geographic = GridSpec(WGS84, Affine(0.0001, 0, 13.0, 0, -0.0001, 45.0), 100, 100)
    grid = GridSpec(MERCATOR, Affine(10, 0, 1447153.4, 0, -10, 5621521.5), 100, 100)
    east, north = pixel_size_m(grid)
    assert east == pytest.approx(10 * math.cos(math.radians(45)), rel=0.01)
    assert pixel_area_hectares(grid, 0) == pytest.approx(east * north / 1e4, rel=0.001)
    size = pixel_size_m(geographic)
    assert pixel_area_hectares(geographic, 0) == pytest.approx(size[0] * size[1] / 1e4, rel=1e-4)


def test_a_rotated_geographic_pixel_has_the_area_of_a_straight_one():
    cosine, sine = math.cos(0.4), math.sin(0.4)
    straight = GridSpec(WGS84, Affine(0.001, 0, 13.0, 0, -0.001, 0.05), 100, 100)
    rotated = GridSpec(WGS84, Affine(0.001 * cosine, 0.001 * sine, 13, 0.001 * sine, -0.001 * cosine, 0.05), 100, 100)
    assert pixel_area_hectares(rotated, 50) == pytest.approx(pixel_area_hectares(straight, 50), rel=1e-4)


def test_without_a_reference_system_there_is_no_area():
    grid = GridSpec(None, Affine(1, 0, 0, 0, -1, 0), 7, 5)
    assert pixel_size_m(grid) is None
    with pytest.raises(InputError, match="no coordinate reference system"):
        row_areas_hectares(grid)


tilings = st.builds(
    lambda width, height, tile, overlap, align: TileGrid(
        width, height, tile * align, min(overlap, tile - 1) * align, align
    ),
    st.integers(1, 900),
    st.integers(1, 900),
    st.integers(2, 24),
    st.integers(0, 12),
    st.sampled_from([1, 4, 8]),
)


@given(tilings)
def test_tiles_cover_every_pixel_start_on_the_lattice_and_hardly_leave_the_raster(tiles):
    for starts, length in ((tiles.columns, tiles.width), (tiles.rows, tiles.height)):
        covered = np.zeros(length + tiles.tile + tiles.align, bool)
        for start in starts:
            assert start % tiles.align == 0
            covered[start : start + tiles.tile] = True
        assert covered[:length].all()
        assert list(starts) == sorted(set(starts))
        if length >= tiles.tile:
            assert starts[-1] + tiles.tile < length + tiles.align


@given(tilings, st.data())
def test_a_pixel_is_seen_by_the_same_tiles_whatever_the_extent(tiles, data):
    col, row = data.draw(st.integers(0, tiles.width - 1)), data.draw(st.integers(0, tiles.height - 1))
    region = PixelWindow(
        data.draw(st.integers(0, col)), data.draw(st.integers(0, row)), data.draw(st.integers(1, 300)), 1
    )
    region = PixelWindow(region.col, region.row, max(region.width, col - region.col + 1), row - region.row + 1)
    pixel = PixelWindow(col, row, 1, 1)
    everywhere = [window for window in tiles.windows() if window.contains(pixel)]
    here = [window for window in tiles.windows(region) if window.contains(pixel)]
    assert here == everywhere
    assert here


@pytest.mark.parametrize(("tile", "overlap", "align"), [(8, 8, 1), (0, 0, 1), (10, 2, 4), (8, 3, 4), (8, -1, 1)])
def test_tiles_that_cannot_be_are_refused(tile, overlap, align):
    with pytest.raises(ValueError, match=r"Tile|not possible"):
        TileGrid(100, 100, tile, overlap, align)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 60), st.integers(1, 60), st.integers(1, 20))
def test_blocks_partition_a_window(col, row, width, height, size):
    window = PixelWindow(col, row, width, height)
    seen = np.zeros((height, width), int)
    for block in window.blocks(size, size + 1):
        seen[block.slices_in(window)] += 1
    assert (seen == 1).all()


def test_geographic_systems_in_grads_are_measured_as_grads():
    paris = CRS.from_epsg(4807).to_wkt()  # NTF (Paris): 400 grads to a circle
    in_degrees = GridSpec(WGS84, Affine(0.0009, 0, 2.0, 0, -0.0009, 45.0), 100, 100)
    in_grads = GridSpec(paris, Affine(0.001, 0, 0.0, 0, -0.001, 50.0), 100, 100)
    assert pixel_size_m(in_grads) == pytest.approx(pixel_size_m(in_degrees), rel=1e-3)
    assert row_areas_hectares(in_grads) == pytest.approx(row_areas_hectares(in_degrees), rel=1e-3)
    tilted = GridSpec(paris, in_grads.transform @ Affine.rotation(30), 100, 100)
    assert row_areas_hectares(tilted) == pytest.approx(row_areas_hectares(in_grads)[50], rel=1e-3)


def test_a_transform_of_six_plain_numbers_is_refused():
    with pytest.raises(TypeError, match=r"affine\.Affine"):
        GridSpec(None, (1, 0, 0, 0, -1, 0), 7, 5)
