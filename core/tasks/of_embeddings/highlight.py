"""Prompts on a raster of embeddings, by examples that the same prompts find on an image of the same area.

The spaces of AlphaEarth's and TESSERA's embeddings have no text tower. Prompts are scored on an image of the same
ground instead; its pixels with the highest and lowest scores are positive and negative examples on the embeddings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.context import Context
from core.dense.pixels import PixelScores
from core.embeddings.pixels import EmbeddingPixels, Vectors
from core.errors import InputError, SensorError
from core.learning.likeness import LinearHead, fit_linear_head
from core.metrics.score_split import LogOddsCounts, ScoreSplit
from core.protocol import HighlightParams, Source
from core.raster.overlap import common_window
from core.tasks.of_embeddings.scores import head_of, scored_embeddings
from core.tasks.outputs import provenance_of
from core.tasks.scene import Scene, open_scene
from core.tasks.scene_pair import ScenePair
from core.tasks.score_raster import write_scores
from core.tasks.scoring import Prompt, PromptSoftmax, parse_prompts, scored_by

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

USUAL_THRESHOLD = 0.5
FEWEST = 20
"""Least number of matching pixels for a prompt to have examples."""
MOST = 2000
"""Largest number of positive, and of negative, examples."""
SUREST = 0.5
"""Share of the pixels above the threshold, and of those below, that are examples: those farthest from it."""
PATCH = 24
"""Side in pixels of the patches on which image and embeddings are compared."""


def highlight(params: HighlightParams, scene: Scene, context: Context) -> tuple[dict[str, Any], list[ScoreSplit]]:
    """Score every pixel of a scene of embeddings for each prompt.

    Returns:
        The result as ``core.tasks.highlight.run`` has it, without polygons, and how the scores of each prompt split.

    Raises:
        SensorError: no image of the same ground is named.
        InputError: the image lies elsewhere, or too few of its pixels match a prompt clearly.
    """
    title = scene.recognition.title
    if params.image is None:
        raise SensorError(
            f"The raster holds {title}, which words cannot be compared with.",
            hint="Name an image of the same ground (--image), which the words find examples on; or point at examples "
            "yourself: core similar.",
        )
    pixels = EmbeddingPixels(scene.raster, scene.recognition)
    prompts = parse_prompts(params.prompts)
    with open_scene(Source(params.image)) as image:
        if image.recognition.embedding is not None:
            raise SensorError(f"{params.image} holds embeddings, too.", hint="Name an image of the same ground.")
        context.progress(0.0, "Loading the model")
        model: GeoLangBind = context.models.get(params.model, params.device)
        softmax = PromptSoftmax(model, prompts, tuple(Prompt.parse(text) for text in params.negatives))
        features = image.features(model, cache=params.cache, context=context)
        scores = PixelScores(features, scored_by(softmax, features.encoder), len(prompts))
        finding, scoring = context.steps(2)
        vectors, log_odds = _seen_by_both(pixels, scene, image, scores, finding)
        warnings = list(image.recognition.warnings)
    heads, counts = [], []
    for number, prompt in enumerate(params.prompts):
        head, count = _head_from(vectors, log_odds[number], prompt, params.image)
        heads.append(head)
        counts.append(count)
    message = f"Highlighting {', '.join(params.prompts)}"
    found = scored_embeddings(pixels, head_of(heads, pixels), scene, scoring, message)
    tags = provenance_of(
        params.model,
        model.model_hash,
        scene,
        PROMPT="; ".join(params.prompts),
        NOT="; ".join(params.negatives),
        EXAMPLES_FROM=params.image,
    )
    splits = write_scores(params.output, scene, found, params.prompts, tags)
    said = ", ".join(f"{count:,} for {prompt!r}" for prompt, count in zip(params.prompts, counts, strict=True))
    facts = scene.facts
    facts["warnings"] = [
        f"Answered from examples that the words find on {params.image} ({said}), not from the words themselves.",
        *facts["warnings"],
        *warnings,
    ]
    return {
        "output": params.output,
        "prompts": list(params.prompts),
        "model": params.model,
        "suggested_thresholds": [{"threshold": split.threshold, "clarity": split.clarity} for split in splits],
        **facts,
    }, splits


def _seen_by_both(
    pixels: EmbeddingPixels, scene: Scene, image: Scene, scores: PixelScores, context: Context
) -> tuple[Vectors, NDArray[np.float32]]:
    """Return unit vectors (N, D) and log-odds (prompts, N) of pixels that raster and image share.

    Raises:
        InputError: there is none.
    """
    common = common_window(scene.raster.grid, image.raster.grid)
    if common is None or common.is_empty:
        raise InputError("Image and embeddings do not overlap.", hint="Name an image of the same ground.")
    pair = ScenePair(scene, image)
    vectors, log_odds = [], []
    patches = pixels.patches(common, PATCH)
    for number, patch in enumerate(patches, 1):
        context.raise_if_cancelled()
        found, valid = pair.after_on_before(patch, scores.read)
        here, known = pixels.read(patch)
        both = valid & known
        if both.any():
            vectors.append(here[:, both].T)
            log_odds.append(found[:, both])
        context.progress(number / len(patches), "Looking for examples on the image")
    if not vectors:
        raise InputError(
            "Image and embeddings share no pixel with data.", hint="Name an image that shows the same ground."
        )
    return np.concatenate(vectors), np.concatenate(log_odds, axis=1)


def _head_from(vectors: Vectors, log_odds: NDArray[np.float32], prompt: str, image: str) -> tuple[LinearHead, int]:
    """Return a head fitted to the pixels (N,) with the clearest scores, and the number of positive ones.

    Raises:
        InputError: too few pixels of the image match the prompt.
    """
    counts = LogOddsCounts(1)
    counts.add(log_odds[None, None], np.ones((1, len(log_odds)), bool))
    threshold = counts.splits()[0].threshold or USUAL_THRESHOLD
    edge = np.log(threshold / (1 - threshold))
    order = np.argsort(log_odds)
    above = order[log_odds[order] >= edge]
    below = order[log_odds[order] < edge]
    wanted = above[-min(MOST, int(np.ceil(SUREST * len(above)))) :] if len(above) else above
    if len(wanted) < FEWEST or len(below) < FEWEST:
        few = "next to nothing" if len(wanted) < FEWEST else "next to everything"
        raise InputError(
            f"The words {prompt!r} find {few} on {image}, so there are no examples to answer from.",
            hint="Use other words, another image, or point at examples: core similar.",
        )
    surely_not = below[: max(FEWEST, int(np.ceil(SUREST * len(below))))]
    surely_not = surely_not[np.linspace(0, len(surely_not) - 1, min(MOST, len(surely_not))).astype(int)]
    samples = torch.from_numpy(vectors[np.concatenate([wanted, surely_not])])
    labels = (torch.arange(len(samples)) < len(wanted)).float()
    weights = torch.where(labels > 0, 1.0 / len(wanted), 1.0 / len(surely_not))
    return fit_linear_head(samples, labels, weights), len(wanted)
