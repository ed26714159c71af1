import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.raster.blend import taper
from core.raster.pixel_window import PixelWindow
from core.raster.tile_grid import TileGrid

tilings = st.builds(
    lambda width, height, tile, overlap: TileGrid(width, height, tile, min(overlap, tile - 1)),
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(2, 30),
    st.integers(0, 29),
)


def cut(image, window):
    """The part of an image (C, H, W) in a window; outside it repeats the edge."""
    rows = np.clip(np.arange(window.row, window.row_stop), 0, image.shape[1] - 1)
    cols = np.clip(np.arange(window.col, window.col_stop), 0, image.shape[2] - 1)
    return image[:, rows[:, None], cols[None, :]]


def joined(tiles, region, results):
    """Add up weighted tiles over a region and divide by the weights, as every user of the weights does."""
    sums, weights = 0.0, np.zeros((region.height, region.width))
    for window, values in results:
        part = window.intersection(region)
        rows, cols = part.slices_in(window)
        weight = taper(tiles.tile, tiles.overlap)[rows, cols]
        added = np.zeros((values.shape[0], region.height, region.width))
        added[(slice(None), *part.slices_in(region))] = values[:, rows, cols] * weight
        sums = sums + added
        weights[part.slices_in(region)] += weight
    assert (weights > 0).all()
    return sums / weights


@given(st.integers(1, 64), st.integers(0, 63))
def test_weights_are_never_zero(tile, overlap):
    weights = taper(tile, min(overlap, tile - 1))
    assert weights.shape == (tile, tile)
    assert weights.min() > 0
    assert weights.max() <= 1


@given(st.integers(2, 64), st.data())
def test_neighbours_with_the_overlap_add_up_to_one(tile, data):
    overlap = data.draw(st.integers(0, tile // 2))
    line = np.sqrt(np.diag(taper(tile, overlap)))
    if overlap:
        np.testing.assert_allclose(line[-overlap:] + line[:overlap], 1.0, atol=1e-5)


@given(tilings, st.data())
def test_tiles_that_agree_come_back_unchanged_up_to_the_edge(tiles, data):
    image = np.random.default_rng(0).normal(size=(2, tiles.height, tiles.width)).astype(np.float32)
    col, row = data.draw(st.integers(0, tiles.width - 1)), data.draw(st.integers(0, tiles.height - 1))
    region = PixelWindow(
        col, row, data.draw(st.integers(1, tiles.width - col)), data.draw(st.integers(1, tiles.height - row))
    )
    values = joined(tiles, region, ((w, cut(image, w)) for w in tiles.windows(region)))
    np.testing.assert_allclose(values, cut(image, region), atol=1e-5)


@given(tilings, st.data())
def test_a_part_is_what_the_whole_has_there(tiles, data):
    """Tiles that disagree, as a model's do: the answer for a pixel must not depend on the extent asked for."""

    def result(window):
        return np.random.default_rng(abs(hash(window))).normal(size=(2, tiles.tile, tiles.tile)).astype(np.float32)

    whole_region = PixelWindow(0, 0, tiles.width, tiles.height)
    whole = joined(tiles, whole_region, ((w, result(w)) for w in tiles.windows()))
    col, row = data.draw(st.integers(0, tiles.width - 1)), data.draw(st.integers(0, tiles.height - 1))
    region = PixelWindow(
        col, row, data.draw(st.integers(1, tiles.width - col)), data.draw(st.integers(1, tiles.height - row))
    )
    part = joined(tiles, region, ((w, result(w)) for w in tiles.windows(region)))
    rows, cols = region.slices_in(whole_region)
    np.testing.assert_allclose(part, whole[:, rows, cols], atol=1e-5)


def test_there_is_no_jump_where_a_tile_begins():
    tiles = TileGrid(200, 40, 64, 32)
    region = PixelWindow(0, 0, 200, 40)
    flat = ((w, np.full((1, 64, 64), float(w.col), np.float32)) for w in tiles.windows(region))
    values = joined(tiles, region, flat)
    steps = np.abs(np.diff(values[0], axis=1))
    assert steps.max() < 32 * 2.0 / 32, "a difference of 32 is spread over the overlap"


@pytest.mark.parametrize("overlap", [0, 1, 15])
def test_weights_cannot_be_changed_by_accident(overlap):
    with pytest.raises(ValueError, match="read-only"):
        taper(16, overlap)[0, 0] = 0
