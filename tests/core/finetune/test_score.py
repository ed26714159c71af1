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


def test_the_outcome_names_what_rose_and_what_fell():
    assert "accuracy rose from 79.2 to 87.5 % and mean IoU rose" in outcome(WORSE, GOOD, learnt=True)
    assert "accuracy fell from 87.5 to 86.7 %" in outcome(GOOD, TRADED, learnt=True)
    assert "common ones lost" in outcome(GOOD, TRADED, learnt=True)
    assert "rare ones lost" in outcome(TRADED, GOOD, learnt=True)
    assert "does not hold elsewhere" in outcome(GOOD, WORSE, learnt=True)
    assert "is unchanged" in outcome(GOOD, GOOD, learnt=False)
    assert "not measured" in outcome(NOTHING, NOTHING, learnt=True)
