"""Outlines of connected regions of equal codes, computed strip by strip; regions across a strip's border are joined.

Coordinates are (column, row) in pixels, so that all corners are whole numbers and joining is exact.
``rasterio.features.shapes`` outlines an array in memory and sums up no scores; hence the strips, which are joined here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes
from rasterio.transform import Affine
from skimage.measure import label

from core.raster.pixel_window import PixelWindow


@dataclass(frozen=True)
class Strip:
    """Rows of a raster over its whole width.

    Attributes:
        window: where it lies.
        codes: code of each pixel, (h, w) int32, not negative.
        present: (h, w), where there is one.
        scores: (h, w) float, summed up for each region; None where there are none.
    """

    window: PixelWindow
    codes: NDArray[np.int32]
    present: NDArray[np.bool_]
    scores: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True)
class ScoreSummary:
    """The scores of a region's pixels.

    Attributes:
        pixels: how many.
        total: sum of their scores; NaN where there are none.
        highest: the highest score; NaN where there are none.
    """

    pixels: int = 0
    total: float = math.nan
    highest: float = math.nan

    @property
    def mean(self) -> float:
        """Mean score; NaN where there are none."""
        return self.total / self.pixels if self.pixels else math.nan

    def with_those_of(self, other: ScoreSummary) -> ScoreSummary:
        """Summary of both regions together."""
        return ScoreSummary(self.pixels + other.pixels, self.total + other.total, max(self.highest, other.highest))


@dataclass(frozen=True)
class Outline:
    """A region of equal codes.

    Attributes:
        code: its pixels' code.
        polygon: its outline, in pixels.
        scores: of its pixels.
    """

    code: int
    polygon: shapely.Polygon
    scores: ScoreSummary = ScoreSummary()


def outlines(strips: Iterable[Strip]) -> Iterator[Outline]:
    """Outline every region of equal codes; pixels join by their sides, not by corners alone.

    Memory holds one strip and the regions that reach its lower border.

    Args:
        strips: from top to bottom without gap.

    Yields:
        Each region once, when it is whole.
    """
    regions = _Regions()
    seam = _Seam.of([])
    for strip in strips:
        window = strip.window
        lower: list[tuple[float, float, int]] = []
        for outline in strip_outlines(strip):
            _, top, _, bottom = outline.polygon.bounds
            if top > window.row and bottom < window.row_stop:
                yield outline
                continue
            region = regions.add(outline, bottom)
            if top == window.row:
                for start, stop in _borders(outline.polygon, window.row):
                    for other in seam.touching(start, stop):
                        if regions.code(other) == outline.code:
                            regions.join(region, other)
            if bottom == window.row_stop:
                lower += [(start, stop, region) for start, stop in _borders(outline.polygon, window.row_stop)]
        yield from regions.ended_above(window.row_stop)
        seam = _Seam.of(lower)
    yield from regions.ended_above(np.inf)


def strip_outlines(strip: Strip) -> Iterator[Outline]:
    """Outline the regions of one strip by itself."""
    if not strip.present.any():
        return
    numbers = label(np.where(strip.present, strip.codes, -1), background=-1, connectivity=1).astype(np.int32)
    summaries = _summaries(strip, numbers)
    place = Affine.translation(strip.window.col, strip.window.row)
    _, first = np.unique(numbers, return_index=True)
    codes = strip.codes.ravel()[first]
    without_background = 0 if numbers.min() == 0 else 1
    for outline, number in shapes(numbers, mask=strip.present, connectivity=4, transform=place):
        region = int(number)
        polygon = _valid(_polygon(outline["coordinates"]))
        yield Outline(int(codes[region - without_background]), polygon, summaries[region])


def _summaries(strip: Strip, numbers: NDArray[np.int32]) -> list[ScoreSummary]:
    """Return summaries of the scores by region number; the first, number 0, is the background."""
    flat = numbers.ravel()
    pixels = np.bincount(flat)
    if strip.scores is None:
        return [ScoreSummary(count) for count in pixels.tolist()]
    scores = np.where(strip.present, strip.scores, 0.0).astype(np.float64).ravel()
    totals = np.bincount(flat, weights=scores)
    highest = np.full(len(pixels), -np.inf)
    np.maximum.at(highest, flat, scores)
    return [ScoreSummary(*each) for each in zip(pixels.tolist(), totals.tolist(), highest.tolist(), strict=True)]


@dataclass
class _Region:
    code: int
    parts: list[shapely.Polygon]
    scores: ScoreSummary
    bottom: float


@dataclass
class _Regions:
    """Regions that reach a strip's lower border, joined where their parts touch."""

    parents: dict[int, int] = field(default_factory=dict)
    roots: dict[int, _Region] = field(default_factory=dict)
    count: int = 0

    def add(self, outline: Outline, bottom: float) -> int:
        self.count += 1
        self.parents[self.count] = self.count
        self.roots[self.count] = _Region(outline.code, [outline.polygon], outline.scores, bottom)
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
        kept = self.roots[one]
        self.parents[other] = one
        kept.parts += absorbed.parts
        kept.scores = kept.scores.with_those_of(absorbed.scores)
        kept.bottom = max(kept.bottom, absorbed.bottom)

    def ended_above(self, row: float) -> Iterator[Outline]:
        """Yield the regions that no later strip extends."""
        for number in [number for number, region in self.roots.items() if region.bottom < row]:
            region = self.roots.pop(number)
            yield Outline(region.code, _joined(region.parts), region.scores)
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
