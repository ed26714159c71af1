"""Outlines with right angles, for buildings: every side lies along one of two directions.

Polygons that touch are regularised together: they get one direction, and their sides are moved by one rule, so that
borders they share stay shared. In the frame of that direction a side has one coordinate; coordinates that lie close
together become one. A map that keeps the order of coordinates along each axis moves no outline across another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize, shapes
from rasterio.transform import Affine

from core.errors import InputError
from core.raster.generalise import polygons_of

_LARGEST_CELLS = 100_000_000
_REFINED_DEGREES = 5.0


def right_angled(polygons: Sequence[shapely.Polygon], tolerance: float, cell: float) -> list[list[shapely.Polygon]]:
    """Returns polygons whose sides lie along the dominant direction of the given ones, or at right angles to it.

    Args:
        polygons: one, or several that share borders and do not overlap; in metres.
        tolerance: sides may move by about this much, in metres.
        cell: how finely the outlines are read, in metres; half a pixel does.

    Returns:
        For each polygon the valid polygons it becomes; none where it is thinner than the tolerance.

    Raises:
        InputError: together they are too large.
    """
    angle = dominant_direction(polygons, tolerance)
    bounds = shapely.total_bounds(np.asarray(polygons, object))
    centre = (bounds[:2] + bounds[2:]) / 2
    turn = _rotation(-angle)
    turned = [shapely.transform(polygon, lambda points: (points - centre) @ turn.T) for polygon in polygons]
    corner = shapely.total_bounds(np.asarray(turned, object))[:2] - cell
    rings = _on_cells(turned, corner, cell)
    snapped = _snapped(rings, tolerance / cell)
    back = _rotation(angle)
    return [
        [
            shapely.transform(part, lambda points: (points * cell + corner) @ back.T + centre)
            for polygon in parts
            for part in polygons_of(polygon if polygon.is_valid else shapely.make_valid(polygon))
        ]
        for parts in snapped
    ]


def dominant_direction(polygons: Sequence[shapely.Polygon], tolerance: float) -> float:
    """Direction of most sides, in radians from -π/4 to π/4; sides at right angles to each other count as one.

    Args:
        polygons: with staircases of up to ``tolerance``.
        tolerance: in the polygons' unit.
    """
    sines = cosines = 0.0
    for polygon in polygons:
        ring = shapely.get_coordinates(shapely.simplify(polygon.exterior, tolerance))
        steps = np.diff(ring, axis=0)
        lengths, angles = np.hypot(*steps.T), np.arctan2(steps[:, 1], steps[:, 0])
        weights = np.where(lengths > 2 * tolerance, lengths**2, 0.0)
        if not weights.any():
            weights = lengths
        sines += float(weights @ np.sin(4 * angles))
        cosines += float(weights @ np.cos(4 * angles))
    return _refined(polygons, math.atan2(sines, cosines) / 4)


def _refined(polygons: Sequence[shapely.Polygon], angle: float) -> float:
    """Refine a direction by some degrees: the one in which the polygons fill most of their bounding boxes."""
    hulls = [shapely.get_coordinates(shapely.convex_hull(polygon)) for polygon in polygons]

    def boxes(candidate: float) -> float:
        turn = _rotation(-candidate)
        return sum(float(np.prod(np.ptp(hull @ turn.T, axis=0))) for hull in hulls)

    candidates = angle + np.radians(np.arange(-_REFINED_DEGREES, _REFINED_DEGREES + 0.1, 0.25))
    areas = np.array([boxes(candidate) for candidate in candidates])
    best = candidates[areas <= areas.min() * (1 + 1e-9)]
    return float(best[np.argmin(np.abs(best - angle))])


def _rotation(angle: float) -> NDArray[np.float64]:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _on_cells(
    polygons: Sequence[shapely.Polygon], corner: NDArray[np.float64], cell: float
) -> list[list[list[NDArray[np.float64]]]]:
    """Draw polygons on a fine grid and outline their cells.

    Returns:
        For each polygon its parts, each with its rings (N, 2): a point at every cell, the first not repeated.
    """
    far = shapely.total_bounds(np.asarray(polygons, object))[2:]
    width, height = (math.ceil(size / cell) + 2 for size in far - corner)
    if width * height > _LARGEST_CELLS:
        raise InputError(
            "The polygons that touch each other cover too large an area for right angles.",
            hint="Name the classes that are buildings, raise the threshold or take a part of the raster.",
        )
    place = Affine(cell, 0.0, corner[0], 0.0, cell, corner[1])
    drawn = [(polygon, number) for number, polygon in enumerate(polygons, start=1)]
    numbers = rasterize(drawn, (height, width), transform=place, dtype="int32")
    found: list[list[list[NDArray[np.float64]]]] = [[] for _ in polygons]
    for outline, number in shapes(numbers, mask=numbers > 0, connectivity=4):
        rings = [shapely.segmentize(shapely.LinearRing(ring), 1.0) for ring in outline["coordinates"]]
        found[int(number) - 1].append([np.round(shapely.get_coordinates(ring)[:-1]) for ring in rings])
    return found


def _snapped(rings: list[list[list[NDArray[np.float64]]]], reach: float) -> list[list[shapely.Polygon]]:
    """Unite sides whose coordinates are up to ``reach`` cells apart, and drop the points between corners."""
    every = [ring for parts in rings for part in parts for ring in part]
    if not every:
        return [[] for _ in rings]
    corners = np.unique(np.concatenate([ring[_turns(ring)] for ring in every]), axis=0)
    span = int(max(ring.max() for ring in every)) + 1
    known = np.unique(_key(corners, span))
    rules = [_coordinate_rule(every, axis, span, reach) for axis in (0, 1)]

    def moved(ring: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = ring[np.isin(_key(ring, span), known)].astype(int)
        return _without_spikes(np.column_stack([rules[0][kept[:, 0]], rules[1][kept[:, 1]]]))

    placed = [[[moved(ring) for ring in part] for part in parts] for parts in rings]
    left = {point for parts in placed for part in parts for ring in part for point in map(tuple, ring[_turns(ring)])}
    return [
        [shapely.Polygon(outer, holes) for outer, *holes in (_with_corners(part, left) for part in parts) if len(outer)]
        for parts in placed
    ]


def _with_corners(
    part: list[NDArray[np.float64]], corners: set[tuple[float, float]]
) -> tuple[NDArray[np.float64], ...]:
    """Keep a polygon's points where it or a neighbour has a corner; holes that vanished go."""
    kept = [ring[[tuple(point) in corners for point in ring.tolist()]] for ring in part]
    outer, *holes = [ring if len(ring) >= 4 else ring[:0] for ring in kept]
    return outer, *(hole for hole in holes if len(hole))


