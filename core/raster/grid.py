"""Where pixels lie: the grid of a raster, and windows of it by extent.

Everything here is a pure function of frozen values. Windows are (column, row, width, height) in pixels from the upper
left; extents are (xmin, ymin, xmax, ymax) in the grid's coordinate reference system.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from core.errors import InputError
from core.raster.ellipsoid import parsed_crs
from core.raster.pixel_window import ColRow, PixelWindow

Extent = tuple[float, float, float, float]

_SNAP = 1e-6  # share of a pixel that is rounding, not intent


@dataclass(frozen=True)
class GridSpec:
    """The pixel grid of a raster.

    Attributes:
        crs_wkt: coordinate reference system; None where unknown.
        transform: from (column, row) to (x, y) of the reference system.
        width: columns.
        height: rows.
    """

    crs_wkt: str | None
    transform: Affine
    width: int
    height: int

    def __post_init__(self) -> None:
        """Check the transform's type.

        Raises:
            TypeError: the transform is not an ``affine.Affine``.
        """
        if not isinstance(self.transform, Affine):
            raise TypeError("The transform of a grid is an affine.Affine.")

    @property
    def window(self) -> PixelWindow:
        """All of it."""
        return PixelWindow(0, 0, self.width, self.height)

    @property
    def extent(self) -> Extent:
        """The envelope of all pixels, also of a rotated grid."""
        return extent_of_window(self, self.window)

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Lengths of a pixel's sides along columns and rows, in the reference system's units."""
        return math.hypot(self.transform.a, self.transform.d), math.hypot(self.transform.b, self.transform.e)

    @property
    def is_geographic(self) -> bool:
        """Whether coordinates are longitudes and latitudes, in degrees or another unit of angle."""
        return self.crs_wkt is not None and bool(parsed_crs(self.crs_wkt).is_geographic)

    @property
    def is_rotated(self) -> bool:
        """Whether columns do not run along x."""
        return self.transform.b != 0.0 or self.transform.d != 0.0

    def xy(self, col: float, row: float) -> tuple[float, float]:
        """Return the coordinates (x, y) of a place in pixels; whole numbers are upper left corners."""
        x, y = self.transform @ (col, row)
        return float(x), float(y)

    def pixel(self, x: float, y: float) -> ColRow:
        """Return the place in pixels of coordinates, with fractions.

        Raises:
            InputError: the grid has no area.
        """
        cols, rows = self.pixels(np.array([x]), np.array([y]))
        return ColRow(float(cols[0]), float(rows[0]))

    def pixels(
        self, xs: NDArray[np.float64], ys: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return columns and rows of coordinates (N,), with fractions.

        Raises:
            InputError: the grid has no area.
        """
        placed = self.transform
        if placed.determinant == 0.0 or not math.isfinite(placed.determinant):
            raise InputError(
                "The raster's georeference is broken: its pixels have no size.",
                hint="Assign a proper transform, for example with gdal_edit.",
            )
        # The origin is taken off first: products of large coordinates would lose digits.
        east, south = np.asarray(xs) - placed.c, np.asarray(ys) - placed.f
        determinant = placed.a * placed.e - placed.b * placed.d
        return (
            (placed.e * east - placed.b * south) / determinant,
            (placed.a * south - placed.d * east) / determinant,
        )

    def coordinates(
        self, cols: NDArray[np.floating], rows: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the coordinates (xs, ys) of places in pixels, in the shape of ``cols`` and ``rows``."""
        placed = self.transform
        return placed.a * cols + placed.b * rows + placed.c, placed.d * cols + placed.e * rows + placed.f

    def centres(
        self, cols: NDArray[np.integer], rows: NDArray[np.integer]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the coordinates (xs, ys) of the centres of pixels, in the shape of ``cols`` and ``rows``."""
        return self.coordinates(np.asarray(cols) + 0.5, np.asarray(rows) + 0.5)

    def subgrid(self, window: PixelWindow) -> GridSpec:
        """Return the grid of a window, pixels unchanged."""
        return self.shifted(window.col, window.row, window.width, window.height)

    def shifted(self, col: float, row: float, width: int, height: int) -> GridSpec:
        """Return a grid of pixels of the same size that begins at a place in pixels of this one."""
        x, y = self.xy(col, row)
        placed = self.transform
        return GridSpec(self.crs_wkt, Affine(placed.a, placed.b, x, placed.d, placed.e, y), width, height)

    def at_resolution(self, resolution: float) -> GridSpec:
        """Return a grid of the same extent whose pixels are as near as possible to ``resolution`` (the CRS's units).

        Raises:
            InputError: the resolution is not a positive number.
        """
        if not (math.isfinite(resolution) and resolution > 0):
            raise InputError(f"A resolution of {resolution} is not possible.", hint="Give a positive number.")
        across, down = self.pixel_size
        width = max(1, round(self.width * across / resolution))
        height = max(1, round(self.height * down / resolution))
        return self.resized(width, height)

    def resized(self, width: int, height: int) -> GridSpec:
        """Return a grid of the same extent with other numbers of columns and rows."""
        scale = Affine.scale(self.width / width, self.height / height)
        return GridSpec(self.crs_wkt, self.transform @ scale, width, height)


def extent_of_window(grid: GridSpec, window: PixelWindow) -> Extent:
    """Return the envelope of a window."""
    corners = [grid.xy(col, row) for col in (window.col, window.col_stop) for row in (window.row, window.row_stop)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def window_of_extent(grid: GridSpec, extent: Extent | None) -> PixelWindow:
    """Return the smallest window of whole pixels that covers an extent, cut to the raster; all of it for None.

    Raises:
        InputError: the extent is not four numbers in order, or lies outside the raster.
    """
    if extent is None:
        return grid.window
    if len(extent) != 4 or not all(math.isfinite(value) for value in extent):
        raise InputError("The extent must be four numbers.", hint="Give xmin, ymin, xmax, ymax.")
    xmin, ymin, xmax, ymax = extent
    if xmin >= xmax or ymin >= ymax:
        raise InputError("The extent is empty or its corners are swapped.", hint="Give xmin, ymin, xmax, ymax.")
    corners = [grid.pixel(x, y) for x in (xmin, xmax) for y in (ymin, ymax)]
    col, row = (math.floor(min(corner[axis] for corner in corners) + _SNAP) for axis in (0, 1))
    col_stop, row_stop = (math.ceil(max(corner[axis] for corner in corners) - _SNAP) for axis in (0, 1))
    window = PixelWindow(col, row, max(1, col_stop - col), max(1, row_stop - row)).intersection(grid.window)
    if window.is_empty:
        covered = ", ".join(f"{value:.10g}" for value in grid.extent)
        raise InputError(
            "The extent lies outside the raster.",
            hint=f"The raster covers {covered}; the extent must be in its reference system.",
        )
    return window
