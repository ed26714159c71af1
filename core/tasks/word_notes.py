"""Notes on words that the model was not trained with, and the known words that replace them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.model.known_words import KINSHIP_BEGINS, SAME
from core.tasks.scoring import Prompt

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind


def word_notes(model: GeoLangBind, prompts: Sequence[Prompt]) -> list[str]:
    """Returns a sentence for every word that the model was not trained with; none without known words.

    Args:
        model: for its vectors and known words.
        prompts: those of the user, and the excluded words.
    """
    if model.known_words is None:
        return []
    words = list(dict.fromkeys(word for prompt in prompts for word in prompt.synonyms))
    notes = []
    for word, vector in zip(words, model.template_means(words), strict=True):
        nearest = model.known_words.nearest(vector.float())
        best = nearest[0][1]
        if best >= SAME:
            continue
        if best < KINSHIP_BEGINS:
            notes.append(f'The model was not trained with "{word}" or anything like it: check what it finds.')
        else:
            notes.append(
                f'The model was not trained with "{word}" and reads it as {_listed([name for name, _ in nearest])}.'
            )
    return notes


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
