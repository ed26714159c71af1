"""Linear probe and nearest neighbours on frozen features."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.learning.logistic_regression import fit_linear, linear_outputs

NEIGHBOURS = 20
NEIGHBOUR_TEMPERATURE = 0.07
PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
HELD_OUT = 5
"""One in so many training images chooses the penalty."""

Targets = NDArray[np.int64]
Classifier = Callable[[Tensor, Targets, Tensor], Targets]
"""(training vectors, their classes, test vectors) to the classes of the test vectors."""


def nearest_neighbours(train: Tensor, targets: Targets, test: Tensor, count: int = NEIGHBOURS) -> Targets:
    """Classify by weighted vote of the nearest neighbours (Wu et al. 2018, as in DINO's evaluation).

    Args:
        train: unit vectors (N, D).
        targets: (N,) their classes.
        test: unit vectors (M, D).
        count: neighbours that vote, with weights exp(cosine / 0.07).
    """
    classes = F.one_hot(torch.from_numpy(targets)).float()
    chosen = []
    for part in test.split(1024):
        cosines, places = (part @ train.T).topk(min(count, len(train)), dim=1)
        votes = (cosines / NEIGHBOUR_TEMPERATURE).exp()[:, :, None] * classes[places.cpu()].to(cosines)
        chosen.append(votes.sum(1).argmax(1).cpu())
    return torch.cat(chosen).numpy()


def linear_probe(train: Tensor, targets: Targets, test: Tensor) -> Targets:
    """Classify by multinomial logistic regression on frozen features; a fifth of the training set chooses the penalty.

    Args:
        train: vectors (N, D).
        targets: (N,) their classes.
        test: vectors (M, D).
    """
    mean, spread = train.mean(0), train.std(0).clamp_min(1e-6)
    train, test = (train - mean) / spread, (test - mean) / spread
    wanted = torch.from_numpy(targets).to(train.device)
    classes = int(targets.max()) + 1
    # Every fifth image of each class, so that the smallest class is looked at too.
    held = torch.from_numpy(_ranks(targets) % HELD_OUT == HELD_OUT - 1).to(train.device)
    penalty = PENALTIES[2]
    if held.any():
        scores = []
        for candidate in PENALTIES:
            weights = _fit(train[~held], wanted[~held], classes, candidate)
            scores.append(float((_classify(train[held], weights) == wanted[held]).float().mean()))
        penalty = PENALTIES[int(np.argmax(scores))]
    return _classify(test, _fit(train, wanted, classes, penalty)).cpu().numpy()


def cross_validated(classifier: Classifier, vectors: Tensor, targets: Targets, folds: int = 5) -> Targets:
    """Classify every image by a classifier that never saw it: stratified folds, where a set has no training part."""
    predicted = np.zeros_like(targets)
    for train, test in _folds(targets, folds):
        predicted[test] = classifier(vectors[torch.from_numpy(train)], targets[train], vectors[torch.from_numpy(test)])
    return predicted


def _folds(targets: Targets, folds: int) -> Iterator[tuple[Targets, Targets]]:
    fold_of = _ranks(targets) % folds
    for fold in range(folds):
        test = np.flatnonzero(fold_of == fold)
        if len(test):
            yield np.flatnonzero(fold_of != fold), test


def _ranks(targets: Targets) -> Targets:
    """Number the images of each class, in an order that is random but always the same."""
    order = np.random.default_rng(0).permutation(len(targets))
    ranks = np.zeros(len(targets), np.int64)
    for target in np.unique(targets):
        own = order[targets[order] == target]
        ranks[own] = np.arange(len(own))
    return ranks


def _fit(vectors: Tensor, targets: Tensor, classes: int, penalty: float) -> Tensor:
    return fit_linear(vectors, classes, lambda outputs: F.cross_entropy(outputs, targets), penalty)


def _classify(vectors: Tensor, weights: Tensor) -> Tensor:
    return linear_outputs(vectors, weights).argmax(1)
