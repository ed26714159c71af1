"""Confidence intervals by percentile bootstrap over images or tiles (Efron 1979)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
DRAWS = 1000


def bootstrap_interval(
    statistic: Callable[[NDArray[np.int64]], float], count: int, *, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Returns the 95 % interval of a statistic.

    Args:
        statistic: gives the figure of a sample, (count,) indices drawn with replacement.
        count: how many images (or tiles) there are.
        draws: samples drawn.
        seed: of the draws.

    Returns:
        (low, high); NaN where there is a single image, which has no information on others.
    """
    if count < 2:
        return float("nan"), float("nan")
    generator = np.random.default_rng(seed)
    figures = [statistic(generator.integers(count, size=count)) for _ in range(draws)]
    low, high = np.nanpercentile(figures, (2.5, 97.5))
    return float(low), float(high)


def share_interval(hits: NDArray[np.bool_], *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Returns the 95 % interval of the share of ``hits`` (N,)."""
    return bootstrap_interval(lambda chosen: float(hits[chosen].mean()), len(hits), draws=draws, seed=seed)
