"""Areas as examples: the feature cells inside polygons."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from core.dense.features import DenseFeatures
from core.errors import InputError
from core.raster.pixel_window import PixelWindow
from core.tasks.scene import Scene

Place = tuple[float, float]
MOST_CELLS = 256
"""Largest number of cells of one area."""


def places_in(area: str, features: DenseFeatures, scene: Scene) -> list[Place]:
    """Places of the cells with data whose centres lie in an area, evenly chosen where they are many.

    Args:
        area: WKT of a polygon or several, in the raster's reference system.
        features: the feature grid.
        scene: the raster.

    Returns:
        Coordinates (x, y); one place on the area where it is smaller than a cell.

    Raises:
        InputError: the text is no polygon, or it covers no pixel with data.
    """
    try:
        shape = shapely.make_valid(shapely.from_wkt(area))
    except shapely.errors.GEOSException as error:
        raise InputError(f"An example is no polygon: {area[:60]}.", hint="Give WKT, as in POLYGON((…)).") from error
    if shape is None or shape.is_empty or shape.area == 0:
        raise InputError(f"An example is no polygon: {area[:60]}.", hint="Give WKT, as in POLYGON((…)).")
    cols, rows = _cells_around(shape, features, scene)
    stride = features.plan.stride
    grid = scene.raster.grid
    width, height = grid.width, grid.height
    places = [
        grid.xy(min((col + 0.5) * stride, width - 0.5), min((row + 0.5) * stride, height - 0.5))
        for row in rows.tolist()
        for col in cols.tolist()
    ]
    xs, ys = np.array([place[0] for place in places]), np.array([place[1] for place in places])
    inside = np.flatnonzero(shapely.contains_xy(shape, xs, ys)) if places else np.zeros(0, int)
    inside = inside[:: -(-len(inside) // MOST_CELLS) or 1]
    point = shape.representative_point()
    found = [(float(xs[index]), float(ys[index])) for index in inside] or [(point.x, point.y)]
    found = [place for place in found if has_data(place, features, scene)]
    if not found:
        raise InputError("An area that serves as an example has no data.", hint="Draw it where the raster has data.")
    return found


def has_data(place: Place, features: DenseFeatures, scene: Scene) -> bool:
    """Whether the cell at a place has data; false outside the raster."""
    col, row = scene.raster.grid.pixel(*place)
    if not (0 <= col < scene.raster.grid.width and 0 <= row < scene.raster.grid.height):
        return False
    stride, layout = features.plan.stride, features.layout
    cell = PixelWindow(int(col) // stride, int(row) // stride, 1, 1)
    (chunk,) = layout.chunks_in(cell)
    rows, columns = cell.slices_in(layout.window(chunk))
    return bool(features.chunk(chunk).valid[rows, columns].all())


def _cells_around(
    shape: shapely.Geometry, features: DenseFeatures, scene: Scene
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the columns and rows of the cells under the box around a shape, thinned out where they are many."""
    west, south, east, north = shape.bounds
    cols, rows = scene.raster.grid.pixels(np.array([west, east, west, east]), np.array([south, north, north, south]))
    stride, layout = features.plan.stride, features.layout
    spans = []
    for values, most in ((cols, layout.columns), (rows, layout.rows)):
        first, last = max(0, int(values.min() // stride)), min(most - 1, int(values.max() // stride))
        step = max(1, (last - first) // (4 * int(MOST_CELLS**0.5)))
        spans.append(np.arange(first, last + 1, step))
    return spans[0], spans[1]
