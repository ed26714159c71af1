"""Loss on the score of a prompt as at inference: sigmoid cross entropy of its odds against the background, per pixel.

``core highlight`` holds a prompt against a background vocabulary. The odds trained here are the plain ones, of norm 1;
what makes scores of them is fitted afterwards (``core.model.prompt_calibration``).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.dense.background_odds import softmax_temperature
from core.model.geolangbind import GeoLangBind
from core.pretrain.prompt_templates import AGREE, DISAGREE
from core.tasks.scoring import Prompt, weights_of_background
from core.vocabulary import background_words

ABSENT_SHARE = 3.0
"""Weight of all false prompts of a pixel over its true one: a prior of one in four."""
SMALLEST_REST = 1e-6
"""Lower limit of the background's odds, relative to the largest."""


@dataclass(frozen=True)
class BackgroundTexts:
    """The background vocabulary, and its weights for each training text.

    Attributes:
        vectors: unit vectors (B, D) of its words.
        weights: by text (B,): 1 for words of other meaning, 0 for synonyms.
    """

    vectors: Tensor
    weights: dict[str, Tensor]

    @classmethod
    @torch.no_grad()
    def of(cls, model: GeoLangBind, texts: dict[str, Tensor]) -> BackgroundTexts:
        """Encode the vocabulary by a model, and compute its weights for texts with their unit vectors (D,)."""
        words = background_words()
        vectors = F.normalize(model.text_prompts(list(words)).float(), dim=1)
        weights = {
            text: weights_of_background(vectors, words, vector[None], Prompt(text, (text,)))
            for text, vector in texts.items()
        }
        return cls(vectors, weights)


def prompt_loss(
    model: GeoLangBind,
    cosines: Tensor,
    background_cosines: Tensor,
    weights: Tensor,
    truth: Tensor,
    own: int = 0,
    own_share: float = 0.0,
) -> Tensor:
    """Losses of every prompt at every pixel, by the odds that ``highlight`` computes.

    Args:
        model: for its temperature, which gets no gradient.
        cosines: (P, T) of pixels with drawn texts.
        background_cosines: (P, B) of pixels with the background vocabulary.
        weights: (T, B) of the background for each text.
        truth: (P, T) of AGREE, DISAGREE, UNDECIDED.
        own: how many of the texts, the first ones, are of the source's classes; the others are distractors.
        own_share: share of the absent prompts' weight that the source's classes take; 0 for all alike. A source of one
            class would otherwise hardly tell where that class is not.

    Returns:
        Scalar: mean over pixels of the cross-entropy of true prompts, plus ``ABSENT_SHARE`` times that of absent ones.
    """
    temperature = softmax_temperature(model)
    largest = background_cosines.detach().amax(1, keepdim=True)
    sums = (temperature * (background_cosines - largest)).exp() @ weights.T
    odds = temperature * (cosines - largest) - sums.clamp_min(SMALLEST_REST).log()
    true, absent = (truth == AGREE).float(), (truth == DISAGREE).float()
    found = (F.softplus(-odds) * true).sum(1) / true.sum(1).clamp_min(1)
    alarms = F.softplus(odds) * absent
    if own_share:
        mean = own_share * _mean_of(alarms[:, :own], absent[:, :own])
        mean = mean + (1 - own_share) * _mean_of(alarms[:, own:], absent[:, own:])
    else:
        mean = _mean_of(alarms, absent)
    return (found + ABSENT_SHARE * mean).mean()


def _mean_of(values: Tensor, counted: Tensor) -> Tensor:
    """Returns the mean (P,) over the texts that count, 0 where there are none; values are 0 elsewhere."""
    return values.sum(1) / counted.sum(1).clamp_min(1)
