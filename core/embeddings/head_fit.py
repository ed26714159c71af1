"""Softmax regression of classes on embeddings."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.learning.logistic_regression import fit_centred

STEPS = 300


def fit_class_head(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], classes: int, penalty: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], list[float]]:
    """Fit a softmax regression; every class weighs the same, whatever its number of pixels.

    Args:
        vectors: (N, D) unit vectors.
        labels: (N,) class of each.
        classes: number of classes.
        penalty: weight of the squared weights beside the mean loss.

    Returns:
        Weights (K, D), biases (K,), and the loss after every step.
    """
    samples, wanted = torch.from_numpy(vectors), torch.from_numpy(labels)
    counts = torch.bincount(wanted, minlength=classes).clamp_min(1)
    each = 1.0 / counts[wanted]
    each = each / each.sum()
    losses: list[float] = []

    def loss_of(logits: Tensor) -> Tensor:
        loss = (each * F.cross_entropy(logits, wanted, reduction="none")).sum()
        losses.append(float(loss.detach()))
        return loss

    weights, biases = fit_centred(samples, classes, loss_of, penalty, iterations=STEPS)
    return weights.numpy().copy(), biases.numpy().copy(), losses
