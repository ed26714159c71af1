"""Common ground of two grids in any two reference systems, also across the 180th meridian and with world rasters.

The smaller of two extents is brought into the other's reference system, as a lattice of points: a projection may not be
defined over all of the larger one, and its envelope has no information on what lies within.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rasterio.warp import transform as transform_coordinates

from core.errors import InputError
from core.raster.ellipsoid import degrees_per_unit, parsed_crs
from core.raster.grid import GridSpec, window_of_extent
from core.raster.pixel_areas import pixel_size_m
from core.raster.pixel_window import PixelWindow

_POINTS = 65
"""Points a side of the lattice."""
_EDGE_POINTS = 9
_ROOM = 2
"""Pixels around what is read, for interpolation."""

Doubles = NDArray[np.float64]


def common_window(grid: GridSpec, other: GridSpec) -> PixelWindow | None:
    """Returns the smallest window of ``grid`` that holds all ground ``other`` covers, too; None where there is none."""
    same = None in (grid.crs_wkt, other.crs_wkt) or grid.crs_wkt == other.crs_wkt
    if same and not _goes_around(other):
        try:
            return window_of_extent(grid, other.extent)
        except InputError:
            return None
    if _ground(grid) <= _ground(other):
        window = _inside(grid, grid.window, other)
        return None if window is None else _inside(grid, window, other)
    cols, rows = _lattice(other.window)
    found, lines = _pixels_of(other, grid, cols, rows)
    known = np.isfinite(found) & np.isfinite(lines)
    return _bounding(found[known], lines[known], 0, grid)


def covering_windows(target: GridSpec, source: GridSpec) -> list[PixelWindow]:
    """Returns the windows of ``source`` under the whole of ``target``, with room for interpolation.

    There are two where the target lies across the edge of a raster that goes around the Earth, none where the source
    lies elsewhere.
    """
    steps = np.linspace(0, 1, _EDGE_POINTS)
    cols = np.concatenate([steps, steps, 0 * steps, 0 * steps + 1]) * target.width
    rows = np.concatenate([0 * steps, 0 * steps + 1, steps, steps]) * target.height
    cols, rows = _pixels_of(target, source, cols, rows)
    known = np.isfinite(cols) & np.isfinite(rows)
    cols, rows = cols[known], rows[known]
    if not len(cols):
        return []
    groups = [np.ones(len(cols), bool)]
    if _goes_around(source) and np.ptp(cols) > source.width / 2:
        groups = [cols >= source.width / 2, cols < source.width / 2]
    windows = (_bounding(cols[group], rows[group], _ROOM, source) for group in groups)
    if len(groups) == 2:  # each part reaches the edge of the world
        windows = (_to_the_edge(window, source) for window in windows)
    return [window for window in windows if window is not None]


def _ground(grid: GridSpec) -> float:
    """Returns the area that a grid covers in m², as far as its middle pixel tells; pixels where units are unknown."""
    sides = pixel_size_m(grid)
    across, down = sides if sides is not None else (1.0, 1.0)
    return grid.width * across * grid.height * down


def _lattice(window: PixelWindow) -> tuple[Doubles, Doubles]:
    cols = np.linspace(window.col, window.col_stop, _POINTS)
    rows = np.linspace(window.row, window.row_stop, _POINTS)
    across, down = np.meshgrid(cols, rows)
    return across.ravel(), down.ravel()


def _inside(grid: GridSpec, window: PixelWindow, other: GridSpec) -> PixelWindow | None:
    """Returns the part of a window that the other grid covers, to the next points of a lattice over the window."""
    cols, rows = _lattice(window)
    found, lines = _pixels_of(grid, other, cols, rows)
    tolerance = 1e-6
    with np.errstate(invalid="ignore"):
        covered = (found >= -tolerance) & (found <= other.width + tolerance)
        covered &= (lines >= -tolerance) & (lines <= other.height + tolerance)
    if not covered.any():
        return None
    step_col, step_row = window.width / (_POINTS - 1), window.height / (_POINTS - 1)
    reached = PixelWindow(
        int(np.floor(cols[covered].min() - step_col + tolerance)),
        int(np.floor(rows[covered].min() - step_row + tolerance)),
        0,
        0,
    )
    stop_col = int(np.ceil(cols[covered].max() + step_col - tolerance))
    stop_row = int(np.ceil(rows[covered].max() + step_row - tolerance))
    grown = PixelWindow(reached.col, reached.row, stop_col - reached.col, stop_row - reached.row)
    return grown.intersection(window)


def _pixels_of(one: GridSpec, other: GridSpec, cols: Doubles, rows: Doubles) -> tuple[Doubles, Doubles]:
    """Returns places in pixels of one grid as places in pixels of another; not finite where they have none there."""
    xs, ys = one.coordinates(cols, rows)
    if one.crs_wkt is not None and other.crs_wkt is not None and one.crs_wkt != other.crs_wkt:
        moved = transform_coordinates(parsed_crs(one.crs_wkt), parsed_crs(other.crs_wkt), xs, ys)
        xs, ys = np.asarray(moved[0], np.float64), np.asarray(moved[1], np.float64)
    if other.is_geographic and not other.is_rotated and other.crs_wkt is not None:
        circle = 360.0 / degrees_per_unit(other.crs_wkt)
        west, _, east, _ = other.extent
        with np.errstate(invalid="ignore"):
            xs = xs - circle * np.floor((xs - (west + east - circle) / 2) / circle)
    return other.pixels(xs, ys)


def _goes_around(grid: GridSpec) -> bool:
    """Whether a grid in degrees goes once around the Earth."""
    if not grid.is_geographic or grid.is_rotated or grid.crs_wkt is None:
        return False
    return abs(grid.width * grid.pixel_size[0] * degrees_per_unit(grid.crs_wkt) - 360.0) < 2 * grid.pixel_size[0]


def _bounding(cols: Doubles, rows: Doubles, room: int, grid: GridSpec) -> PixelWindow | None:
    """Returns the smallest window around places in pixels, cut to the grid; None where nothing is left."""
    if not len(cols):
        return None
    col, row = int(np.floor(cols.min() + 1e-6)), int(np.floor(rows.min() + 1e-6))
    col_stop, row_stop = int(np.ceil(cols.max() - 1e-6)), int(np.ceil(rows.max() - 1e-6))
    window = PixelWindow(col, row, max(1, col_stop - col), max(1, row_stop - row)).buffered(room)
    window = window.intersection(grid.window)
    return None if window.is_empty else window


def _to_the_edge(window: PixelWindow | None, grid: GridSpec) -> PixelWindow | None:
    """Returns a window stretched to the nearer of the grid's left and right edges."""
    if window is None:
        return None
    if window.col >= grid.width / 2:
        return PixelWindow(window.col, window.row, grid.width - window.col, window.height)
    return PixelWindow(0, window.row, window.col_stop, window.height)
