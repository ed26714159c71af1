"""Scorers: functions from the cosines of texts with a cell to scores, by sums of odds.

Reference implementation in torch; ``core.dense.kernels`` does the same in one pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

LOG2_E = math.log2(math.e)
SMALLEST_REST = 1e-6
"""Lower limit of a sum of odds after subtraction of words: less is rounding."""

Scorer = Callable[[Tensor, Tensor], Tensor]
"""(cosines (N, n) of n cells, log-odds (n,) of the background there) to (M, n)."""


@dataclass(frozen=True, eq=False)
class OddsAgainstBackground:
    """Scores each prompt against the background, with negatives added to it and synonyms subtracted.

    Attributes:
        own: the texts of every prompt, by number; the best one counts.
        weights: (prompts, T), of every text's odds in those of the background.
        temperature: from cosines to log-odds.
        bias: log-odds that prompts are compared with instead of the background; None for the background.
        norm: by which odds are added, see ``core.model.prompt_calibration``; the background's are added by it already.
        slope: factor of the log-odds.
        offset: what is added to them then.
    """

    own: tuple[tuple[int, ...], ...]
    weights: Tensor
    temperature: float
    bias: float | None
    norm: float = 1.0
    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, cosines: Tensor, background: Tensor) -> Tensor:
        """Score.

        Args:
            cosines: (T, n) of all texts with every cell.
            background: (n,) log-odds of the background in every cell.

        Returns:
            (prompts, n) log-odds; their sigmoid is the score.
        """
        # In powers of two, of which torch's exponential is the faster one.
        rest = background * LOG2_E if self.bias is None else torch.full_like(background, -self.bias * LOG2_E)
        over = (cosines * (self.temperature * LOG2_E)).sub_(rest)
        own = torch.stack([reduce(torch.maximum, (over[place] for place in places)) for places in self.own])
        others = (self.weights @ over.mul_(self.norm).clamp_(-126, 126).exp2_()).add_(1).clamp_min_(SMALLEST_REST)
        return own.sub_(others.log2_().div_(self.norm)).mul_(self.slope / LOG2_E).add_(self.offset)


@dataclass(frozen=True, eq=False)
class SharedOdds:
    """Scores classes against each other.

    Attributes:
        weights: (classes, T), of the odds of every text; not negative.
        temperature: from cosines to logits.
    """

    weights: Tensor
    temperature: float

    def __call__(self, cosines: Tensor, background: Tensor) -> Tensor:
        """Logits (classes, …) of cosines (T, …); their softmax is the classes' probability."""
        return log_weighted_sums(cosines, self.temperature, self.weights)


def log_weighted_sums(cosines: Tensor, temperature: float, weights: Tensor) -> Tensor:
    """``log Σ weight · exp(temperature · cosine)``, all sums over one set of exponentials.

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
