"""Fit of a pixel classifier to labelled pixels, in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.model.pixel_classifier import STATISTICS, PixelClassifier

MEMBERS, HIDDEN = 8, 16
STEPS = 150
LEARNING_RATE, LAST_RATE = 1e-2, 1e-4
WEIGHT_DECAY = 1e-2
NOISE = 0.3
"""Standard deviation of the noise added to squashed inputs: a few polygons show too little of how a class varies."""
SMOOTHING = 0.05
PIXELS_A_STEP = 1024
NEAR_ONLY, BANDS_ONLY = 3, 2
"""Networks that see no more than the pixel's bands, their means over 3 × 3 pixels and the words, and those that see not
even the words: where a few small polygons are all there is, the wider surroundings of these are no good evidence."""
MOST_WORDS = 1.5
"""Weight of the words' log-probabilities beside the networks', where words are right at every labelled pixel. Elsewhere
it is times the square of their skill there: they have not learnt these labels, so all of them are a fair test."""
LEAST_SCALE = 1e-3
TOLD_EVERY = 10


def fit_pixel_classifier(
    inputs: Tensor,
    labels: NDArray[np.int64],
    *,
    classes: tuple[str, ...],
    wavelengths_um: tuple[float, ...],
    directions: Tensor,
    temperature: float,
    seed: int,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> PixelClassifier:
    """Fit an ensemble of small networks, and weigh the words beside them; classes are sampled equally often.

    Args:
        inputs: (N, F) as ``core.dense.pixel_inputs`` computes them.
        labels: (N,) class of each; all classes are there.
        classes: words of each class.
        wavelengths_um: of the bands, ascending.
        directions: (K + P, D) that the inputs' cosines are taken along.
        temperature: factor of the words' cosines.
        seed: of initial weights, samples and noise.
        on_step: called with the step and its loss now and then.
    """
    chance = torch.Generator().manual_seed(seed)
    count, width = len(classes), inputs.shape[1]

    def drawn(*shape: int, deviation: float) -> Tensor:
        return (torch.randn(*shape, generator=chance) * deviation).requires_grad_()

    seen = _seen_inputs(width, len(wavelengths_um), count)
    classifier = PixelClassifier(
        classes,
        wavelengths_um,
        temperature,
        directions,
        centre=inputs.mean(0),
        scale=inputs.std(0) + LEAST_SCALE,
        weight_in=drawn(MEMBERS, width, HIDDEN, deviation=1.0),
        bias_in=drawn(MEMBERS, 1, HIDDEN, deviation=0.0),
        weight_out=drawn(MEMBERS, HIDDEN, count, deviation=0.1 * HIDDEN**-0.5),
        bias_out=drawn(MEMBERS, 1, count, deviation=0.0),
    )
    with torch.no_grad():
        classifier.weight_in.mul_(seen / seen.sum(1, keepdim=True).sqrt())
    learnt = [classifier.weight_in, classifier.bias_in, classifier.weight_out, classifier.bias_out]
    optimiser = torch.optim.AdamW(learnt, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    squashed, wanted = classifier.squashed(inputs), torch.from_numpy(labels)
    chances = 1.0 / wanted.bincount(minlength=count)[wanted].double()
    with torch.enable_grad():
        for step in range(1, STEPS + 1):
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * (1 - (step - 1) / STEPS) + LAST_RATE
            asked = torch.multinomial(chances, PIXELS_A_STEP, replacement=True, generator=chance)
            noise = torch.randn(MEMBERS, PIXELS_A_STEP, width, generator=chance) * NOISE
            logits = classifier.member_logits((squashed[asked] + noise) * seen.mT)
            loss = F.cross_entropy(logits.flatten(0, 1), wanted[asked].repeat(MEMBERS), label_smoothing=SMOOTHING)
            optimiser.zero_grad(set_to_none=True)
            (MEMBERS * loss).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if step % TOLD_EVERY == 0:
                on_step(step, float(loss.detach()))
    for value in learnt:
        value.requires_grad_(False)
    classifier.weight_in.mul_(seen)
    skill = _skill(classifier.words(inputs).argmax(-1), wanted, count)
    return replace(classifier, words_weight=MOST_WORDS * skill**2)


def _skill(answers: Tensor, wanted: Tensor, classes: int) -> float:
    """Returns the mean of the classes' accuracies, rescaled so that chance is 0 and every answer right 1."""
    right = (answers == wanted).double()
    accuracy = torch.stack([right[wanted == label].mean() for label in range(classes)]).mean()
    return max(0.0, (float(accuracy) * classes - 1) / (classes - 1))


def _seen_inputs(width: int, bands: int, classes: int) -> Tensor:
    """Returns 1 for the inputs that each network sees and 0 for others, (``MEMBERS``, F, 1)."""
    seen = torch.ones(MEMBERS, width, 1)
    words, few = STATISTICS * bands, NEAR_ONLY + BANDS_ONLY
    seen[:few, 2 * bands : words] = 0
    seen[:few, words + classes :] = 0
    seen[NEAR_ONLY:few, words:] = 0
    return seen
