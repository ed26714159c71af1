"""Sample size and allocation for an accuracy assessment (Olofsson et al. 2014, section 5.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import UsageError

LEAST = 50
"""Samples that the paper requests in rare classes at least (50 to 100)."""


def sample_size(
    shares: Sequence[float], users: Sequence[float], standard_error: float, population: int | None = None
) -> int:
    """Returns the sample size that a stratified estimate of overall accuracy needs (equation 13).

    n = (Σ W_i S_i)² / (S(Ô)² + Σ W_i S_i² / N) with S_i = √(U_i (1 - U_i)).

    Args:
        shares: W_i, mapped share of each class; they are brought to sum to 1.
        users: U_i, the user's accuracy that is expected of each class, 0..1.
        standard_error: S(Ô), what the overall accuracy's standard error shall be.
        population: N, pixels of the map; None for so many that they do not matter.

    Raises:
        UsageError: a number is out of range.
    """
    if not 0 < standard_error < 0.5:
        raise UsageError(f"A standard error of {standard_error} is not possible.", hint="Give one such as 0.01.")
    weights, spreads = _weights(shares), _spreads(users)
    rest = 0.0 if population is None else float(weights @ spreads**2) / population
    return max(2, int(np.ceil(float(weights @ spreads) ** 2 / (standard_error**2 + rest) - 1e-9)))


def allocate(total: int, shares: Sequence[float], pixels: Sequence[int], least: int = LEAST) -> NDArray[np.int64]:
    """Deal samples out to classes: ``least`` to each rare one, the others in proportion to their area.

    Args:
        total: samples in all; more are dealt out where even ``least`` a class needs more.
        shares: mapped share of each class.
        pixels: how many pixels each class has; no class gets more samples than that.
        least: smallest number a class.

    Returns:
        (classes,) samples.
    """
    weights = _weights(shares)
    available = np.asarray(pixels, np.int64)
    fixed = np.zeros(len(weights), bool)
    given = np.minimum(least, available)
    while True:
        rest = total - int(given[fixed].sum())
        free = weights[~fixed].sum()
        fair = np.where(fixed, given, rest * weights / free if free > 0 else 0.0)
        small = ~fixed & ((fair < least) | (available <= least))
        if not small.any():
            break
        fixed |= small
        if fixed.all():
            return given
    return np.where(fixed, given, np.minimum(_rounded(fair, fixed), available))


def expected_standard_error(shares: Sequence[float], users: Sequence[float], samples: Sequence[int]) -> float:
    """Returns the expected standard error of the overall accuracy for an allocation (equation 5)."""
    weights, spreads = _weights(shares), _spreads(users)
    return float(np.sqrt(weights**2 @ (spreads**2 / np.maximum(np.asarray(samples) - 1, 1))))


def _weights(shares: Sequence[float]) -> NDArray[np.float64]:
    weights = np.asarray(shares, np.float64)
    if not len(weights) or (weights < 0).any() or not weights.sum() > 0:
        raise UsageError("The map shows no class.", hint="Give a map of classes.")
    return weights / weights.sum()


def _spreads(users: Sequence[float]) -> NDArray[np.float64]:
    expected = np.asarray(users, np.float64)
    if ((expected < 0) | (expected > 1)).any():
        raise UsageError("An expected accuracy is not between 0 and 1.", hint="Give shares such as 0.85.")
    return np.sqrt(expected * (1 - expected))


def _rounded(fair: NDArray[np.float64], fixed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Round so that the sum stays: those with the largest remainders are rounded up."""
    whole = np.floor(fair).astype(np.int64)
    missing = round(float(fair.sum())) - int(whole.sum())
    order = np.argsort(np.where(fixed, -1.0, fair - whole))[::-1]
    whole[order[:missing]] += 1
    return whole
