"""Calibration of prompts: a line through their log-odds, kept with the model."""

import pytest
import torch

from core.dense.odds import OddsAgainstBackground
from core.errors import ModelError
from core.model.prompt_calibration import NOT_CALIBRATED, LogOddsLine, PromptCalibration


def test_a_model_without_an_entry_is_not_calibrated():
    assert PromptCalibration.of(None) == NOT_CALIBRATED == PromptCalibration(1.0, LogOddsLine(1.0, 0.0))


def test_the_entry_of_a_configuration_is_read():
    entry = {"norm": 3, "slope": 2, "offset": -0.5}
    assert PromptCalibration.of(entry) == PromptCalibration(3.0, LogOddsLine(2.0, -0.5))
    radar = {**entry, "radar": {"slope": 1.5, "offset": 1}}
    read = PromptCalibration.of(radar)
    assert read == PromptCalibration(3.0, LogOddsLine(2.0, -0.5), LogOddsLine(1.5, 1.0))
    assert PromptCalibration.of(read.settings) == read


def test_radar_alone_has_its_own_line_where_there_is_one():
    optical, radar = LogOddsLine(2.0, 0.0), LogOddsLine(1.5, 1.0)
    assert PromptCalibration(1.0, optical, radar).line_of(radar=True) == radar
    assert PromptCalibration(1.0, optical, radar).line_of(radar=False) == optical
    assert PromptCalibration(1.0, optical).line_of(radar=True) == optical


@pytest.mark.parametrize(
    "entry",
    [
        {"norm": 0.5},
        {"norm": 1e3},
        {"norm": True},
        {"slope": 0.0},
        {"slope": -1.0},
        {"slope": "steep"},
        {"offset": None},
        {"offset": float("nan")},
        {"offset": float("inf")},
        {"slop": 1.0},
        {"radar": 1.0},
        {"radar": {"norm": 2.0}},
        {"radar": {"slope": 0.0}},
    ],
)
def test_an_entry_that_is_no_calibration_is_refused_by_name(entry):
    with pytest.raises(ModelError, match="prompt_calibration"):
        PromptCalibration.of(entry)


def test_log_odds_follow_the_line():
    weights = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    cosines, background = torch.rand(2, 50), 30 * torch.rand(50)
    plain = OddsAgainstBackground(((0,), (1,)), weights, 40.0, None)(cosines.clone(), background)
    line = OddsAgainstBackground(((0,), (1,)), weights, 40.0, None, slope=1.5, offset=0.7)(cosines.clone(), background)
    torch.testing.assert_close(line, 1.5 * plain + 0.7, atol=1e-4, rtol=1e-5)


def test_the_background_counts_by_the_norm_of_its_odds():
    """What prompts are held against is ``(Σ weight · odds^p)^(1/p)`` of the background and the words that join it."""
    cosines, background = torch.rand(2, 50), 20 + 20 * torch.rand(50)
    weights = torch.tensor([[0.0, 0.6]])
    found = OddsAgainstBackground(((0,),), weights, 40.0, None, norm=3.0)(cosines.clone(), background)
    own, other = 40.0 * cosines.double()
    together = ((3 * background.double()).exp() + 0.6 * (3 * other).exp()).log() / 3
    torch.testing.assert_close(found[0].double(), own - together, atol=1e-4, rtol=1e-5)
