"""Sums of odds: what contests between texts are judged by."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOG2_E = math.log2(math.e)


def log_weighted_sums(cosines: Tensor, temperature: float, weights: Tensor) -> Tensor:
    """Give ``log Σ weight · exp(temperature · cosine)``, all sums over one set of exponentials.

    Args:
        cosines: (T, …) float32.
        temperature: at most 100.
        weights: (S, T), not negative.

    Returns:
        (S, …); where all weights are 0, 87 less than the largest of ``temperature · cosines``.
    """
    largest = cosines.amax(0)
    # 2 to a power instead of e: torch's exponential is a hundred times slower where float32 ends.
    raised = (cosines - largest).mul_(temperature * LOG2_E).clamp_(min=-126).exp2_()
    sums = (weights @ raised.flatten(1)).unflatten(1, largest.shape)
    return sums.clamp_min_(torch.finfo(sums.dtype).tiny).log_().add_(largest, alpha=temperature)
