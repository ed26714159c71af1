"""Several classes an image: the figures are those of the definitions, and no scorer sees what it is tested on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn import metrics as sklearn_metrics

from core.evaluate.multi_label import (
    average_precisions,
    linear_logits,
    mean_average_precision,
    neighbour_logits,
)
from core.metrics.f1 import f1_score


def many(count, seed):
    """Unit vectors that are sums of the directions of the classes they show."""
    generator = torch.Generator().manual_seed(seed)
    shown = torch.rand(count, 5, generator=generator) < 0.4
    noise = 0.1 * torch.randn(count, 16, generator=generator)
    return F.normalize(F.pad(shown.float(), (0, 11), value=0.2) + noise, dim=1), shown.numpy()


@pytest.mark.parametrize("scorer", [linear_logits, neighbour_logits])
def test_classes_that_features_tell_are_found_together(scorer):
    train, known = many(200, 1)
    test, shown = many(80, 2)
    logits = scorer(train, known, test)
    assert f1_score(logits > 0, shown) > 0.9
    assert mean_average_precision(logits, shown) > 0.95
    unrelated = scorer(train, np.random.default_rng(0).permutation(known), test)
    assert mean_average_precision(unrelated, shown) < 0.6


def test_figures_are_those_of_scikit_learn_also_where_scores_are_equal():
    rng = np.random.default_rng(3)
    shown = rng.random((60, 4)) < 0.3
    for logits in (rng.normal(size=(60, 4)), rng.integers(-2, 3, (60, 4))):
        logits = logits.astype(np.float32)
        expected = [sklearn_metrics.average_precision_score(shown[:, place], logits[:, place]) for place in range(4)]
        np.testing.assert_allclose(average_precisions(logits, shown), expected)
        assert f1_score(logits > 0, shown) == pytest.approx(
            sklearn_metrics.f1_score(shown, logits > 0, average="micro")
        )


def test_classes_that_no_image_shows_count_for_nothing():
    logits = np.array([[3.0, 5.0], [1.0, 4.0]], np.float32)
    shown = np.array([[True, False], [False, False]])
    np.testing.assert_allclose(average_precisions(logits, shown), [1.0, np.nan])
    assert mean_average_precision(logits, shown) == 1.0
    assert np.isnan(mean_average_precision(logits, np.zeros((2, 2), bool)))
    assert f1_score(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 0.0
