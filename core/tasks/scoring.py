"""From words and cosines to scores: one prompt against the rest of the world, or classes against each other.

A cosine alone has no natural threshold: "water" may lie at 0.2 for one model and one scene and at 0.6 for another. A
prompt is therefore put in contest with a background vocabulary of what else the ground may hold; its score is the
share it wins, ``exp(τ · own) / (exp(τ · own) + Σ weight · exp(τ · other))``, so that 0.5 means "as likely as
everything else together". Background words that mean the prompt itself lose their weight; words the person excludes
keep all of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.errors import InputError
from core.vocabulary import background_words

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

SYNONYM_MARK = "|"
LOG2_E = math.log2(math.e)
KINSHIP_BEGINS, KINSHIP_ENDS = 0.55, 0.85
"""Cosine between a prompt and a background word from which on the word counts less, and not at all."""


@dataclass(frozen=True)
class Prompt:
    """One thing looked for.

    Attributes:
        text: as the person wrote it.
        synonyms: its wordings; the best one counts at every place.
    """

    text: str
    synonyms: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Prompt:
        """Read "town | village | houses".

        Raises:
            InputError: there is no word in it.
        """
        synonyms = tuple(dict.fromkeys(part.strip() for part in text.split(SYNONYM_MARK) if part.strip()))
        if not any(any(letter.isalnum() for letter in synonym) for synonym in synonyms):
            raise InputError("The prompt is empty.", hint='Say what to look for, such as "water".')
        return cls(text.strip(), synonyms)


def parse_prompts(texts: Sequence[str]) -> tuple[Prompt, ...]:
    """Read prompts.

    Raises:
        InputError: there is none, or one is empty.
    """
    if not texts:
        raise InputError("There is no prompt.", hint='Say what to look for, such as "water".')
    return tuple(Prompt.parse(text) for text in texts)


class TextSet:
    """Texts encoded once and looked up by their place.

    Args:
        model: encodes them, inside its prompt templates.
        texts: all texts; the same text twice is encoded once.
    """

    def __init__(self, model: GeoLangBind, texts: Sequence[str]) -> None:
        self.texts = tuple(dict.fromkeys(texts))
        self.vectors = model.text_prompts(list(self.texts)).float().cpu()
        self._place = {text: place for place, text in enumerate(self.texts)}

    def places(self, texts: Sequence[str]) -> list[int]:
        """Give the rows of ``vectors`` that hold these texts."""
        return [self._place[text] for text in texts]


class PromptContest:
    """Scores each prompt on its own against negatives and background.

    Args:
        model: gives text vectors and the contest's temperature.
        prompts: what is looked for.
        negatives: words that take their share at full weight.
        background: whether to contest against the background vocabulary; without it, the model's own bias decides.
    """

    def __init__(
        self,
        model: GeoLangBind,
        prompts: Sequence[Prompt],
        negatives: Sequence[Prompt] = (),
        background: bool = True,
    ) -> None:
        own = [synonym for prompt in prompts for synonym in prompt.synonyms]
        against = [synonym for prompt in negatives for synonym in prompt.synonyms]
        words = background_words() if background else ()
        self._texts = TextSet(model, [*own, *against, *words])
        self._own = [self._texts.places(prompt.synonyms) for prompt in prompts]
        self._background = self._texts.places(words)
        # Of all texts, most of them with no weight: picking rows out would copy more than it spares.
        self._weights = torch.zeros(len(prompts), len(self._texts.vectors) + (not words))
        for weights, places, prompt in zip(self._weights, self._own, prompts, strict=True):
            weights[self._texts.places(against)] = 1.0
            weights[self._background] += self._kinship_weights(places) * _unrelated(words, prompt)
            if not words:
                weights[-1] = 1.0
        self._temperature = temperature(model)
        self._bias = float(model.logit_bias.detach())

    @property
    def vectors(self) -> Tensor:
        """Unit vectors (T, D) of all texts of the contest."""
        return self._texts.vectors

    def logits(self, cosines: Tensor) -> Tensor:
        """Judge the contest.

        Args:
            cosines: (T, …) of ``vectors`` with every cell.

        Returns:
            (prompts, …) log-odds; their sigmoid is the score.
        """
        own = torch.stack([reduce(torch.maximum, (cosines[place] for place in places)) for places in self._own])
        if not self._background:
            # Without a background the model's own bias stands for the rest of the world.
            cosines = torch.cat([cosines, torch.full_like(cosines[:1], -self._bias / self._temperature)])
        return own.mul_(self._temperature).sub_(log_weighted_sums(cosines, self._temperature, self._weights))

    def _kinship_weights(self, own_places: list[int]) -> Tensor:
        """Give each background word the weight (B,) it has against a prompt: 1 for strangers, 0 for its synonyms."""
        vectors = self._texts.vectors
        if not self._background:
            return torch.ones(0)
        kinship = (vectors[self._background] @ vectors[own_places].T).amax(1)
        share = ((kinship - KINSHIP_BEGINS) / (KINSHIP_ENDS - KINSHIP_BEGINS)).clamp(0, 1)
        return 1 - share * share * (3 - 2 * share)


class ClassContest:
    """Scores classes against each other.

    Args:
        model: gives text vectors and the temperature.
        classes: wordings of each class. Their odds are averaged (as probabilities are, not cosines): a class gains
            nothing by having many wordings, which the best of them would give it.
    """

    def __init__(self, model: GeoLangBind, classes: Sequence[Sequence[str]]) -> None:
        self._texts = TextSet(model, [text for wordings in classes for text in wordings])
        self._classes = [self._texts.places(wordings) for wordings in classes]
        self._shares = torch.zeros(len(self._classes), len(self._texts.vectors))
        for share, places in zip(self._shares, self._classes, strict=True):
            share[places] = 1 / len(places)
        self._temperature = temperature(model)

    @property
    def vectors(self) -> Tensor:
        """Unit vectors (T, D) of all wordings."""
        return self._texts.vectors

    def logits(self, cosines: Tensor) -> Tensor:
        """Give (classes, …) logits of cosines (T, …); their softmax is the classes' probability."""
        return log_weighted_sums(cosines, self._temperature, self._shares)


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


def _unrelated(words: Sequence[str], prompt: Prompt) -> Tensor:
    """Give 0 for background words of the prompt's own group and 1 for all others, (B,)."""
    strangers = set(background_words(prompt.synonyms))
    return torch.tensor([float(word in strangers) for word in words])


def temperature(model: GeoLangBind) -> float:
    """Give the factor from cosines to logits that the model was trained with, within what contests bear."""
    return min(100.0, max(10.0, float(model.logit_scale.detach().exp())))
