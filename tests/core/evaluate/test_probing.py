"""Probes learn what is to be learnt and never see what they are tested on; intervals are as wide as they should be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.evaluate.probing import cross_validated, linear_probe, nearest_neighbours
from core.metrics.bootstrap import bootstrap_interval, share_interval


def clusters(count, seed, spread=0.15):
    """Unit vectors around four directions, and which of them."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(count) % 4
    centres = F.one_hot(targets, 12).float()
    return F.normalize(centres + spread * torch.randn(count, 12, generator=generator), dim=1), targets.numpy()


@pytest.mark.parametrize("classifier", [linear_probe, nearest_neighbours])
def test_well_separated_classes_are_classified_rightly(classifier):
    train, targets = clusters(80, 1)
    test, wanted = clusters(40, 2)
    assert (classifier(train, targets, test) == wanted).mean() > 0.97


@pytest.mark.parametrize("classifier", [linear_probe, nearest_neighbours])
def test_features_that_say_nothing_score_as_chance_on_images_held_out(classifier):
    vectors = F.normalize(torch.randn(200, 40, generator=torch.Generator().manual_seed(0)), dim=1)
    targets = np.arange(200) % 4
    assert (cross_validated(classifier, vectors, targets) == targets).mean() < 0.4


def test_neighbours_near_by_outvote_more_of_them_farther_off():
    train = F.normalize(torch.tensor([[1.0, 0.0], [0.5, 1.0], [0.5, 1.0], [0.5, 1.0]]), dim=1)
    test = torch.tensor([[1.0, 0.0]])
    assert nearest_neighbours(train, np.array([0, 1, 1, 1]), test, count=4).tolist() == [0]


def test_each_image_is_classified_once_by_those_of_other_folds():
    seen = []

    def classifier(train, targets, test):
        seen.append((len(train), len(test)))
        assert not set(map(tuple, train.tolist())) & set(map(tuple, test.tolist()))
        assert set(targets.tolist()) == {0, 1}
        return np.zeros(len(test), np.int64)

    vectors = torch.arange(40.0).reshape(20, 2)
    cross_validated(classifier, vectors, np.arange(20) % 2, folds=5)
    assert seen == [(16, 4)] * 5


def test_the_interval_of_a_share_is_that_of_the_binomial():
    hits = np.arange(400) % 4 == 0
    low, high = share_interval(hits)
    # 0.25 ± 1.96 · √(0.25 · 0.75 / 400)
    assert low == pytest.approx(0.25 - 0.0424, abs=0.01)
    assert high == pytest.approx(0.25 + 0.0424, abs=0.01)
    assert share_interval(hits) == (low, high)


def test_one_image_has_no_interval():
    assert np.isnan(bootstrap_interval(lambda chosen: 1.0, 1)).all()
