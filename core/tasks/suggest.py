"""Suggestions for a prompt without matches: words with the nearest vectors that have matches in the scene."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.context import Context
from core.dense.features import DenseFeatures
from core.protocol import SuggestParams
from core.tasks.scene import Scene, open_scene
from core.tasks.scoring import SYNONYM_MARK, Prompt, PromptSoftmax, scored_by
from core.vocabulary import RESOURCES, word_groups

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

NEAREST = 32
"""Number of nearest words that are scored."""
MOST_CHUNKS = 12
"""Largest number of chunks that are scored, spread over the window."""
LEAST_SHARE = 0.002
"""Least share of matching cells of a suggested word."""


def run(params: SuggestParams, context: Context) -> dict[str, Any]:
    """Return the words nearest to a prompt that have matches in a scene.

    Args:
        params: parameters of the task; stored features of the same part are reused.
        context: reports progress; cancellation is checked between two chunks.

    Returns:
        words: [{word, share, highest}], the nearest in meaning first: the share of the cells (0..1) with a score of
        at least 0.5, and the highest score; prompt; model.

    Raises:
        GeoLangBindError: the prompt is empty, or the raster or the model cannot be used.
    """
    prompt = Prompt.parse(params.prompt)
    with open_scene(params.source, extent=params.extent, resolution=params.resolution, model=params.model) as scene:
        context.progress(0.0, "Loading the model")
        model: GeoLangBind = context.models.get(params.model, params.device)
        near = nearest_words(model, prompt)
        features = scene.features(model, context=context)
        shares, highest = _found(features, scene, [Prompt.parse(word) for word in near], context)
    words = [
        {"word": word, "share": float(share), "highest": float(high)}
        for word, share, high in zip(near, shares, highest, strict=True)
        if share >= LEAST_SHARE
    ]
    return {"prompt": params.prompt, "model": params.model, "words": words[: params.most]}


def show(result: dict[str, Any]) -> str:
    """The result in words, for the command line."""
    lines = [f"{item['word']}: {100 * item['share']:.1f} % of the cells" for item in result["words"]]
    return "\n".join(lines) or f"No word near {result['prompt']!r} scores here."


def nearest_words(model: GeoLangBind, prompt: Prompt, count: int = NEAREST) -> list[str]:
    """Returns known words by their cosine to a prompt, the nearest first, without its own."""
    own = {synonym.casefold() for synonym in prompt.synonyms}
    words = [word for word in known_words() if word.casefold() not in own]
    vectors = model.text_prompts([*prompt.synonyms, *words]).float().cpu()
    wanted, others = vectors[: len(prompt.synonyms)], vectors[len(prompt.synonyms) :]
    order = (others @ wanted.T).amax(1).argsort(descending=True, stable=True)
    return [words[place] for place in order[:count].tolist()]


@cache
def known_words() -> tuple[str, ...]:
    """Returns the English words of the glossary and of the background vocabulary, each once."""
    glossary = json.loads((RESOURCES / "glossary.json").read_text(encoding="utf-8"))
    words = [*(term["en"] for term in glossary["terms"]), *(word for group in word_groups() for word in group)]
    return tuple(dict.fromkeys(word for word in words if SYNONYM_MARK not in word))


@torch.no_grad()
def _found(
    features: DenseFeatures, scene: Scene, prompts: Sequence[Prompt], context: Context
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the share of cells (N,) with a score of at least 0.5, and the highest score (N,), of every prompt."""
    cells = features.plan.cells(scene.window, 0)
    chunks = _spread(features.layout.chunks_in(cells), MOST_CHUNKS)
    score = scored_by(PromptSoftmax(features.encoder.model, prompts), features.encoder)
    reached, seen, highest = np.zeros(len(prompts)), 0, np.full(len(prompts), -np.inf)
    for part, chunk in zip(context.steps(len(chunks)), chunks, strict=True):
        part.raise_if_cancelled()
        part.progress(0.0, "Looking for other words")
        covered = features.layout.window(chunk)
        kept = features.chunk(chunk).crop(*covered.intersection(cells).slices_in(covered))
        log_odds = score(kept)[:, torch.from_numpy(kept.valid)].numpy()
        if log_odds.shape[1]:
            reached += (log_odds >= 0).sum(1)
            highest = np.maximum(highest, log_odds.max(1))
            seen += log_odds.shape[1]
    return reached / max(1, seen), 1 / (1 + np.exp(-highest))


def _spread(items: Sequence[Any], most: int) -> list[Any]:
    """Returns at most so many items, evenly spread."""
    step = max(1.0, len(items) / most)
    return [items[int(place * step)] for place in range(min(most, len(items)))]
