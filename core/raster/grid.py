"""Where pixels lie: grids, windows, extents, and the tiles that a raster is worked through in.

Everything here is a pure function of frozen values. Windows are (column, row, width, height) in pixels from the upper
left; extents are (xmin, ymin, xmax, ymax) in the grid's coordinate reference system; transforms are affine (a, b, c,
d, e, f) with x = a · column + b · row + c and y = d · column + e · row + f.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import transform as transform_coordinates

from core.errors import InputError
from core.raster.ellipsoid import ellipsoid_of, metres_per_unit, parsed_crs

Extent = tuple[float, float, float, float]
Affine6 = tuple[float, float, float, float, float, float]

_SNAP = 1e-6  # share of a pixel that is rounding, not intent
_WGS84 = CRS.from_epsg(4326)  # its latitudes differ from other datums' by far less than matters for areas
_MEASURED_M = 10.0  # least side of what is measured on the ellipsoid
_AREA_DISTORTION = 0.01  # a projection that is off by more (Web Mercator) is measured on the ellipsoid instead


@dataclass(frozen=True)
class PixelWindow:
    """A rectangle of pixels; may reach outside the raster.

    Attributes:
        col: first column.
        row: first row.
        width: columns.
        height: rows.
    """

    col: int
    row: int
    width: int
    height: int

    @property
    def col_stop(self) -> int:
        """The column after the last."""
        return self.col + self.width

    @property
    def row_stop(self) -> int:
        """The row after the last."""
        return self.row + self.height

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.width <= 0 or self.height <= 0

    def intersection(self, other: PixelWindow) -> PixelWindow:
        """Returns the common part; empty where there is none."""
        col, row = max(self.col, other.col), max(self.row, other.row)
        width = max(0, min(self.col_stop, other.col_stop) - col)
        height = max(0, min(self.row_stop, other.row_stop) - row)
        return PixelWindow(col, row, width, height)

    def contains(self, other: PixelWindow) -> bool:
        """Tell whether the other lies wholly inside."""
        return self.intersection(other) == other

    def buffered(self, pixels: int) -> PixelWindow:
        """Grow by some pixels on all four sides."""
        return PixelWindow(self.col - pixels, self.row - pixels, self.width + 2 * pixels, self.height + 2 * pixels)

    def slices_in(self, outer: PixelWindow) -> tuple[slice, slice]:
        """Returns its (rows, columns) slices within an array that covers ``outer``, which must contain it."""
        row, col = self.row - outer.row, self.col - outer.col
        return slice(row, row + self.height), slice(col, col + self.width)

    def blocks(self, width: int, height: int) -> Iterator[PixelWindow]:
        """Cut into blocks of at most width × height, row by row."""
        for row in range(self.row, self.row_stop, height):
            for col in range(self.col, self.col_stop, width):
                yield PixelWindow(col, row, min(width, self.col_stop - col), min(height, self.row_stop - row))


@dataclass(frozen=True)
class GridSpec:
    """The pixel grid of a raster.

    Attributes:
        crs_wkt: coordinate reference system; None where unknown.
        transform: affine (a, b, c, d, e, f) from pixels to the reference system.
        width: columns.
        height: rows.
    """

    crs_wkt: str | None
    transform: Affine6
    width: int
    height: int

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
        a, b, _, d, e, _ = self.transform
        return math.hypot(a, d), math.hypot(b, e)

    @property
    def is_geographic(self) -> bool:
        """Whether coordinates are degrees of longitude and latitude."""
        return self.crs_wkt is not None and bool(parsed_crs(self.crs_wkt).is_geographic)

    @property
    def is_rotated(self) -> bool:
        """Whether columns do not run along x."""
        return self.transform[1] != 0.0 or self.transform[3] != 0.0

    def xy(self, col: float, row: float) -> tuple[float, float]:
        """Returns the coordinates of a place in pixels; whole numbers are upper left corners."""
        a, b, c, d, e, f = self.transform
        return a * col + b * row + c, d * col + e * row + f

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Returns the (column, row) of coordinates, with fractions.

        Raises:
            InputError: the grid has no area.
        """
        a, b, c, d, e, f = self.transform
        determinant = a * e - b * d
        if determinant == 0.0 or not math.isfinite(determinant):
            raise InputError(
                "The raster's georeference is broken: its pixels have no size.",
                hint="Assign a proper transform, for example with gdal_edit.",
            )
        return (e * (x - c) - b * (y - f)) / determinant, (a * (y - f) - d * (x - c)) / determinant

    def subgrid(self, window: PixelWindow) -> GridSpec:
        """Returns the grid of a window, pixels unchanged."""
        a, b, _, d, e, _ = self.transform
        c, f = self.xy(window.col, window.row)
        return GridSpec(self.crs_wkt, (a, b, c, d, e, f), window.width, window.height)

    def at_resolution(self, resolution: float) -> GridSpec:
        """Returns a grid of the same extent whose pixels are as near as possible to ``resolution`` (the CRS's units).

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
        """Returns a grid of the same extent with other numbers of columns and rows."""
        a, b, c, d, e, f = self.transform
        x, y = self.width / width, self.height / height
        return GridSpec(self.crs_wkt, (a * x, b * y, c, d * x, e * y, f), width, height)


def extent_of_window(grid: GridSpec, window: PixelWindow) -> Extent:
    """Returns the envelope of a window."""
    corners = [grid.xy(col, row) for col in (window.col, window.col_stop) for row in (window.row, window.row_stop)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def window_of_extent(grid: GridSpec, extent: Extent | None) -> PixelWindow:
    """Returns the smallest window of whole pixels that covers an extent, cut to the raster; all of it for None.

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


