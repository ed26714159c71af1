"""Shares of classes are estimated from probabilities alone, where those are honest."""

from __future__ import annotations

import numpy as np
import pytest

from core.metrics.class_shares import LEAST_SHARE, estimate_shares
from core.protocol import ClassifyParams, Source
from core.tasks import classify

CLASSES = "water; woods; town"


def _honest(shares: list[float], pixels: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Draw pixels of classes with these shares; probabilities are right for even shares."""
    rng = np.random.default_rng(0)
    truth = rng.choice(len(shares), pixels, p=shares)
    centres = np.arange(len(shares)) * 2.0
    seen = rng.normal(centres[truth], 1.0)
    likelihood = np.exp(-((seen[:, None] - centres) ** 2) / 2)
    return likelihood / likelihood.sum(1, keepdims=True), truth


def test_uneven_shares_are_found_and_make_the_map_more_often_right():
    probabilities, truth = _honest([0.9, 0.08, 0.02])
    shares = estimate_shares(probabilities)
    assert shares == pytest.approx([0.9, 0.08, 0.02], abs=0.02)
    before = (probabilities.argmax(1) == truth).mean()
    assert ((probabilities * shares).argmax(1) == truth).mean() > before + 0.05


def test_even_shares_stay_even():
    assert estimate_shares(_honest([1 / 3, 1 / 3, 1 / 3])[0]) == pytest.approx([1 / 3] * 3, abs=0.02)


def test_an_absent_class_keeps_a_little_and_no_pixels_keep_what_was_assumed():
    shares = estimate_shares(_honest([0.7, 0.3, 0.0])[0])
    assert LEAST_SHARE * 0.9 < shares[2] < 0.02
    assert shares.sum() == pytest.approx(1)
    assert estimate_shares(np.zeros((0, 4))).tolist() == [0.25] * 4


def test_classify_estimates_shares_only_when_asked(scene, run_task, tmp_path):
    plain = run_task(classify, ClassifyParams(Source(scene), str(tmp_path / "plain.tif"), CLASSES))
    estimated = run_task(
        classify, ClassifyParams(Source(scene), str(tmp_path / "shares.tif"), CLASSES, estimate_shares=True)
    )
    assert sum(row["pixels"] for row in estimated["classes"]) == sum(row["pixels"] for row in plain["classes"])
    largest = max(plain["classes"], key=lambda row: row["pixels"])
    same = next(row for row in estimated["classes"] if row["code"] == largest["code"])
    assert same["pixels"] >= largest["pixels"]
