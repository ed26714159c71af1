"""Conversion of pixel coordinates of a raster to metres, square metres and map coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from core.errors import InputError
from core.raster.grid import GridSpec
from core.raster.pixel_areas import pixel_size_m, row_areas_hectares


def check_measurable(grid: GridSpec, min_area_m2: float, simplify_m: float) -> None:
    """Refuse a smallest area or a simplification by metres where nothing states how large a pixel is.

    Raises:
        InputError: the grid has no reference system, or one without metres or degrees.
    """
    if (min_area_m2 > 0 or simplify_m > 0) and pixel_size_m(grid) is None:
        raise InputError(
            "The raster has no coordinate reference system, so metres mean nothing.",
            hint="Assign one to the raster.",
        )


class Ground:
    """Converts geometries in pixel coordinates to metres and map coordinates, and measures areas.

    Args:
        grid: of the raster.

    Attributes:
        known: whether the grid has a reference system that states how large a pixel is.
        pixel_m: width and height of a pixel in metres; 1 where that is not known.
    """

    def __init__(self, grid: GridSpec) -> None:
        size = pixel_size_m(grid)
        self.grid = grid
        self.pixel_m = size or (1.0, 1.0)
        self._area_above = np.zeros(grid.height + 1)
        if size is not None:
            self._area_above[1:] = np.cumsum(row_areas_hectares(grid)) * 1e4
        self.known = size is not None

    def area_m2(self, polygon: shapely.Polygon) -> float:
        """Area of a polygon in pixel coordinates: exact for outlines of pixels, on geographic grids too."""
        rows = np.arange(self.grid.height + 1)
        return float(
            shapely.transform(
                polygon, lambda points: np.column_stack([points[:, 0], np.interp(points[:, 1], rows, self._area_above)])
            ).area
        )

    def in_metres(self, polygon: shapely.Polygon) -> shapely.Polygon:
        """Polygon in metres from the raster's corner."""
        return shapely.transform(polygon, lambda points: points * self.pixel_m)

    def in_pixels(self, polygon: shapely.Polygon) -> shapely.Polygon:
        """Polygon in pixels, of one in metres."""
        return shapely.transform(polygon, lambda points: points / self.pixel_m)

    def on_map(self, polygons: NDArray[Any]) -> NDArray[Any]:
        """Polygons (N,) in the raster's reference system."""
        grid = self.grid
        return np.asarray(
            shapely.transform(polygons, lambda points: np.column_stack(grid.coordinates(points[:, 0], points[:, 1])))
        )
