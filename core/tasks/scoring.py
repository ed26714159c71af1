"""Scores from cosines: each prompt by a softmax against the background vocabulary, or a softmax over classes.

A cosine alone has no natural threshold: "water" may lie at 0.2 for one model and one scene and at 0.6 for another. A
prompt is therefore compared with a background vocabulary of common land cover and objects, by a softmax, whose odds are
``exp(τ · own) / Σ weight · exp(τ · other)``. Background words that are synonyms of the prompt lose their weight; words
the user excludes keep theirs. A model that was calibrated on labelled ground says how its odds become a score
(``core.model.prompt_calibration``); for others 0.5 means "as likely as everything else together".

The odds of the whole background are kept with every cell (``core.dense.background_odds``). Only words that lose weight
are multiplied again, to be subtracted from that sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.dense.background_odds import softmax_temperature
from core.dense.odds import OddsAgainstBackground, SharedOdds
from core.dense.scoring import score
from core.errors import InputError
from core.model.prompt_calibration import NOT_CALIBRATED
from core.vocabulary import background_words

if TYPE_CHECKING:
    from core.dense.chunk import FeatureChunk
    from core.dense.encode import DenseEncoder
    from core.model.geolangbind import GeoLangBind

SYNONYM_MARK = "|"
KINSHIP_BEGINS, KINSHIP_ENDS = 0.55, 0.85
"""Cosine between a prompt and a background word from which on the word counts less, and not at all."""


@dataclass(frozen=True)
class Prompt:
    """A prompt with its synonyms.

    Attributes:
        text: as the user wrote it.
        synonyms: alternative texts; the best one counts at every pixel.
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
    """Vectors of texts, looked up by text.

    Args:
        texts: different texts.
        vectors: their unit vectors (T, D).
    """

    def __init__(self, texts: Sequence[str], vectors: Tensor) -> None:
        self.texts = tuple(texts)
        self.vectors = vectors
        self._place = {text: place for place, text in enumerate(self.texts)}

    @classmethod
    def encoded(cls, model: GeoLangBind, texts: Sequence[str]) -> TextSet:
        """Encode texts inside the model's prompt templates; the same text twice is encoded once."""
        different = list(dict.fromkeys(texts))
        return cls(different, model.text_prompts(different).float().cpu())

    def only(self, texts: Sequence[str]) -> TextSet:
        """Returns a part of the set."""
        different = list(dict.fromkeys(texts))
        return TextSet(different, self.vectors[self.places(different)])

    def places(self, texts: Sequence[str]) -> list[int]:
        """Returns the rows of ``vectors`` that hold these texts."""
        return [self._place[text] for text in texts]


class PromptSoftmax:
    """Scores each prompt on its own against negatives and background.

    Args:
        model: for text vectors and the softmax's temperature.
        prompts: texts with their synonyms.
        negatives: words added to the background at full weight.
        background: whether to compare with the background vocabulary; without it, the model's own bias decides.
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
        known = TextSet.encoded(model, [*own, *against, *words])
        kept = torch.stack([_weights_of_words(known, words, prompt) for prompt in prompts])
        kin = [word for word, least in zip(words, kept.amin(0).tolist(), strict=True) if least < 1]
        self._texts = known.only([*own, *against, *kin])
        # What joins the background's odds, and what leaves them.
        weights = torch.zeros(len(prompts), len(self._texts.vectors))
        weights[:, self._texts.places(against)] = 1.0
        weights[:, self._texts.places(kin)] -= 1 - kept[:, [words.index(word) for word in kin]]
        self._calibration = model.prompt_calibration if background else NOT_CALIBRATED
        self._odds = OddsAgainstBackground(
            own=tuple(tuple(self._texts.places(prompt.synonyms)) for prompt in prompts),
            weights=weights,
            temperature=softmax_temperature(model),
            bias=None if background else float(model.logit_bias.detach()),
            norm=self._calibration.norm,
        )

    @property
    def vectors(self) -> Tensor:
        """Unit vectors (T, D) of the texts that every cell is compared with."""
        return self._texts.vectors

    def scorer_of(self, radar: bool) -> OddsAgainstBackground:
        """Returns what scores cells, calibrated for images of radar alone, or for others."""
        line = self._calibration.line_of(radar)
        return replace(self._odds, slope=line.slope, offset=line.offset)


class ClassSoftmax:
    """Scores classes against each other.

    Args:
        model: for text vectors and the temperature.
        classes: synonyms of each class. Their odds are averaged (as probabilities are, not cosines): a class gains
            nothing by having many synonyms, which the best of them would give it.

    Attributes:
        count: number of classes.
    """

    def __init__(self, model: GeoLangBind, classes: Sequence[Sequence[str]]) -> None:
        self.count = len(classes)
        self._texts = TextSet.encoded(model, [text for synonyms in classes for text in synonyms])
        weights = torch.zeros(len(classes), len(self._texts.vectors))
        for row, synonyms in zip(weights, classes, strict=True):
            row[self._texts.places(synonyms)] = 1 / len(synonyms)
        self._odds = SharedOdds(weights, softmax_temperature(model))

    @property
    def vectors(self) -> Tensor:
        """Unit vectors (T, D) of all synonyms."""
        return self._texts.vectors

    def logits(self, cosines: Tensor) -> Tensor:
        """Returns (classes, …) logits of cosines (T, …); their softmax is the classes' probability."""
        return self._odds(cosines, cosines)

    def scorer_of(self, radar: bool) -> SharedOdds:
        """Returns what scores cells; the same for all images."""
        return self._odds


def scored_by(softmax: PromptSoftmax | ClassSoftmax, encoder: DenseEncoder) -> Callable[[FeatureChunk], Tensor]:
    """The function that scores the cells of a chunk: (prompts or classes, h, w) log-odds or logits."""
    texts = encoder.unit_text(softmax.vectors)
    scorer = softmax.scorer_of(encoder.of_radar)
    return lambda chunk: score(chunk, texts, scorer)


def _weights_of_words(known: TextSet, words: Sequence[str], prompt: Prompt) -> Tensor:
    """The weight (B,) of each background word against a prompt: 1 for unrelated words, 0 for its synonyms and group."""
    return weights_of_background(
        known.vectors[known.places(words)], words, known.vectors[known.places(prompt.synonyms)], prompt
    )


def weights_of_background(others: Tensor, words: Sequence[str], own: Tensor, prompt: Prompt) -> Tensor:
    """Weight of each background word against a prompt: 1 for unrelated words, 0 for its synonyms and group.

    Args:
        others: unit vectors (B, D) of the background words.
        words: the background words.
        own: unit vectors (S, D) of the prompt's synonyms.
        prompt: text with its synonyms.

    Returns:
        (B,) float32, 0..1.
    """
    kinship = (others @ own.T).amax(1)
    share = ((kinship - KINSHIP_BEGINS) / (KINSHIP_ENDS - KINSHIP_BEGINS)).clamp(0, 1)
    return (1 - share * share * (3 - 2 * share)) * _unrelated(words, prompt)


def _unrelated(words: Sequence[str], prompt: Prompt) -> Tensor:
    """Returns 0 for background words of the prompt's own group and 1 for all others, (B,)."""
    strangers = set(background_words(prompt.synonyms))
    return torch.tensor([float(word in strangers) for word in words])
