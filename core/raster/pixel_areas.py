"""Lengths and areas of pixels on the ground, exact on the ellipsoid where the projection distorts them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import transform as transform_coordinates

from core.errors import InputError
from core.raster.ellipsoid import degrees_per_unit, ellipsoid_of, metres_per_unit, parsed_crs
from core.raster.grid import GridSpec

_WGS84 = CRS.from_epsg(4326)  # its latitudes differ from other datums' by far less than matters for areas
_MEASURED_M = 10.0  # least side of what is measured on the ellipsoid
_AREA_DISTORTION = 0.01  # a projection that is off by more (Web Mercator) is measured on the ellipsoid instead


def pixel_size_m(grid: GridSpec) -> tuple[float, float] | None:
    """Return the lengths of a pixel's sides in metres at the grid's centre; None without a reference system."""
    if grid.crs_wkt is None:
        return None
    placed = grid.transform
    factor = metres_per_unit(grid.crs_wkt)
    if factor is not None:
        planar = abs(placed.determinant) * factor**2 / 1e4
        stretch = math.sqrt(pixel_area_hectares(grid, grid.height // 2) / planar)
        across, down = grid.pixel_size
        return across * factor * stretch, down * factor * stretch
    if not grid.is_geographic:
        return None
    unit = degrees_per_unit(grid.crs_wkt)
    _, latitude = grid.xy(grid.width / 2, grid.height / 2)
    if abs(latitude * unit) > 90.0:
        return None
    east, north = (length * unit for length in ellipsoid_of(grid.crs_wkt).metres_per_degree(latitude * unit))
    return math.hypot(placed.a * east, placed.d * north), math.hypot(placed.b * east, placed.e * north)


def pixel_area_hectares(grid: GridSpec, row: int) -> float:
    """Return the area of a pixel of a row in hectares.

    Exact on the ellipsoid for geographic grids; for projected ones in the plane, unless the projection distorts areas
    by more than one per cent (Web Mercator).

    Raises:
        InputError: the raster has no coordinate reference system.
    """
    return float(row_areas_hectares(grid)[row])


@cache
def row_areas_hectares(grid: GridSpec) -> NDArray[np.float64]:
    """Return the area in hectares of one pixel of each row, (height,); see pixel_area_hectares.

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
            unit = degrees_per_unit(grid.crs_wkt)
            latitudes = grid.transform.f + grid.transform.e * np.arange(grid.height + 1, dtype=np.float64)
            zone = ellipsoid_of(grid.crs_wkt).zone_m2_per_radian(latitudes * unit)
            return np.asarray(np.abs(np.diff(zone)) * math.radians(abs(grid.transform.a) * unit) / 1e4)
        return _ellipsoidal_areas(grid, rows)
    factor = metres_per_unit(grid.crs_wkt)
    if factor is None:
        raise InputError(
            "The raster's reference system is neither projected nor geographic, so areas are unknown.",
            hint="Reproject the raster.",
        )
    planar = abs(grid.transform.determinant) * factor**2 / 1e4
    centre = _ellipsoidal_areas(grid, np.array([(grid.height - 1) / 2]))[0]
    if math.isfinite(centre) and abs(centre / planar - 1.0) > _AREA_DISTORTION:
        measured = _ellipsoidal_areas(grid, rows)
        return np.where(np.isfinite(measured), measured, planar)
    return np.full(grid.height, planar)


def known_row_areas(grid: GridSpec) -> NDArray[np.float64] | None:
    """Return ``row_areas_hectares``, or None where the reference system does not say how large pixels are."""
    try:
        return row_areas_hectares(grid)
    except InputError:
        return None


def _ellipsoidal_areas(grid: GridSpec, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure the middle pixel of each row on the ellipsoid, in hectares.

    Tiny pixels are measured as a share of a square around them, where rounding does not show.
    """
    assert grid.crs_wkt is not None
    unit = degrees_per_unit(grid.crs_wkt)
    unit_m = metres_per_unit(grid.crs_wkt) or ellipsoid_of(grid.crs_wkt).metres_per_degree(0.0)[0] * unit
    half = max(0.5, _MEASURED_M / (2.0 * unit_m * min(grid.pixel_size)))
    col = grid.width / 2
    cols = col + half * np.array([-1.0, 1.0, 1.0, -1.0])[None, :] + np.zeros((len(rows), 1))
    lines = rows[:, None] + 0.5 + half * np.array([-1.0, -1.0, 1.0, 1.0])[None, :]
    x, y = grid.coordinates(cols, lines)
    if grid.is_geographic:
        x, y = x * unit, y * unit
    else:
        try:
            longitudes, latitudes = transform_coordinates(parsed_crs(grid.crs_wkt), _WGS84, x.ravel(), y.ravel())
        except Exception:  # outside of where the projection is defined; GDAL's errors share no public base
            return np.full(len(rows), np.nan)
        x, y = np.reshape(longitudes, x.shape), np.reshape(latitudes, y.shape)
    return ellipsoid_of(grid.crs_wkt).polygon_m2(x, y) / (2.0 * half) ** 2 / 1e4
