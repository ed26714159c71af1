"""A threshold from the scores alone: where a view's scores fall into two groups, and how clearly they do.

The histogram of log-odds is smoothed and searched for a valley between two peaks. Otsu's threshold (1979) always finds
something, in one broad hill too; a valley is there or is not, and its depth states how clear the split is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

LARGEST_LOG_ODDS, STEPS = 16.0, 320
EDGES = np.linspace(-LARGEST_LOG_ODDS, LARGEST_LOG_ODDS, STEPS + 1)
SMOOTHING = 3.0
"""Deviation of the smoothing in bins, 0.3 in log-odds."""
LEAST_PIXELS = 200
"""Fewer pixels say nothing about two groups."""
LEAST_SHARE = 0.001
"""Of the pixels, that either group must have."""
CLEAR = 0.15
"""Depth of the valley, as a share of the lower peak, from which on a threshold is suggested."""


@dataclass(frozen=True)
class ScoreSplit:
    """How scores fall into two groups.

    Attributes:
        threshold: score 0..1 between the groups; None where there is no clear split.
        clarity: depth of the valley between the two peaks, 0 (none) to 1 (nothing lies between them).
    """

    threshold: float | None
    clarity: float


class LogOddsCounts:
    """Counts of pixels by log-odds, filled block by block.

    Args:
        prompts: how many are counted, each by itself.
    """

    def __init__(self, prompts: int) -> None:
        self.counts = np.zeros((prompts, STEPS), np.int64)

    def add(self, log_odds: NDArray[np.floating], valid: NDArray[np.bool_]) -> None:
        """Count a block: log-odds (prompts, h, w) of the pixels that are valid (h, w)."""
        scale = STEPS / (2 * LARGEST_LOG_ODDS)
        for number, values in enumerate(log_odds):
            place = ((values[valid] + LARGEST_LOG_ODDS) * scale).clip(0, STEPS - 1).astype(np.int64)
            self.counts[number] += np.bincount(place, minlength=STEPS)

    def splits(self) -> list[ScoreSplit]:
        """Return the split of every prompt's scores."""
        return [split_of(counts) for counts in self.counts]


def split_of(counts: NDArray[np.int64]) -> ScoreSplit:
    """Find the clearest split.

    Args:
        counts: (STEPS,) pixels by log-odds, between EDGES.

    Returns:
        The split at the lowest place between the two peaks whose valley is deepest. Without a threshold where there
        are too few pixels, one group, or no valley that deserves the name.
    """
    total = int(counts.sum())
    if total < LEAST_PIXELS:
        return ScoreSplit(None, 0.0)
    density = gaussian_filter1d(counts.astype(np.float64), SMOOTHING, mode="constant")
    before = np.maximum.accumulate(density)
    after = np.maximum.accumulate(density[::-1])[::-1]
    lower_peak = np.minimum(before, after)
    below = np.cumsum(counts) / total
    inside = (below >= LEAST_SHARE) & (below <= 1 - LEAST_SHARE) & (lower_peak > 0)
    # A peak must rise above its valley by more than chance: counts vary by their roots, smoothed over a few bins.
    spread = np.sqrt(lower_peak / (2 * np.sqrt(np.pi) * SMOOTHING))
    certain = inside & (lower_peak - density > 4 * spread)
    if not certain.any():
        return ScoreSplit(None, 0.0)
    depth = np.where(certain, 1 - density / np.maximum(lower_peak, 1e-12), 0.0)
    clarity = float(depth.max())
    if clarity < CLEAR:
        return ScoreSplit(None, clarity)
    deepest = np.flatnonzero(depth >= clarity - 1e-3)
    run = deepest[: int(np.argmax(np.diff(deepest, append=deepest[-1] + 2) > 1)) + 1]
    middle = float(EDGES[:-1][run].mean() + EDGES[1:][run].mean()) / 2
    return ScoreSplit(1 / (1 + float(np.exp(-middle))), clarity)