def pixel_size_m(grid: GridSpec) -> tuple[float, float] | None:
    """Returns the lengths of a pixel's sides in metres at the grid's centre; None without a reference system."""
    if grid.crs_wkt is None:
        return None
    a, b, _, d, e, _ = grid.transform
    factor = metres_per_unit(grid.crs_wkt)
    if factor is not None:
        planar = abs(a * e - b * d) * factor**2 / 1e4
        stretch = math.sqrt(pixel_area_hectares(grid, grid.height // 2) / planar)
        return math.hypot(a, d) * factor * stretch, math.hypot(b, e) * factor * stretch
    if not grid.is_geographic:
        return None
    _, latitude = grid.xy(grid.width / 2, grid.height / 2)
    if abs(latitude) > 90.0:
        return None
    east, north = ellipsoid_of(grid.crs_wkt).metres_per_degree(latitude)
    return math.hypot(a * east, d * north), math.hypot(b * east, e * north)


def pixel_area_hectares(grid: GridSpec, row: int) -> float:
    """Returns the area of a pixel of a row in hectares.

    Exact on the ellipsoid for geographic grids; for projected ones in the plane, unless the projection distorts areas
    by more than one per cent (Web Mercator).

    Raises:
        InputError: the raster has no coordinate reference system.
    """
    return float(row_areas_hectares(grid)[row])


@cache
def row_areas_hectares(grid: GridSpec) -> NDArray[np.float64]:
    """Returns the area in hectares of one pixel of each row, (height,); see pixel_area_hectares.

    Raises:
        InputError: the raster has no coordinate reference system.
    """
    if grid.crs_wkt is None:
        raise InputError(
            "The raster has no coordinate reference system, so areas are unknown.", hint="Assign one to the raster."
        )
    rows = np.arange(grid.height, dtype=np.float64)
    if grid.is_geographic:
        if not grid.is_rotated:
            zone = ellipsoid_of(grid.crs_wkt).zone_m2_per_radian(
                grid.transform[5] + grid.transform[4] * np.arange(grid.height + 1, dtype=np.float64)
            )
            return np.asarray(np.abs(np.diff(zone)) * math.radians(abs(grid.transform[0])) / 1e4)
        return _ellipsoidal_areas(grid, rows)
    factor = metres_per_unit(grid.crs_wkt)
    if factor is None:
        raise InputError(
            "The raster's reference system is neither projected nor geographic, so areas are unknown.",
            hint="Reproject the raster.",
        )
    a, b, _, d, e, _ = grid.transform
    planar = abs(a * e - b * d) * factor**2 / 1e4
    centre = _ellipsoidal_areas(grid, np.array([(grid.height - 1) / 2]))[0]
    if math.isfinite(centre) and abs(centre / planar - 1.0) > _AREA_DISTORTION:
        measured = _ellipsoidal_areas(grid, rows)
        return np.where(np.isfinite(measured), measured, planar)
    return np.full(grid.height, planar)


def known_row_areas(grid: GridSpec) -> NDArray[np.float64] | None:
    """Returns ``row_areas_hectares``, or None where the reference system does not say how large pixels are."""
    try:
        return row_areas_hectares(grid)
    except InputError:
        return None


def _ellipsoidal_areas(grid: GridSpec, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure the middle pixel of each row on the ellipsoid, in hectares.

    Tiny pixels are measured as a share of a square around them, where rounding does not show.
    """
    assert grid.crs_wkt is not None
    unit_m = metres_per_unit(grid.crs_wkt) or ellipsoid_of(grid.crs_wkt).metres_per_degree(0.0)[0]
    half = max(0.5, _MEASURED_M / (2.0 * unit_m * min(grid.pixel_size)))
    col = grid.width / 2
    cols = col + half * np.array([-1.0, 1.0, 1.0, -1.0])[None, :] + np.zeros((len(rows), 1))
    lines = rows[:, None] + 0.5 + half * np.array([-1.0, -1.0, 1.0, 1.0])[None, :]
    a, b, c, d, e, f = grid.transform
    x, y = a * cols + b * lines + c, d * cols + e * lines + f
    if not grid.is_geographic:
        try:
            longitudes, latitudes = transform_coordinates(parsed_crs(grid.crs_wkt), _WGS84, x.ravel(), y.ravel())
        except Exception:  # outside of where the projection is defined; GDAL's errors share no public base
            return np.full(len(rows), np.nan)
        x, y = np.reshape(longitudes, x.shape), np.reshape(latitudes, y.shape)
    return ellipsoid_of(grid.crs_wkt).polygon_m2(x, y) / (2.0 * half) ** 2 / 1e4


@dataclass(frozen=True)
class TileGrid:
    """Overlapping square tiles that cover a raster and are fixed to its upper left corner, never to a view.

    Every pixel is covered by the same tiles whichever extent is asked for, so its answer does not depend on the
    extent. The last column and row of tiles are pulled back to end at the raster's edge (rounded up to ``align``), so
    that they see as much of the raster as the others.

    Attributes:
        width: columns of the raster.
        height: rows of the raster.
        tile: side of a tile in pixels, a multiple of ``align``.
        overlap: pixels that neighbours share at least, a multiple of ``align``, below ``tile``.
        align: tiles start at multiples of this (the model's patch or stride).
    """

    width: int
    height: int
    tile: int
    overlap: int
    align: int = 1

    def __post_init__(self) -> None:
        """Check the sizes.

        Raises:
            ValueError: sizes that do not fit together.
        """
        if min(self.width, self.height, self.tile, self.align) < 1 or not 0 <= self.overlap < self.tile:
            raise ValueError(f"Tiles of {self.tile} with an overlap of {self.overlap} are not possible.")
        if self.tile % self.align or self.overlap % self.align:
            raise ValueError(f"Tile {self.tile} and overlap {self.overlap} must be multiples of {self.align}.")

    @property
    def columns(self) -> tuple[int, ...]:
        """First columns of the tiles, from left to right."""
        return _starts(self.width, self.tile, self.tile - self.overlap, self.align)

    @property
    def rows(self) -> tuple[int, ...]:
        """First rows of the tiles, from top to bottom."""
        return _starts(self.height, self.tile, self.tile - self.overlap, self.align)

    def windows(self, region: PixelWindow | None = None) -> Iterator[PixelWindow]:
        """The tiles that share pixels with a region (default: all), row by row; some reach outside the raster."""
        region = region or PixelWindow(0, 0, self.width, self.height)
        columns = [col for col in self.columns if col < region.col_stop and col + self.tile > region.col]
        for row in self.rows:
            if row < region.row_stop and row + self.tile > region.row:
                for col in columns:
                    yield PixelWindow(col, row, self.tile, self.tile)

    def count(self, region: PixelWindow | None = None) -> int:
        """Count the tiles that share pixels with a region (default: all)."""
        return sum(1 for _ in self.windows(region))


@cache
def _starts(length: int, tile: int, step: int, align: int) -> tuple[int, ...]:
    """Place tiles along one axis."""
    last = max(0, math.ceil((length - tile) / align) * align)
    return (*range(0, last, step), last)
