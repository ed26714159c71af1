"""Similarity of every pixel of a raster of embeddings to example locations."""

from __future__ import annotations

from typing import Any

import torch

from core.context import Context
from core.embeddings.pixels import EmbeddingPixels
from core.errors import SensorError
from core.learning.likeness import SURROUNDINGS, fit_likeness
from core.protocol import SimilarParams
from core.tasks.of_embeddings.scores import head_of, scored_embeddings
from core.tasks.outputs import provenance_of
from core.tasks.scene import Scene
from core.tasks.score_raster import write_scores


def similar(params: SimilarParams, scene: Scene, context: Context) -> dict[str, Any]:
    """Score every pixel of a scene of embeddings; see ``core.tasks.similar.run``.

    Raises:
        SensorError: a prompt is given, which embeddings cannot be compared with.
        InputError: a place lies outside the raster or where it has no data.
    """
    if params.text is not None:
        raise SensorError(
            f"The raster holds {scene.recognition.title}, which words cannot be compared with.",
            hint="Leave the words out and point at more examples.",
        )
    pixels = EmbeddingPixels(scene.raster, scene.recognition)
    wanted, unwanted = (torch.from_numpy(pixels.at(places)) for places in (params.positives, params.negatives))
    head = fit_likeness(wanted, unwanted, torch.from_numpy(pixels.sample(SURROUNDINGS)))
    found = scored_embeddings(pixels, head_of([head], pixels), scene, context, "Looking for the like")
    examples = {
        name: "; ".join(f"{x:.10g},{y:.10g}" for x, y in places)
        for name, places in (("EXAMPLES", params.positives), ("NOT", params.negatives))
    }
    layout = pixels.layout.name
    write_scores(params.output, scene, found, ("similar",), provenance_of(layout, "", scene, **examples))
    return {
        "output": params.output,
        "positives": len(params.positives),
        "negatives": len(params.negatives),
        "model": layout,
        **scene.facts,
    }
