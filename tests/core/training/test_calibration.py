"""Calibration of prompts from histograms of log-odds with a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from core.metrics.score_histogram import ScoreHistogram
from core.model.prompt_calibration import PromptCalibration
from training.calibration.fit import LARGEST_FALSE_SHARE, CalibrationFigures, fit_calibration


def histogram(log_odds: np.ndarray, truth: np.ndarray) -> ScoreHistogram:
    return ScoreHistogram.of(1 / (1 + np.exp(-log_odds)), truth)


def calibrated_pixels(slope: float, offset: float, count: int = 200_000) -> ScoreHistogram:
    """Pixels whose ``slope * log_odds + offset`` is the log-odds of their being what is requested."""
    rng = np.random.default_rng(3)
    honest = rng.normal(0.0, 3.0, count)
    truth = rng.random(count) < 1 / (1 + np.exp(-honest))
    return histogram((honest - offset) / slope, truth)


def test_log_odds_that_are_too_low_are_raised_and_stretched():
    found = {"a place": [calibrated_pixels(slope=2.0, offset=3.0)]}
    before = CalibrationFigures.of(found, PromptCalibration())
    chosen, figures = fit_calibration(found, 1.0)
    assert chosen.line.slope == pytest.approx(2.0, abs=0.3)
    assert chosen.line.offset == pytest.approx(3.0, abs=0.8)
    assert figures.iou > before.iou
    assert figures.error < before.error / 3


def test_what_is_absent_limits_how_far_scores_are_raised():
    """A word of which nothing is there has log-odds of -1 nearly everywhere: 0.5 stays above them."""
    there = calibrated_pixels(slope=1.0, offset=3.0)
    absent = histogram(np.full(10_000, -1.0), np.zeros(10_000, bool))
    free, _ = fit_calibration({"a place": [there]}, 1.0)
    held, figures = fit_calibration({"a place": [there, absent]}, 1.0)
    assert held.line.offset / held.line.slope < 1.1 < free.line.offset / free.line.slope
    assert figures.false_share <= LARGEST_FALSE_SHARE


def test_radar_gets_a_line_of_its_own_and_changes_no_other():
    optical, radar = calibrated_pixels(1.0, 0.0), calibrated_pixels(2.0, 4.0)
    alone, _ = fit_calibration({"Sentinel-2": [optical]}, 1.0)
    both, figures = fit_calibration({"Sentinel-2": [optical], "radar": [radar]}, 1.0)
    assert alone.radar is None
    assert both.line == alone.line
    assert both.radar.offset > both.line.offset + 2
    assert figures.error < 0.02


def test_groups_count_the_same_however_many_words_they_have():
    one, other = calibrated_pixels(1.0, 0.0, 5_000), calibrated_pixels(1.0, 4.0, 5_000)
    many = CalibrationFigures.of({"a": [one] * 9, "b": [other]}, PromptCalibration())
    even = CalibrationFigures.of({"a": [one], "b": [other]}, PromptCalibration())
    assert many == even


def test_a_calibrated_histogram_moves_pixels_along_the_line():
    rng = np.random.default_rng(5)
    log_odds, truth = rng.uniform(-4, 4, 50_000), rng.random(50_000) < 0.3
    moved, again = histogram(log_odds, truth).calibrated(1.5, 0.7), histogram(1.5 * log_odds + 0.7, truth)
    assert (moved.positive.sum(), moved.negative.sum()) == (again.positive.sum(), again.negative.sum())
    assert moved.iou_at(0.5) == pytest.approx(again.iou_at(0.5), abs=0.01)
    assert moved.share_found == pytest.approx((1.5 * log_odds + 0.7 > 0).mean(), abs=0.01)
