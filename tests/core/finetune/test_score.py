"""Which of two models is the better one, and what is said of the difference."""

import numpy as np

from core.finetune.report import outcome
from core.finetune.score import FinetuneScore
from core.metrics.confusion import ConfusionMatrix


def score(counts, calibrated=0.5):
    return FinetuneScore(ConfusionMatrix(np.array(counts)), loss=1.0, calibrated_loss=calibrated)


GOOD = score([[90, 10], [5, 15]], 0.9)
WORSE = score([[80, 20], [5, 15]], 0.2)
TRADED = score([[84, 16], [0, 20]], 0.5)
NOTHING = score(np.zeros((2, 2), np.int64), np.nan)


def test_more_right_answers_and_a_higher_mean_iou_go_before_a_lower_loss():
    assert GOOD.better_than(WORSE)
    assert not WORSE.better_than(GOOD)
    assert not GOOD.better_than(GOOD)


def test_of_equally_right_models_the_one_with_the_lower_calibrated_loss_is_better():
    surer = score([[90, 10], [5, 15]], 0.4)
    assert surer.better_than(GOOD)
    assert not GOOD.better_than(surer)


def test_without_held_out_labels_nothing_is_better():
    assert not NOTHING.better_than(GOOD)
    assert not GOOD.better_than(NOTHING)
    assert NOTHING.summary() == {"overall_accuracy": None, "mean_iou": None, "loss": 1.0}


def test_the_outcome_says_what_rose_and_what_fell_one_sentence_each():
    measured = "On blocks that were held out, accuracy went from {} to {} % and mean IoU from {} to {} %."
    assert outcome(WORSE, GOOD, learnt=True) == (measured.format(79.2, 87.5, *mean_ious(WORSE, GOOD)),)
    traded = outcome(GOOD, TRADED, learnt=True)
    assert traded == (measured.format(87.5, 86.7, *mean_ious(GOOD, TRADED)), "Rare classes gained, common ones lost.")
    assert outcome(TRADED, GOOD, learnt=True)[1:] == ("Common classes gained, rare ones lost.",)
    more_places = "Label more places, or places that differ more."
    worse = outcome(GOOD, WORSE, learnt=True)
    assert worse[1:] == ("What was learnt from the labels does not hold elsewhere.", more_places)
    assert "is unchanged" in outcome(GOOD, GOOD, learnt=False)[0]
    assert "not measured" in outcome(NOTHING, NOTHING, learnt=True)[0]


def mean_ious(*scores):
    """Mean IoU of scores in per cent, with one decimal."""
    return [f"{100 * score.mean_iou:.1f}" for score in scores]
