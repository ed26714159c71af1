"""Texts of classes: synonyms in templates, sampled for every batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

AGREE, DISAGREE, UNDECIDED = 1, 0, -1
"""Whether a text is true of a class, false, or could be said of it (a wood is not an orchard, yet it has trees)."""


@dataclass(frozen=True)
class SampledTexts:
    """The texts of one batch.

    Attributes:
        texts: one per class, then the distractors.
        agreement: (classes, texts) of AGREE, DISAGREE, UNDECIDED; and one row more for each kind of background, in
            which no text agrees.
    """

    texts: tuple[str, ...]
    agreement: NDArray[np.int64]


@dataclass(frozen=True)
class PromptTemplates:
    """The words of a source's classes.

    Attributes:
        classes: synonyms of each class, the plainest first.
        templates: sentences with ``{}`` for the word.
        distractors: words for things absent from the source.
        compatible: pairs of class positions whose words may describe each other.
    """

    classes: tuple[tuple[str, ...], ...]
    templates: tuple[str, ...] = ("{}",)
    distractors: tuple[str, ...] = ()
    compatible: frozenset[tuple[int, int]] = frozenset()

    def draw(self, rng: Generator, distractors: int = 0, backgrounds: Sequence[Sequence[int]] = ()) -> SampledTexts:
        """Draw one text per class, a random synonym in a random template, then texts of things that are not there.

        Args:
            rng: source of chance.
            distractors: how many texts of absent things.
            backgrounds: for each kind of background the positions of the classes that it does not show. Each adds a
                row to the agreement: these classes and the distractors disagree with it, nothing is said of the others.
        """
        words = [synonyms[rng.integers(len(synonyms))] for synonyms in self.classes]
        count = min(distractors, len(self.distractors))
        absent = [self.distractors[item] for item in rng.permutation(len(self.distractors))[:count]]
        agreement = np.full((len(words), len(words) + count), DISAGREE, dtype=np.int64)
        for one, synonyms in enumerate(self.classes):
            for other, word in enumerate(words):
                if one == other or word in synonyms:
                    agreement[one, other] = AGREE
                elif (one, other) in self.compatible or (other, one) in self.compatible:
                    agreement[one, other] = UNDECIDED
        for lacking in backgrounds:
            background = np.full((1, agreement.shape[1]), UNDECIDED, dtype=np.int64)
            background[0, [*lacking, *range(len(words), agreement.shape[1])]] = DISAGREE
            agreement = np.concatenate([agreement, background])
        return SampledTexts(tuple(self._fill(word, rng) for word in words + absent), agreement)

    def texts_of_classes(self) -> list[list[str]]:
        """Returns all texts of each class, every synonym in every template."""
        return [
            [template.replace("{}", word) for word in words for template in self.templates] for words in self.classes
        ]

    def every_text(self) -> list[str]:
        """Returns all texts that can be drawn, so that they can be encoded beforehand."""
        words = [word for synonyms in self.classes for word in synonyms] + list(self.distractors)
        return [template.replace("{}", word) for word in words for template in self.templates]

    def _fill(self, word: str, rng: Generator) -> str:
        return self.templates[rng.integers(len(self.templates))].replace("{}", word)


def prompt_templates_of(
    classes: Sequence[Sequence[str]],
    templates: Sequence[str],
    distractors: Sequence[str],
    compatible: frozenset[tuple[int, int]] = frozenset(),
) -> PromptTemplates:
    """Returns the prompt templates of a source; distractors that are synonyms of its classes are left out."""
    own = {word for words in classes for word in words}
    absent = tuple(word for word in distractors if word not in own)
    return PromptTemplates(tuple(tuple(words) for words in classes), tuple(templates), absent, compatible)
