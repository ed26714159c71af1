"""What the study of distillation says of a translation: whether places differ as the teacher's do, and by how much."""

from __future__ import annotations

import pytest
import torch

from training.studies.distilled import fit_of

WANTED, NOISE = torch.randn(2, 200, 6, generator=torch.Generator().manual_seed(1))


def test_the_mean_as_answer_explains_nothing():
    found = fit_of(WANTED.mean(0).expand_as(WANTED) + 0.01 * NOISE, WANTED)
    assert found["R²"] == pytest.approx(0, abs=0.01)
    assert abs(found["cosine of deviations"]) < 0.2


def test_a_constant_offset_costs_variance_but_no_direction():
    found = fit_of(WANTED + 2.0, WANTED)
    assert found["R²"] < -1
    assert found["cosine of deviations"] == pytest.approx(1)


def test_deviations_of_half_the_size_keep_their_direction():
    found = fit_of(0.5 * WANTED, WANTED)
    assert found["R²"] == pytest.approx(0.75, abs=0.02)
    assert found["cosine of deviations"] == pytest.approx(1)
