"""Similarity to examples: logistic regression on unit vectors of positives, negatives and surroundings."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from skimage.filters import threshold_otsu
from torch import Tensor

from core.learning.logistic_regression import fit_centred

SURROUNDINGS = 768
"""Cells of the surroundings that are sampled as negatives."""
PENALTY = 0.01
"""Of the squares of the weights, for vectors of mean length 1."""
FAR_WEIGHT = 0.3
"""Total weight of surroundings that are similar to no positive, where there are negatives."""


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

    A few positives do not define the negatives, so a sample of the surroundings is added to them with the positives'
    total weight: the least similar cells or, once there are negatives, those nearer to them. Other cells that are
    similar to no positive are added with a smaller weight: a negative on fields does not mean that water is wanted
    (docs/decisions/0023).

    Args:
        wanted: (N, D) unit vectors of the positives.
        unwanted: (M, D) unit vectors of the negatives.
        surroundings: (S, D) unit vectors of a sample of the ground.
        weights: (N,) and (M,) of the examples, each adding up to 1; None for equal ones.
    """
    around, far = _contrast(surroundings, wanted, unwanted)
    given = (_even(wanted, 1.0), _even(unwanted, 1.0)) if weights is None else weights
    all_weights = torch.cat([*given, _even(around, 1.0), _even(far, FAR_WEIGHT)])
    labels = (torch.arange(len(all_weights)) < len(wanted)).float()
    return fit_linear_head(torch.cat([wanted, unwanted, around, far]), labels, all_weights)


def _even(group: Tensor, weight: float) -> Tensor:
    """Returns weights (N,) that share out ``weight`` evenly."""
    return torch.full((len(group),), weight / max(1, len(group)))


def fit_linear_head(samples: Tensor, labels: Tensor, weights: Tensor) -> LinearHead:
    """Fit a logistic regression; its quadratic penalty limits overfitting to a few examples.

    Args:
        samples: (N, D) vectors.
        labels: (N,) 1 or 0.
        weights: (N,) of the samples.
    """

    def loss_of(outputs: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(outputs[:, 0], labels, weight=weights, reduction="sum")

    weights, biases = fit_centred(samples, 1, loss_of, PENALTY, iterations=200)
    return LinearHead(weights[0], float(biases[0]))


def _contrast(vectors: Tensor, positives: Tensor, negatives: Tensor) -> tuple[Tensor, Tensor]:
    """Select negatives from a sample of the ground.

    Returns:
        (N, D) vectors similar to the negatives, or least similar to the positives where there are none; and (M, D)
        vectors similar to no positive, empty without negatives.
    """
    likeness = (vectors @ F.normalize(positives, dim=1).T).amax(1)
    if not len(negatives):
        return vectors[likeness <= likeness.quantile(0.75)], vectors[:0]
    nearer = likeness < (vectors @ F.normalize(negatives, dim=1).T).amax(1)
    return vectors[nearer], vectors[likeness < threshold_otsu(likeness.numpy())]
