"""Outlines of equal pixels, strip by strip: regions that cross a strip's border come out whole.

Coordinates are (column, row) in pixels, so that all corners are whole numbers and nothing is lost in joining.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes
from rasterio.transform import Affine

from core.raster.pixel_window import PixelWindow

Strip = tuple[PixelWindow, NDArray[np.int32], NDArray[np.bool_]]
"""(window over the whole width, code of each pixel (h, w), where there is one (h, w))."""


def outlines(strips: Iterable[Strip]) -> Iterator[tuple[int, shapely.Polygon]]:
    """Yields (code, polygon) of every region of equal codes; pixels join by their sides, not by corners alone.

    Memory holds one strip and the regions that reach its lower border.

    Args:
        strips: from top to bottom without gap, each over the whole width.
    """
    regions = _Regions()
    seam = _Seam.of([])
    for window, codes, present in strips:
        lower: list[tuple[float, float, int]] = []
        for code, polygon in _strip_polygons(window, codes, present):
            _, top, _, bottom = polygon.bounds
            if top > window.row and bottom < window.row_stop:
                yield code, polygon
                continue
            region = regions.add(code, polygon, bottom)
            if top == window.row:
                for start, stop in _borders(polygon, window.row):
                    for other in seam.touching(start, stop):
                        if regions.code(other) == code:
                            regions.join(region, other)
            if bottom == window.row_stop:
                lower += [(start, stop, region) for start, stop in _borders(polygon, window.row_stop)]
        yield from regions.ended_above(window.row_stop)
        seam = _Seam.of(lower)
    yield from regions.ended_above(np.inf)


@dataclass
class _Region:
    code: int
    parts: list[shapely.Polygon]
    bottom: float


@dataclass
class _Regions:
    """Regions that reach a border, joined as their parts turn out to touch."""

    parents: dict[int, int] = field(default_factory=dict)
    roots: dict[int, _Region] = field(default_factory=dict)
    count: int = 0

    def add(self, code: int, polygon: shapely.Polygon, bottom: float) -> int:
        self.count += 1
        self.parents[self.count] = self.count
        self.roots[self.count] = _Region(code, [polygon], bottom)
        return self.count

    def code(self, number: int) -> int:
        return self.roots[self._root(number)].code

    def join(self, first: int, second: int) -> None:
        one, other = self._root(first), self._root(second)
        if one == other:
            return
        if len(self.roots[one].parts) < len(self.roots[other].parts):
            one, other = other, one
        absorbed = self.roots.pop(other)
        self.parents[other] = one
        self.roots[one].parts += absorbed.parts
        self.roots[one].bottom = max(self.roots[one].bottom, absorbed.bottom)

    def ended_above(self, row: float) -> Iterator[tuple[int, shapely.Polygon]]:
        """Hand out the regions that no later strip can add to."""
        for number in [number for number, region in self.roots.items() if region.bottom < row]:
            region = self.roots.pop(number)
            yield region.code, _joined(region.parts)
        self.parents = {number: root for number in self.parents if (root := self._root(number)) in self.roots}

    def _root(self, number: int) -> int:
        while self.parents[number] != number:
            number = self.parents[number]
        return number


@dataclass(frozen=True)
class _Seam:
    """Column ranges along a strip's lower border, each with its region."""

    starts: NDArray[np.float64]
    stops: NDArray[np.float64]
    regions: list[int]

    @classmethod
    def of(cls, ranges: list[tuple[float, float, int]]) -> _Seam:
        ordered = sorted(ranges)
        return cls(
            np.array([start for start, _, _ in ordered]),
            np.array([stop for _, stop, _ in ordered]),
            [r for *_, r in ordered],
        )

    def touching(self, start: float, stop: float) -> list[int]:
        """Returns the regions that share more than a corner with a column range."""
        first = int(np.searchsorted(self.stops, start, side="right"))
        last = int(np.searchsorted(self.starts, stop, side="left"))
        return self.regions[first:last]


def _strip_polygons(
    window: PixelWindow, codes: NDArray[np.int32], present: NDArray[np.bool_]
) -> Iterator[tuple[int, shapely.Polygon]]:
    """Outline the regions of one strip."""
    if not present.any():
        return
    place = Affine.translation(window.col, window.row)
    for outline, code in shapes(codes, mask=present, connectivity=4, transform=place):
        yield int(code), _valid(_polygon(outline["coordinates"]))


def _polygon(rings: list[Any]) -> shapely.Polygon:
    return shapely.Polygon(rings[0], rings[1:])


def _valid(polygon: shapely.Polygon) -> shapely.Polygon:
    """Mend rings that touch themselves at a corner, which makes no second part."""
    if polygon.is_valid:
        return polygon
    mended = shapely.make_valid(polygon)
    return mended if isinstance(mended, shapely.Polygon) else polygon


def _borders(polygon: shapely.Polygon, row: float) -> list[tuple[float, float]]:
    """Returns the column ranges of a polygon's sides that lie on a row's border."""
    found = []
    for ring in (polygon.exterior, *polygon.interiors):
        points = shapely.get_coordinates(ring)
        on = (points[:-1, 1] == row) & (points[1:, 1] == row)
        found += [
            (min(start, stop), max(start, stop))
            for start, stop in zip(points[:-1][on, 0].tolist(), points[1:][on, 0].tolist(), strict=True)
        ]
    return found


def _joined(parts: list[shapely.Polygon]) -> shapely.Polygon:
    """Dissolve the parts of a region and drop the corners that the seams left on straight lines."""
    if len(parts) == 1:
        return parts[0]
    return shapely.simplify(shapely.union_all(parts), 0.0)
