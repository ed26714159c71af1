"""Histograms of the scores of positive and negative pixels, fine enough for every threshold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

LARGEST_LOG_ODDS, STEPS = 16.0, 640
EDGES = np.linspace(-LARGEST_LOG_ODDS, LARGEST_LOG_ODDS, STEPS + 1)
"""Bounds of the bins in log-odds, even steps of 0.05; one of them is 0, the score 0.5."""
_SMALLEST = 1e-12


@dataclass(frozen=True)
class ReliabilityBin:
    """Pixels whose scores lie in one range.

    Attributes:
        low: least score.
        high: highest score.
        pixels: how many.
        score: their mean score.
        share: of them that are what was requested.
    """

    low: float
    high: float
    pixels: int
    score: float
    share: float


@dataclass(frozen=True, eq=False)
class ScoreHistogram:
    """Counts of pixels by score.

    Attributes:
        positive: (STEPS,) pixels that are what was requested, by the log-odds of their score.
        negative: (STEPS,) the others.
    """

    positive: NDArray[np.int64]
    negative: NDArray[np.int64]

    @classmethod
    def of(cls, scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> ScoreHistogram:
        """Count scores 0..1 (any shape) of pixels whose truth is known; NaN is left out."""
        known = np.isfinite(scores)
        values = np.clip(scores[known].astype(np.float64), _SMALLEST, 1 - _SMALLEST)
        odds = np.log(values) - np.log1p(-values)
        place = np.clip(np.searchsorted(EDGES, odds, side="left") - 1, 0, STEPS - 1)
        said = truth[known]
        return cls(np.bincount(place[said], minlength=STEPS), np.bincount(place[~said], minlength=STEPS))

    @classmethod
    def total(cls, parts: list[ScoreHistogram]) -> ScoreHistogram:
        """Sum of several histograms."""
        nothing = np.zeros(STEPS, np.int64)
        return reduce(
            lambda one, other: cls(one.positive + other.positive, one.negative + other.negative),
            parts,
            cls(nothing, nothing),
        )

    def calibrated(self, slope: float, offset: float) -> ScoreHistogram:
        """Returns the histogram of ``slope * log_odds + offset``, every bin moved as a whole."""
        moved = slope * (EDGES[:-1] + EDGES[1:]) / 2 + offset
        place = np.clip(np.searchsorted(EDGES, moved, side="left") - 1, 0, STEPS - 1)
        positive, negative = (
            np.bincount(place, weights=counts, minlength=STEPS).astype(np.int64)
            for counts in (self.positive, self.negative)
        )
        return ScoreHistogram(positive, negative)

    @property
    def share_found(self) -> float:
        """Share of the pixels whose score is above 0.5; NaN without pixels."""
        counts = self.positive + self.negative
        return float(counts[STEPS // 2 :].sum() / counts.sum()) if counts.sum() else float("nan")

    @property
    def auc(self) -> float:
        """Area under the ROC curve (ties count half); NaN without positive or negative pixels."""
        total = self.positive.sum() * self.negative.sum()
        if not total:
            return float("nan")
        below = np.cumsum(self.negative) - self.negative
        return float((self.positive * (below + self.negative / 2)).sum() / total)

    def iou_at(self, threshold: float) -> float:
        """Intersection over union of the pixels above a threshold 0..1 and those requested; NaN without the latter."""
        odds = np.log(max(threshold, _SMALLEST)) - np.log1p(-min(threshold, 1 - _SMALLEST))
        return float(self._ious()[int(np.argmin(np.abs(EDGES - odds)))])

    @property
    def best(self) -> tuple[float, float]:
        """Threshold with the highest intersection over union, and that; NaN where nothing is requested."""
        ious = self._ious()
        if not np.isfinite(ious).any():
            return float("nan"), float("nan")
        place = int(np.nanargmax(ious))
        return float(1 / (1 + np.exp(-EDGES[place]))), float(ious[place])

    def reliability(self, bins: int = 10) -> list[ReliabilityBin]:
        """What share of the pixels of each range of scores is right; ranges without pixels are left out."""
        centres = 1 / (1 + np.exp(-(EDGES[:-1] + EDGES[1:]) / 2))
        bounds = np.linspace(0, 1, bins + 1)
        counts = self.positive + self.negative
        found = []
        for low, high in itertools.pairwise(bounds.tolist()):
            inside = (centres >= low) & (centres < high)
            pixels = int(counts[inside].sum())
            if pixels:
                score = float((counts * centres)[inside].sum() / pixels)
                share = float(self.positive[inside].sum() / pixels)
                found.append(ReliabilityBin(low, high, pixels, score, share))
        return found

    @property
    def calibration_error(self) -> float:
        """Expected calibration error: mean distance of score and share over ten ranges, by pixels (Guo et al. 2017)."""
        found = self.reliability()
        pixels = sum(part.pixels for part in found)
        if not pixels:
            return float("nan")
        return sum(part.pixels * abs(part.score - part.share) for part in found) / pixels

    def _ious(self) -> NDArray[np.float64]:
        """(STEPS + 1,) intersection over union with everything above each edge."""
        hits = np.concatenate([np.cumsum(self.positive[::-1])[::-1], [0]])
        false = np.concatenate([np.cumsum(self.negative[::-1])[::-1], [0]])
        wanted = self.positive.sum()
        return np.where(wanted > 0, hits / np.maximum(wanted + false, 1), np.nan)
