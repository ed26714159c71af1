"""Choice of the numbers that make scores of odds, see ``core.model.prompt_calibration``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluate.prompt_maps import score_words
from core.metrics.score_histogram import ScoreHistogram
from core.model.geolangbind import GeoLangBind
from core.model.prompt_calibration import LogOddsLine, PromptCalibration
from training.calibration.ground import RADAR_GROUPS, GroundPart

NORMS = (1.0, 1.5, 2.0, 3.0, 4.0)
MIDDLES = tuple(np.arange(-2.5, 1.01, 0.1).round(2).tolist())
"""Log-odds that may become the score 0.5."""
SLOPES = tuple(np.arange(0.75, 3.01, 0.25).tolist())
LARGEST_FALSE_SHARE = 0.001
"""Share of the pixels that may be found, in the mean over words of what is not there."""

Histograms = Mapping[str, Sequence[ScoreHistogram]]
"""By group of parts, one for each word and part."""


@dataclass(frozen=True)
class CalibrationFigures:
    """What a calibration gives; means over groups of the means over words.

    Attributes:
        iou: intersection over union at 0.5.
        ratio: the same over the best threshold's.
        false_share: share of the pixels found for words of what is not there.
        error: expected calibration error.
    """

    iou: float
    ratio: float
    false_share: float
    error: float

    @property
    def gain(self) -> float:
        """What is maximised: the IoU at 0.5 less the calibration error, since 0.5 shall be useful and honest."""
        return self.iou - self.error

    @classmethod
    def of(cls, histograms: Histograms, calibration: PromptCalibration) -> CalibrationFigures:
        """Measure a calibration; the histograms are of its norm."""
        lines = {group: calibration.line_of(group in RADAR_GROUPS) for group in histograms}
        after = {
            group: [found.calibrated(lines[group].slope, lines[group].offset) for found in histograms[group]]
            for group in histograms
        }
        there = {group: [found for found in words if found.positive.any()] for group, words in after.items()}
        absent = {group: [found for found in words if not found.positive.any()] for group, words in after.items()}
        return cls(
            iou=_mean(there, lambda found: found.iou_at(0.5)),
            ratio=_mean(there, lambda found: found.iou_at(0.5) / max(found.best[1], 1e-9)),
            false_share=_mean(absent, lambda found: found.share_found),
            error=_mean(there, lambda found: found.calibration_error),
        )


def score_ground(model: GeoLangBind, ground: Sequence[GroundPart], norm: float) -> dict[str, list[ScoreHistogram]]:
    """Count the log-odds of every word on the ground, not calibrated but for the norm.

    Args:
        model: whose calibration is left as it was.
        ground: the parts.
        norm: of the sum of odds.

    Returns:
        By group one histogram for each word and part.
    """
    before = model.prompt_calibration
    model.prompt_calibration = PromptCalibration(norm=norm)
    found: dict[str, list[ScoreHistogram]] = {}
    try:
        for part in ground:
            for units in score_words(model, part.part, part.folder).values():
                found.setdefault(part.group, []).append(ScoreHistogram.total(units))
    finally:
        model.prompt_calibration = before
    return found


def fit_calibration(histograms: Histograms, norm: float) -> tuple[PromptCalibration, CalibrationFigures]:
    """Choose slopes and offsets for a norm.

    Args:
        histograms: of log-odds by this norm.
        norm: of the sum of odds.

    Returns:
        The calibration with the best line for the groups of radar and the best one for the others, and its figures.
    """
    radar = {group: words for group, words in histograms.items() if group in RADAR_GROUPS}
    others = {group: words for group, words in histograms.items() if group not in RADAR_GROUPS}
    calibration = PromptCalibration(norm, _best_line(others), _best_line(radar) if radar else None)
    return calibration, CalibrationFigures.of(histograms, calibration)


def _best_line(histograms: Histograms) -> LogOddsLine:
    """Of the lines within ``LARGEST_FALSE_SHARE`` the one with the largest ``CalibrationFigures.gain``."""
    tried = [LogOddsLine(slope, round(-slope * middle, 3) + 0.0) for middle in MIDDLES for slope in SLOPES]
    found = [(line, CalibrationFigures.of(histograms, PromptCalibration(1.0, line))) for line in tried]
    return max((pair for pair in found if pair[1].false_share <= LARGEST_FALSE_SHARE), key=lambda pair: pair[1].gain)[0]


def _mean(groups: Histograms, figure: Callable[[ScoreHistogram], float]) -> float:
    """Returns the mean over groups of the mean figure of their histograms; 0 where there are none."""
    means = [np.mean([figure(found) for found in words]) for words in groups.values() if words]
    return float(np.mean(means)) if means else 0.0
