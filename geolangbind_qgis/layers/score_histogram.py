"""Histogram of area by score, counted once, for the area above any threshold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import numpy
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsDistanceArea,
    QgsGeometry,
    QgsRasterDataProvider,
    QgsRectangle,
    QgsUnitTypes,
)

from geolangbind_qgis.layers.background_task import BackgroundTask

BINS = 200
_ROWS = 256
_LARGEST = 1.0 + 1e-6
_COUNTING = Lock()
"""Many rasters counted at once would keep Python from the main thread."""


@dataclass(frozen=True)
class ScoreHistogram:
    """Area by score; bin i holds scores from i / BINS on.

    Attributes:
        amounts: BINS numbers.
        in_hectares: whether amounts are hectares; else pixels, of rasters without a reference system.
    """

    amounts: tuple[float, ...]
    in_hectares: bool = True

    @property
    def total(self) -> float:
        """Total amount over all scores."""
        return math.fsum(self.amounts)

    @property
    def highest(self) -> float:
        """The highest score that occurs, rounded down to a bin edge; 0 if there is none."""
        return max((index for index, amount in enumerate(self.amounts) if amount > 0), default=0) / BINS

    def above(self, threshold: float) -> float:
        """Returns the area with a score of at least the threshold, which is rounded to a bin edge."""
        return math.fsum(self.amounts[min(BINS, max(0, round(threshold * BINS))) :])


class ScoreHistogramTask(BackgroundTask):
    """Counts a score band in the background.

    Args:
        provider: of the raster.
        band: from 1.
        crs: of the raster.
        context: for areas on the ellipsoid.
        on_done: takes the counts.
        ground: the layer that was searched; what a coarse pixel has beyond it is not counted. None for no limit.
    """

    def __init__(
        self,
        provider: QgsRasterDataProvider,
        band: int,
        crs: QgsCoordinateReferenceSystem,
        context: QgsCoordinateTransformContext,
        on_done: Callable[[ScoreHistogram], None],
        ground: QgsRectangle | None = None,
    ) -> None:
        super().__init__()
        self._provider = provider.clone()
        self._band = band
        self._in_hectares = crs.isValid()
        self._measure = QgsDistanceArea()
        self._measure.setSourceCrs(QgsCoordinateReferenceSystem(crs), context)
        self._measure.setEllipsoid(crs.ellipsoidAcronym())  # a project may have none, and areas are the same then
        self._ground = QgsRectangle(ground) if ground is not None else self._provider.extent()
        self._on_done: Callable[[ScoreHistogram], None] | None = on_done
        self._histogram: ScoreHistogram | None = None

    def run(self) -> bool:
        """Count the band strip by strip, on the task's thread; one raster is counted at a time."""
        with _COUNTING:
            return self._count()

    def _count(self) -> bool:
        """Count the band; returns whether it was counted to its end."""
        amounts = numpy.zeros(BINS)
        columns, rows, extent = self._provider.xSize(), self._provider.ySize(), self._provider.extent()
        height = extent.height() / rows
        for start in range(0, rows, _ROWS):
            if self.is_cancelled():
                return False
            count = min(_ROWS, rows - start)
            top = extent.yMaximum() - start * height
            strip = QgsRectangle(extent.xMinimum(), top - count * height, extent.xMaximum(), top)
            block = self._provider.block(self._band, strip, columns, count)
            values = _as_scores(block.data(), block.dataType(), block.height() * block.width())
            if block.hasNoDataValue():
                values[values == block.noDataValue()] = numpy.nan
            known = (values >= 0) & (values <= _LARGEST)  # a file that is gone leaves what was in memory
            bins = numpy.clip((values[known] * BINS + 1e-6).astype(numpy.int32), 0, BINS - 1)
            pixel = self._pixel_hectares(strip, columns, count) if self._in_hectares else 1.0
            inside = self._shares_inside(strip, columns, count)
            weights = None if inside is None else inside.ravel()[known]
            amounts += numpy.bincount(bins, weights=weights, minlength=BINS) * pixel
            self.set_progress(100 * (start + count) / rows)
        self._histogram = ScoreHistogram(tuple(float(value) for value in amounts), self._in_hectares)
        return True

    def abandon(self) -> None:
        """Cancel without emitting a signal, even if the counts are finished."""
        self._on_done = None
        self.cancel()

    def finish(self, succeeded: bool) -> None:
        """Emit the counts, on the main thread."""
        if succeeded and self._histogram is not None and self._on_done is not None:
            self._on_done(self._histogram)

    def _shares_inside(self, strip: QgsRectangle, columns: int, rows: int) -> numpy.ndarray | None:
        """Returns the share of each pixel (rows, columns) inside the searched area; None where all are inside."""
        ground = self._ground
        if ground.contains(strip):
            return None
        across = _overlaps(strip.xMinimum(), strip.width() / columns, columns, ground.xMinimum(), ground.xMaximum())
        down = _overlaps(strip.yMinimum(), strip.height() / rows, rows, ground.yMinimum(), ground.yMaximum())[::-1]
        return numpy.outer(down, across)

    def _pixel_hectares(self, strip: QgsRectangle, columns: int, rows: int) -> float:
        """Returns the mean area of a pixel of the strip on the ellipsoid."""
        area = self._measure.measureArea(QgsGeometry.fromRect(strip))
        square_metres = self._measure.convertAreaMeasurement(area, QgsUnitTypes.AreaUnit.AreaSquareMeters)
        return square_metres / 10_000 / (columns * rows)


def _overlaps(begin: float, side: float, count: int, low: float, high: float) -> numpy.ndarray:
    """Returns the share (count,) of each pixel of a row between two coordinates."""
    edges = begin + side * numpy.arange(count + 1)
    return numpy.clip(numpy.minimum(edges[1:], high) - numpy.maximum(edges[:-1], low), 0, None) / side


def _as_scores(data: bytes, data_type: int, count: int) -> numpy.ndarray:
    """Returns the block as a flat float array, all missing where it could not be read."""
    kinds = {1: "u1", 2: "u2", 3: "i2", 4: "u4", 5: "i4", 6: "f4", 7: "f8"}
    kind = kinds.get(int(data_type), "f4")
    raw = bytes(data)
    if len(raw) != count * numpy.dtype(kind).itemsize:
        return numpy.full(count, numpy.nan, dtype=numpy.float32)
    return numpy.frombuffer(raw, dtype=kind).astype(numpy.float32)
