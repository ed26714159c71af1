"""Raster-wide statistics from a bounded sample, so that scaling never depends on the extent that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

_SAMPLE_SIDE = 512  # pixels a side of the decimated read
_PROBES = 8  # probes a side where there is no overview
_PROBE_SIDE = 64


@dataclass(frozen=True)
class BandStatistics:
    """What a band's digital numbers look like over the whole raster.

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
        low, median, high = (float(value) for value in np.percentile(values, [2, 50, 98]))
        return cls(
            float(values.min()),
            float(values.max()),
            float(values.mean(dtype=np.float64)),
            median,
            low,
            high,
            len(np.unique(values)),
            values.size / total,
        )


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
