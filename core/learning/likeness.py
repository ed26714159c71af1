"""Similarity to examples: logistic regression on unit vectors of positives, negatives and surroundings."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from skimage.filters import threshold_otsu
from torch import Tensor

from core.learning.logistic_regression import fit_linear

SURROUNDINGS = 768
"""Cells of the surroundings that stand for "not this" as long as the user has not shown enough of it."""
PENALTY = 0.01
"""Of the squares of the weights, for vectors at a mean distance of one."""
FAR_WEIGHT = 0.3
"""What the surroundings that are like none of the positives weigh in all, beside examples of what is not meant."""


class LinearHead:
    """Log-odds ``weight · feature + bias`` of unit-length features.

    Args:
        weight: (D,).
        bias: a number.
    """

    def __init__(self, weight: Tensor, bias: float) -> None:
        self.weight = weight
        self.bias = bias


def fit_likeness(
    wanted: Tensor, unwanted: Tensor, surroundings: Tensor, weights: tuple[Tensor, Tensor] | None = None
) -> LinearHead:
    """Fit a logistic regression to examples.

    One click says little about what is *not* meant, so a sample of the surroundings joins the negatives with as much
    weight, in all, as the positives: what is least like them or, once there are negatives, what is nearer to those.
    Then the rest that is like none of the positives joins with a smaller weight: a click against fields does not mean
    that water is wanted (docs/decisions/0023).

    Args:
        wanted: (N, D) unit vectors at places of what is looked for.
        unwanted: (M, D) unit vectors at places of what is not.
        surroundings: (S, D) unit vectors of a sample of the ground.
        weights: (N,) and (M,) what the examples weigh, each adding up to 1; None for all alike.
    """
    around, far = _contrast(surroundings, wanted, unwanted)
    given = (_even(wanted, 1.0), _even(unwanted, 1.0)) if weights is None else weights
    all_weights = torch.cat([*given, _even(around, 1.0), _even(far, FAR_WEIGHT)])
    labels = (torch.arange(len(all_weights)) < len(wanted)).float()
    return logistic_regression(torch.cat([wanted, unwanted, around, far]), labels, all_weights)


def _even(group: Tensor, weight: float) -> Tensor:
    """Returns weights (N,) that share out ``weight`` evenly."""
    return torch.full((len(group),), weight / max(1, len(group)))


def logistic_regression(samples: Tensor, labels: Tensor, weights: Tensor) -> LinearHead:
    """Minimise the weighted loss with a quadratic penalty, which keeps a few examples from being learnt by heart.

    Args:
        samples: (N, D) vectors.
        labels: (N,) 1 or 0.
        weights: (N,) what each weighs.
    """
    mean = samples.mean(0)
    centred = samples - mean
    scale = centred.norm(dim=1).mean().clamp_min(1e-6)

    def loss_of(outputs: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(outputs[:, 0], labels, weight=weights, reduction="sum")

    fitted = fit_linear(centred / scale, 1, loss_of, PENALTY, iterations=200)[:, 0]
    weight = fitted[:-1] / scale
    return LinearHead(weight, float(fitted[-1] - mean @ weight))


def _contrast(vectors: Tensor, positives: Tensor, negatives: Tensor) -> tuple[Tensor, Tensor]:
    """Divide a sample of the ground into what is not meant and what is like none of the positives.

    Returns:
        (N, D) vectors that are not meant, and (M, D) vectors that are like none of the positives, which is known only
        where negatives say what else there is.
    """
    likeness = (vectors @ F.normalize(positives, dim=1).T).amax(1)
    if not len(negatives):
        return vectors[likeness <= likeness.quantile(0.75)], vectors[:0]
    nearer = likeness < (vectors @ F.normalize(negatives, dim=1).T).amax(1)
    return vectors[nearer], vectors[likeness < threshold_otsu(likeness.numpy())]
