"""Generalisation of outlines for maps: small holes filled, staircases straightened, corners rounded.

Works in coordinates whose unit is the metre along both axes (pixels times their size), before they are placed on the
map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

_ROUNDS = 3  # of Chaikin's corner cutting


def without_small_holes(
    polygon: shapely.Polygon, least: float, area: Callable[[shapely.Polygon], float]
) -> shapely.Polygon:
    """Fill the holes whose area is below ``least``, measured by ``area``."""
    if not polygon.interiors or least <= 0:
        return polygon
    kept = [ring for ring in polygon.interiors if area(shapely.Polygon(ring)) >= least]
    return polygon if len(kept) == len(polygon.interiors) else shapely.Polygon(polygon.exterior, kept)


def simplified(polygon: shapely.Polygon, tolerance: float, smooth: bool) -> list[shapely.Polygon]:
    """Straighten one outline by up to ``tolerance`` (Douglas and Peucker) and round its corners where wanted.

    Returns:
        The valid polygons it becomes; one, as a rule.
    """
    result = shapely.simplify(polygon, tolerance, preserve_topology=True) if tolerance > 0 else polygon
    if smooth:
        result = _rebuilt(result, lambda ring: _cut_corners(ring, np.zeros(len(ring), bool)))
    return polygons_of(result if result.is_valid else shapely.make_valid(result))


def simplified_coverage(
    polygons: Sequence[shapely.Polygon], tolerance: float, smooth: bool
) -> list[list[shapely.Polygon]]:
    """Straighten outlines that share borders, so that neighbours still share them afterwards.

    Args:
        polygons: not overlapping, with corners in pixels' corners.
        tolerance: largest width of what is cut off (Visvalingam and Whyatt).
        smooth: round the corners where only two polygons meet.

    Returns:
        For each polygon the valid polygons it becomes.
    """
    result = np.asarray(shapely.coverage_simplify(np.asarray(polygons, object), tolerance), object)
    if smooth:
        fixed = _junctions(result)
        result = np.array(
            [_rebuilt(item, lambda ring: _cut_corners(ring, _is_in(ring, fixed))) for item in result], object
        )
    return [polygons_of(item if item.is_valid else shapely.make_valid(item)) for item in result]


def polygons_of(geometry: Any) -> list[shapely.Polygon]:  # noqa: ANN401 - any shapely geometry
    """Returns the polygons with an area in a geometry of any type."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [part for part in parts if isinstance(part, shapely.Polygon) and part.area > 0]


def _rebuilt(geometry: Any, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Any:  # noqa: ANN401
    """Change every ring (N, 2), first point not repeated at the end."""
    made = []
    for part in polygons_of(geometry):
        rings = [change(shapely.get_coordinates(ring)[:-1]) for ring in (part.exterior, *part.interiors)]
        made.append(shapely.Polygon(rings[0], rings[1:]))
    return made[0] if len(made) == 1 else shapely.MultiPolygon(made)


def _cut_corners(ring: NDArray[np.float64], fixed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Cut corners by Chaikin's rule, keeping fixed points; a chain comes out the same from either side."""
    for _ in range(_ROUNDS):
        after = np.roll(ring, -1, axis=0)
        near, far = 0.75 * ring + 0.25 * after, 0.25 * ring + 0.75 * after
        points = np.stack([ring, near, far], axis=1).reshape(-1, 2)
        always, never = np.ones(len(ring), bool), np.zeros(len(ring), bool)
        keep = np.stack([fixed, always, always], axis=1).reshape(-1)
        ring, fixed = points[keep], np.stack([fixed, never, never], axis=1).reshape(-1)[keep]
    return ring


def _junctions(geometries: NDArray[Any]) -> set[tuple[float, float]]:
    """Find the points where borders of more than two directions meet; they must not move."""
    ends = []
    for ring in shapely.get_rings(np.concatenate([polygons_of(item) for item in geometries] or [[]])):
        points = shapely.get_coordinates(ring)
        ends.append(np.concatenate([points[:-1], points[1:]], axis=1))
    if not ends:
        return set()
    edges = np.concatenate(ends)
    edges = np.unique(np.concatenate([edges, edges[:, [2, 3, 0, 1]]]), axis=0)
    points, degree = np.unique(edges[:, :2], axis=0, return_counts=True)
    return {(float(x), float(y)) for x, y in points[degree > 2]}


def _is_in(ring: NDArray[np.float64], points: set[tuple[float, float]]) -> NDArray[np.bool_]:
    return np.fromiter(((x, y) in points for x, y in ring.tolist()), bool, len(ring))