def _turns(ring: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the mask (N,) of points where a ring of steps along the axes changes its direction."""
    before, after = np.sign(ring - np.roll(ring, 1, axis=0)), np.sign(np.roll(ring, -1, axis=0) - ring)
    return np.asarray((before != after).any(axis=1))


def _key(points: NDArray[np.float64], span: int) -> NDArray[np.int64]:
    return (points[:, 0] * (span + 1) + points[:, 1]).astype(np.int64)


def _coordinate_rule(rings: Sequence[NDArray[np.float64]], axis: int, span: int, reach: float) -> NDArray[np.float64]:
    """Map each coordinate to that of the longest side within reach, the longest sides first.

    Args:
        rings: rings of unit steps (N, 2).
        axis: 0 for the sides at right angles to x.
        span: one more than the highest coordinate.
        reach: largest distance of a coordinate from the one it is mapped to.

    Returns:
        (span + 1,) new coordinates, never falling.
    """
    weights = np.zeros(span + 1)
    for ring in rings:
        along = (np.roll(ring, -1, axis=0) - ring)[:, axis] == 0
        weights += np.bincount(ring[along, axis].astype(int), minlength=span + 1)
    rule = np.arange(span + 1, dtype=np.float64)
    free = weights > 0
    for centre in np.argsort(-weights, kind="stable"):
        if not free[centre]:
            continue
        low, high = max(0, math.ceil(centre - reach)), min(span, math.floor(centre + reach))
        near = np.arange(low, high + 1)
        near = near[free[low : high + 1]]
        rule[near] = np.average(near, weights=weights[near])
        free[near] = False
    return rule


def _without_spikes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop points that fell onto the one before, and those where a ring runs back on itself."""
    while len(points) >= 4:
        before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
        useless = (before == 0).all(axis=1)
        if not useless.any():
            tips = (before * after).sum(axis=1) < 0
            useless = tips & ~np.roll(tips, 1) if not tips.all() else tips
        if not useless.any():
            return points
        points = points[~useless]
    return points[:0]


def touching_groups(polygons: Sequence[shapely.Polygon]) -> list[list[int]]:
    """Sort polygons into groups that share borders.

    Args:
        polygons: not overlapping.

    Returns:
        Indexes of the polygons of each group; a polygon that touches none is a group of its own.
    """
    array: NDArray[Any] = np.asarray(polygons, object)
    parents = list(range(len(array)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    tree = shapely.STRtree(array)
    first, second = tree.query(array, predicate="intersects")
    apart = first < second
    first, second = first[apart], second[apart]
    shared = shapely.length(shapely.intersection(shapely.boundary(array[first]), shapely.boundary(array[second]))) > 0
    for one, other in zip(first[shared].tolist(), second[shared].tolist(), strict=True):
        parents[root(one)] = root(other)
    groups: dict[int, list[int]] = {}
    for number in range(len(array)):
        groups.setdefault(root(number), []).append(number)
    return list(groups.values())
