"""Images with several classes each: prompts, linear classifier and nearest neighbours.

Measured as such sets are: F1 over all images and classes together (micro), which is GEO-Bench's figure for
m-bigearthnet, and the mean over classes of the average precision, which requests no threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.evaluate.probing import HELD_OUT, NEIGHBOUR_TEMPERATURE, NEIGHBOURS, PENALTIES
from core.learning.logistic_regression import fit_linear, linear_outputs
from core.model.geolangbind import GeoLangBind
from core.tasks.scoring import ClassSoftmax
from core.vocabulary import background_words

Shown = NDArray[np.bool_]
"""Which classes each image shows, (N, classes)."""
Logits = NDArray[np.float32]
"""Log-odds that an image shows a class, (N, classes)."""


def logits_by_words(model: GeoLangBind, images: Tensor, class_words: Sequence[Sequence[str]]) -> Logits:
    """Log-odds of each class by itself against the words of the background vocabulary with other meanings.

    Args:
        model: encodes the words.
        images: unit vectors (N, D).
        class_words: synonyms of each class.
    """
    words = background_words()
    softmax = ClassSoftmax(model, [*class_words, *([word] for word in words)])
    own, others = softmax.logits(softmax.vectors @ images.float().cpu().T).split((len(class_words), len(words)))
    strangers = [set(background_words(tuple(synonyms))) for synonyms in class_words]
    against = torch.stack([others[[word in known for word in words]].logsumexp(0) for known in strangers])
    return (own - against).T.numpy()


def linear_logits(train: Tensor, shown: Shown, test: Tensor) -> Logits:
    """Score by one logistic regression a class on frozen features; a fifth of the training set chooses the penalty.

    Args:
        train: vectors (N, D).
        shown: (N, classes).
        test: vectors (M, D).
    """
    mean, spread = train.mean(0), train.std(0).clamp_min(1e-6)
    train, test = (train - mean) / spread, (test - mean) / spread
    wanted = torch.from_numpy(shown).to(train)
    held = torch.from_numpy(np.random.default_rng(0).permutation(len(shown)) % HELD_OUT == 0).to(train.device)
    penalty = PENALTIES[2]
    if held.any() and not held.all():
        losses = []
        for candidate in PENALTIES:
            weights = _fit(train[~held], wanted[~held], candidate)
            losses.append(float(_loss(linear_outputs(train[held], weights), wanted[held])))
        penalty = PENALTIES[int(np.argmin(losses))]
    weights = _fit(train, wanted, penalty)
    return linear_outputs(test, weights).cpu().numpy()


def neighbour_logits(train: Tensor, shown: Shown, test: Tensor, count: int = NEIGHBOURS) -> Logits:
    """Score by the share of the nearest neighbours' votes, weighted as in ``probing.nearest_neighbours``.

    Args:
        train: unit vectors (N, D).
        shown: (N, classes).
        test: unit vectors (M, D).
        count: neighbours that vote.
    """
    wanted = torch.from_numpy(shown).to(train)
    shares = []
    for part in test.split(1024):
        cosines, places = (part @ train.T).topk(min(count, len(train)), dim=1)
        votes = (cosines / NEIGHBOUR_TEMPERATURE).softmax(1)
        shares.append(torch.einsum("mn,mnc->mc", votes, wanted[places]))
    return torch.cat(shares).logit(eps=1e-6).cpu().numpy()


def average_precisions(logits: Logits, shown: Shown) -> NDArray[np.float64]:
    """Returns each class's average precision (classes,), NaN for one that no image shows.

    The mean over a class's images of the share that shows it among those scored at least as high.
    """
    order = np.argsort(-logits, axis=0, kind="stable")
    hits = np.take_along_axis(shown, order, axis=0)
    scores = np.take_along_axis(logits, order, axis=0)
    found = hits.cumsum(0)
    last = _last_of_equals(scores)
    precision = np.take_along_axis(found, last, axis=0) / (last + 1)
    count = shown.sum(0)
    return np.where(count > 0, (precision * hits).sum(0) / np.maximum(count, 1), np.nan)


def mean_average_precision(logits: Logits, shown: Shown) -> float:
    """Returns the mean average precision over the classes that some image shows; NaN without any."""
    precisions = average_precisions(logits, shown)
    return float(np.nanmean(precisions)) if np.isfinite(precisions).any() else float("nan")


def _last_of_equals(scores: Logits) -> NDArray[np.int64]:
    """Returns the last place of the run of equal scores that each place of a sorted column (N, classes) lies in."""
    count = len(scores)
    ends = np.ones(scores.shape, bool)
    ends[:-1] = scores[1:] != scores[:-1]
    places = np.where(ends, np.arange(count)[:, None], count)
    return np.minimum.accumulate(places[::-1], axis=0)[::-1]


def _fit(vectors: Tensor, wanted: Tensor, penalty: float) -> Tensor:
    return fit_linear(vectors, wanted.shape[1], lambda outputs: _loss(outputs, wanted), penalty)


def _loss(outputs: Tensor, wanted: Tensor) -> Tensor:
    """Sum over classes, mean over images, so that a penalty weighs as it does among exclusive classes."""
    return F.binary_cross_entropy_with_logits(outputs, wanted) * wanted.shape[1]
