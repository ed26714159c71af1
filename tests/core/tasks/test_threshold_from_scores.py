"""A threshold from the histogram of scores: found where there are two groups, and only there."""

from __future__ import annotations

import numpy as np
import pyogrio
import pytest

from core.metrics.score_split import LogOddsCounts, split_of
from core.protocol import HighlightParams, Source
from core.tasks import highlight


def _counts(*groups: tuple[float, float, int]) -> np.ndarray:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(mean, deviation, pixels) for mean, deviation, pixels in groups])
    counts = LogOddsCounts(1)
    counts.add(values.reshape(1, 1, -1), np.ones((1, values.size), bool))
    return counts.counts[0]


def _score(log_odds: float) -> float:
    return 1 / (1 + np.exp(-log_odds))


def test_two_groups_are_split_between_them_wherever_they_lie():
    split = split_of(_counts((-9.0, 0.8, 90_000), (-5.0, 0.7, 10_000)))
    assert _score(-7.5) < split.threshold < _score(-6.0)
    assert split.clarity > 0.5
    split = split_of(_counts((1.0, 0.8, 50_000), (5.0, 0.8, 50_000)))
    assert _score(2.5) < split.threshold < _score(3.5)


def test_a_rare_thing_is_split_off_too():
    split = split_of(_counts((-8.0, 0.9, 100_000), (-2.0, 0.6, 400)))
    assert _score(-6.0) < split.threshold < _score(-2.5)


@pytest.mark.parametrize("deviation", [0.3, 1.0, 3.0])
def test_one_hill_is_not_split_however_broad(deviation):
    assert split_of(_counts((-4.0, deviation, 100_000))).threshold is None


def test_a_skewed_hill_is_not_split():
    rng = np.random.default_rng(1)
    values = -10 + rng.gamma(2.0, 1.5, 100_000)
    counts = LogOddsCounts(1)
    counts.add(values.reshape(1, 1, -1), np.ones((1, values.size), bool))
    split = counts.splits()[0]
    assert split.threshold is None
    assert split.clarity < 0.15


def test_groups_that_run_into_each_other_are_less_clear():
    apart = split_of(_counts((-4.0, 0.8, 50_000), (4.0, 0.8, 50_000)))
    near = split_of(_counts((-1.5, 1.0, 50_000), (1.5, 1.0, 50_000)))
    assert apart.clarity > near.clarity > 0
    assert near.threshold == pytest.approx(0.5, abs=0.1)


def test_few_or_no_pixels_say_nothing():
    assert split_of(_counts((-5.0, 0.5, 60), (5.0, 0.5, 60))).threshold is None
    assert split_of(np.zeros_like(_counts((0.0, 1.0, 1)))).clarity == 0.0


def test_pixels_without_data_are_not_counted():
    counts = LogOddsCounts(2)
    counts.add(np.zeros((2, 4, 4)), np.eye(4, dtype=bool))
    assert counts.counts.sum(1).tolist() == [4, 4]


def test_highlight_suggests_a_threshold_for_every_prompt_and_outlines_by_it(scene, run_task, tmp_path):
    params = HighlightParams(
        Source(scene), ("water", "woods"), str(tmp_path / "out.tif"), threshold=None, vector=str(tmp_path / "out.gpkg")
    )
    result = run_task(highlight, params)
    water, woods = result["suggested_thresholds"]
    assert 0 < water["threshold"] < 1
    assert min(water["clarity"], woods["clarity"]) > 0.5
    assert len(pyogrio.list_layers(tmp_path / "out.gpkg")) == 2
