"""Similarity of every pixel to example locations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.context import Context
from core.dense.features import DenseFeatures
from core.dense.pixels import PixelScores
from core.dense.quantise import vectors as chunk_vectors
from core.dense.quantise import vectors_at
from core.dense.scoring import score
from core.dense.text_factors import TextFactors
from core.errors import InputError
from core.learning.likeness import SURROUNDINGS, LinearHead, fit_likeness
from core.protocol import SimilarParams
from core.raster.pixel_window import PixelWindow, RowCol
from core.raster.staging import GEOTIFF
from core.raster.writer import write_cog
from core.tasks.blocks import scored_blocks, sigmoid
from core.tasks.example_areas import places_in
from core.tasks.of_embeddings import similar as of_embeddings
from core.tasks.outputs import check_writable, provenance
from core.tasks.scene import Scene, open_scene
from core.tasks.scoring import PromptSoftmax, parse_prompts

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

Place = tuple[float, float]


def run(params: SimilarParams, context: Context) -> dict[str, Any]:
    """Score every pixel by similarity to examples, 0..1.

    Args:
        params: parameters of the task; places are (x, y) in the raster's reference system.
        context: reports progress; cancellation is checked between two batches.

    Returns:
        output, positives, negatives, model, and the scene's facts.

    Raises:
        InputError: there is no example, or one lies outside the raster or where it has no data.
        GeoLangBindError: the raster or the model cannot be used, or the result not written.
    """
    if not params.positives and not params.areas:
        raise InputError("There is no example.", hint="Point at one or more places of what you look for.")
    prompts = parse_prompts([params.text]) if params.text is not None else ()
    with open_scene(params.source, extent=params.extent, resolution=params.resolution, model=params.model) as scene:
        check_writable([(params.output, GEOTIFF)], scene.raster.info.files)
        if scene.recognition.embedding is not None:
            if params.areas or params.negative_areas:
                raise InputError("Examples on embeddings are places, not areas.", hint="Click places instead.")
            return of_embeddings.similar(params, scene, context)
        context.progress(0.0, "Loading the model")
        model: GeoLangBind = context.models.get(params.model, params.device)
        features = scene.features(model, context=context)
        wanted = [[place] for place in params.positives]
        wanted += [places_in(area, features, scene) for area in params.areas]
        unwanted = [[place] for place in params.negatives]
        unwanted += [places_in(area, features, scene) for area in params.negative_areas]
        head = fit_examples(features, scene, wanted, unwanted)
        softmax = PromptSoftmax(model, prompts) if prompts else None
        word_scorer = None if softmax is None else softmax.scorer_of(features.encoder.of_radar)
        direction, constant = features.encoder.basis.text(head.weight[None])
        if softmax is not None:
            words = features.encoder.unit_text(softmax.vectors)
            direction, constant = torch.cat([direction, words.factors]), torch.cat([constant, words.constants])
        texts = TextFactors.of(direction, constant)

        def scorer(products: Tensor, background: Tensor) -> Tensor:
            logits = products[:1] + head.bias
            # Examples say what is meant here, the words what it is anywhere: both must agree.
            return logits if word_scorer is None else 0.5 * (logits + word_scorer(products[1:], background))

        scores = PixelScores(features, lambda chunk: score(chunk, texts, scorer), 1)

        def blocks() -> Iterator[tuple[PixelWindow, NDArray[np.float32]]]:
            found = scored_blocks(scores, scene, context, message="Looking for the like")
            for place, logits, valid in found:
                yield place, np.where(valid, sigmoid(logits), np.float32(np.nan))

        write_cog(
            params.output,
            scene.grid,
            "float32",
            float("nan"),
            blocks(),
            band_names=(params.text or "similar",),
            tags=provenance(
                model,
                params.model,
                scene,
                EXAMPLES=_shown(params.positives, params.areas),
                NOT=_shown(params.negatives, params.negative_areas),
            ),
            sources=scene.raster.info.files,
        )
        return {
            "output": params.output,
            "positives": len(wanted),
            "negatives": len(unwanted),
            "model": params.model,
            **scene.facts_for(model),
        }


def fit_examples(
    features: DenseFeatures, scene: Scene, positives: Sequence[Sequence[Place]], negatives: Sequence[Sequence[Place]]
) -> LinearHead:
    """Fit a linear head on the cells at the examples; see ``core.learning.likeness``.

    Args:
        features: the feature grid.
        scene: the raster the places lie in.
        positives: the places of each positive example.
        negatives: the places of each negative example.

    Raises:
        InputError: a place lies outside the raster or where it has no data.
    """
    wanted, chunks = _vectors_at(features, scene, [place for example in positives for place in example])
    unwanted, _ = _vectors_at(features, scene, [place for example in negatives for place in example])
    weights = _weights(positives), _weights(negatives)
    return fit_likeness(wanted, unwanted, _surroundings(features, sorted(chunks)), weights)


def _weights(examples: Sequence[Sequence[Place]]) -> Tensor:
    """Returns a weight for each place (N,): those of every example have the same sum, those of all examples 1."""
    return torch.tensor([1 / len(examples) / len(example) for example in examples for _ in example])


def _vectors_at(features: DenseFeatures, scene: Scene, places: Sequence[Place]) -> tuple[Tensor, set[RowCol]]:
    """Returns the unit vectors (N, D) of the cells at places, and the chunks they lie in."""
    layout, plan = features.layout, features.plan
    vectors: list[Tensor] = []
    chunks: set[RowCol] = set()
    for x, y in places:
        col, row = scene.raster.grid.pixel(x, y)
        if not (0 <= col < scene.raster.grid.width and 0 <= row < scene.raster.grid.height):
            raise InputError(f"The place {x:g}, {y:g} lies outside the raster.", hint="Give x, y in its CRS.")
        cell = PixelWindow(int(col) // plan.stride, int(row) // plan.stride, 1, 1)
        (chunk,) = layout.chunks_in(cell)
        rows, columns = cell.slices_in(layout.window(chunk))
        here = features.chunk(chunk).crop(rows, columns)
        if not here.valid.any():
            raise InputError(f"There is no data at {x:g}, {y:g}.", hint="Point at a place with data.")
        vectors.append(chunk_vectors(here, features.encoder.basis)[:, 0, 0])
        chunks.add(chunk)
    dimensions = features.encoder.model.embed_dim
    return (torch.stack(vectors) if vectors else torch.zeros(0, dimensions)), chunks


def _surroundings(features: DenseFeatures, chunks: Sequence[RowCol]) -> Tensor:
    """Sample cells (N, D) of the examples' chunks; the same every time."""
    generator = torch.Generator().manual_seed(0)
    around = []
    for chunk in chunks:
        kept = features.chunk(chunk)
        rows, columns = np.nonzero(kept.valid)
        choice = torch.randperm(len(rows), generator=generator)[: max(1, SURROUNDINGS // len(chunks))].numpy()
        around.append(vectors_at(kept, rows[choice], columns[choice], features.encoder.basis))
    return torch.cat(around)


def _shown(places: Sequence[Place], areas: Sequence[str] = ()) -> str:
    return "; ".join([*(f"{x:.10g},{y:.10g}" for x, y in places), *areas])


def show(result: dict[str, Any]) -> str:
    """The result in words, for the command line."""
    count = result["positives"]
    places = "1 example" if count == 1 else f"{count} examples"
    line = f"{result['output']}: likeness to {places} on {result['width']} × {result['height']} pixels"
    return "\n".join([line, *(f"Note: {warning}" for warning in result["warnings"])])
