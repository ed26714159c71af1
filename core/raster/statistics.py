"""Raster-wide statistics from a bounded sample, so that scaling never depends on the extent that is requested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window
from scipy.ndimage import label

_SAMPLE_SIDE = 512  # pixels a side of the decimated read
_PROBES = 8  # probes a side where there is no overview
_PROBE_SIDE = 64
_FEWEST_BANDS = 3  # one value in fewer bands may well be ground: sea level, a class
SAME_BANDS = 0.6
"""Share of the bands that hold a collar's value; quality layers hold others."""
_LEAST_COLLAR = 0.005  # share of the raster

PERCENTILES = (2, 50, 98)


@dataclass(frozen=True)
class BandStatistics:
    """Statistics of a band's digital numbers over the whole raster.

    Attributes:
        minimum: smallest sampled value; 0 where nothing is valid.
        maximum: largest sampled value.
        mean: mean of the sampled values.
        median: 50th percentile.
        low: 2nd percentile.
        high: 98th percentile.
        distinct: how many different values the sample holds.
        valid_fraction: share of sampled pixels with data.
    """

    minimum: float
    maximum: float
    mean: float
    median: float
    low: float
    high: float
    distinct: int
    valid_fraction: float

    @classmethod
    def of(cls, values: NDArray[Any], total: int) -> BandStatistics:
        """Measure the valid values (N,) of a sample of ``total`` pixels."""
        if values.size == 0:
            return cls(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0.0)
        if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
            (low, median, high), distinct = _by_counting(values)
        else:
            # In float64: numpy's percentiles of signed integers overflow.
            low, median, high = (float(value) for value in np.percentile(values.astype(np.float64), PERCENTILES))
            distinct = len(np.unique(values))
        return cls(
            float(values.min()),
            float(values.max()),
            float(values.mean(dtype=np.float64)),
            median,
            low,
            high,
            distinct,
            values.size / total,
        )


def _by_counting(values: NDArray[Any]) -> tuple[list[float], int]:
    """Percentiles by linear interpolation, and how many values differ, of integers of 16 bits at most.

    A histogram of all possible values needs one pass where sorting and hashing need several.
    """
    least = int(np.iinfo(values.dtype).min)
    counts = np.bincount(values.astype(np.int32) - least)
    below = np.cumsum(counts)
    found = []
    for percentile in PERCENTILES:
        rank = percentile / 100 * (values.size - 1)
        first = int(rank)
        lower, upper = np.searchsorted(below, [first, min(first + 1, values.size - 1)], side="right") + least
        found.append(float(lower + (upper - lower) * (rank - first)))
    return found, int(np.count_nonzero(counts))


@dataclass(frozen=True)
class Collar:
    """A border of one exact value that surrounds the ground and is not declared as nodata.

    Attributes:
        value: the value, in most of the bands.
        share: share of the sampled pixels.
    """

    value: float
    share: float


@dataclass(frozen=True)
class Survey:
    """Statistics of a sample of the whole raster.

    Attributes:
        bands: statistics of every band, without the collar.
        collar: the collar, where there is one.
    """

    bands: tuple[BandStatistics, ...]
    collar: Collar | None


def find_collar(values: NDArray[Any], valid: NDArray[np.bool_], *, connected: bool) -> NDArray[np.bool_]:
    """Return the mask of a sample's collar.

    Args:
        values: (C, h, w) of the image bands, in the raster's own type.
        valid: (h, w).
        connected: whether the sample is the whole raster, so that a collar must touch its edge.

    Returns:
        (h, w), True where at least ``SAME_BANDS`` of the bands hold the one value that fills the corners.
    """
    nothing = np.zeros(valid.shape, bool)
    if len(values) < _FEWEST_BANDS or not valid.any():
        return nothing
    limits = np.iinfo(values.dtype) if values.dtype.kind in "iu" else None
    for value in (0, *((limits.max, limits.min) if limits else (-9999, -32768))):
        alike = ((values == value).mean(axis=0) >= SAME_BANDS) & valid
        if not alike.any() or alike.all():
            continue
        if not connected:
            return alike
        parts, _ = label(alike)
        frame = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
        outer = np.isin(parts, np.unique(frame[frame > 0]))
        if outer.mean() >= _LEAST_COLLAR:
            return outer
    return nothing


def sample_windows(dataset: DatasetReader) -> tuple[list[Window], tuple[int, int] | None]:
    """Choose what to read: (windows, size to read each at in (rows, columns), None for native).

    One decimated read where an overview or a small raster makes it cheap; otherwise probes spread evenly.
    """
    height, width = dataset.height, dataset.width
    shape = (min(height, _SAMPLE_SIDE), min(width, _SAMPLE_SIDE))
    if dataset.overviews(1) or height * width <= 4 * _SAMPLE_SIDE**2:
        return [Window(0, 0, width, height)], shape
    block_height, block_width = dataset.block_shapes[0]
    rows = _PROBE_SIDE if block_width < width else max(4, min(block_height, _PROBE_SIDE))
    windows = []
    for row in np.linspace(0, height - min(rows, height), _PROBES).astype(int):
        for col in np.linspace(0, width - min(_PROBE_SIDE, width), _PROBES).astype(int):
            windows.append(Window(int(col), int(row), min(_PROBE_SIDE, width), min(rows, height)))
    return windows, None


def percentiles(statistics: Sequence[BandStatistics]) -> tuple[tuple[float, float], ...]:
    """Returns the (2nd, 98th) percentile per band, as scaling presets need them."""
    return tuple((band.low, band.high) for band in statistics)
