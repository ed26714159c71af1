"""More like this: every pixel scored by likeness to the places the user pointed at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from skimage.filters import threshold_otsu
from torch import Tensor

from core.context import Context
from core.dense.features import DenseFeatures
from core.dense.pixels import PixelScores
from core.dense.quantise import vectors as chunk_vectors
from core.dense.quantise import vectors_at
from core.dense.scoring import score
from core.dense.text_factors import TextFactors
from core.errors import InputError
from core.learning.logistic_regression import fit_linear
from core.protocol import SimilarParams
from core.raster.pixel_window import PixelWindow, RowCol
from core.raster.staging import GEOTIFF
from core.raster.writer import write_cog
from core.tasks.blocks import scored_blocks, sigmoid
from core.tasks.example_areas import places_in
from core.tasks.outputs import check_writable, provenance
from core.tasks.scene import Scene, open_scene
from core.tasks.scoring import PromptSoftmax, parse_prompts

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

Place = tuple[float, float]
SURROUNDINGS = 768
"""Cells of the surroundings that stand for "not this" as long as the user has not shown enough of it."""
PENALTY = 0.01
"""Of the squares of the weights, for vectors at a mean distance of one."""
FAR_WEIGHT = 0.3
"""What the surroundings that are like none of the positives weigh in all, beside examples of what is not meant."""


def run(params: SimilarParams, context: Context) -> dict[str, Any]:
    """Score every pixel by likeness to examples, 0..1.

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
    with open_scene(params.source, extent=params.extent, resolution=params.resolution) as scene:
        check_writable([(params.output, GEOTIFF)], scene.raster.info.files)
        context.progress(0.0, "Loading the model")
        model: GeoLangBind = context.models.get(params.model, params.device)
        features = scene.features(model, cancel=context.cancel)
        wanted = [[place] for place in params.positives]
        wanted += [places_in(area, features, scene) for area in params.areas]
        unwanted = [[place] for place in params.negatives]
        unwanted += [places_in(area, features, scene) for area in params.negative_areas]
        head = fit_examples(features, scene, wanted, unwanted)
        softmax = PromptSoftmax(model, prompts) if prompts else None
        direction, constant = features.encoder.basis.text(head.weight[None])
        if softmax is not None:
            words = features.encoder.unit_text(softmax.vectors)
            direction, constant = torch.cat([direction, words.factors]), torch.cat([constant, words.constants])
        texts = TextFactors.of(direction, constant)

        def scorer(products: Tensor, background: Tensor) -> Tensor:
            logits = products[:1] + head.bias
            # Examples say what is meant here, the words what it is anywhere: both must agree.
            return logits if softmax is None else 0.5 * (logits + softmax.scorer(products[1:], background))

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


class LinearHead:
    """Log-odds ``weight · feature + bias`` of unit-length features.

    Args:
        weight: (D,).
        bias: a number.
    """

    def __init__(self, weight: Tensor, bias: float) -> None:
        self.weight = weight
        self.bias = bias


def fit_examples(
    features: DenseFeatures, scene: Scene, positives: Sequence[Sequence[Place]], negatives: Sequence[Sequence[Place]]
) -> LinearHead:
    """Fit a logistic regression on the cells at the examples; every example weighs the same, however large it is.

    One click says little about what is *not* meant, so a sample of the surroundings joins the negatives with as much
    weight, in all, as the positives: what is least like them or, once there are negatives, what is nearer to those.
    Then the rest that is like none of the positives joins with a smaller weight: a click against fields does not mean
    that water is wanted (docs/decisions/0023).

    Args:
        features: the feature grid.
        scene: the raster the places lie in.
        positives: the places of each example of what is looked for.
        negatives: the places of each example of what is not.

    Raises:
        InputError: a place lies outside the raster or where it has no data.
    """
    wanted, chunks = _vectors_at(features, scene, [place for example in positives for place in example])
    unwanted, _ = _vectors_at(features, scene, [place for example in negatives for place in example])
    around, far = _surroundings(features, sorted(chunks), wanted, unwanted)
    weights = torch.cat([_weights(positives), _weights(negatives), _even(around, 1.0), _even(far, FAR_WEIGHT)])
    labels = (torch.arange(len(weights)) < len(wanted)).float()
    return _logistic_regression(torch.cat([wanted, unwanted, around, far]), labels, weights)


def _weights(examples: Sequence[Sequence[Place]]) -> Tensor:
    """Returns a weight for each place (N,): those of every example have the same sum, those of all examples 1."""
    return torch.tensor([1 / len(examples) / len(example) for example in examples for _ in example])


def _even(group: Tensor, weight: float) -> Tensor:
    """Returns weights (N,) that share out ``weight`` evenly."""
    return torch.full((len(group),), weight / max(1, len(group)))


def _logistic_regression(samples: Tensor, labels: Tensor, weights: Tensor) -> LinearHead:
    """Minimise the weighted loss with a quadratic penalty, which keeps a few examples from being learnt by heart."""
    mean = samples.mean(0)
    centred = samples - mean
    scale = centred.norm(dim=1).mean().clamp_min(1e-6)

    def loss_of(outputs: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(outputs[:, 0], labels, weight=weights, reduction="sum")

    fitted = fit_linear(centred / scale, 1, loss_of, PENALTY, iterations=200)[:, 0]
    weight = fitted[:-1] / scale
    return LinearHead(weight, float(fitted[-1] - mean @ weight))


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


def _surroundings(
    features: DenseFeatures, chunks: Sequence[RowCol], positives: Tensor, negatives: Tensor
) -> tuple[Tensor, Tensor]:
    """Sample cells of the examples' chunks that stand for what is not meant; the same every time.

    Returns:
        (N, D) cells that are not meant, and (M, D) cells that are like none of the positives, which is known only
        where negatives say what else there is.
    """
    generator = torch.Generator().manual_seed(0)
    around = []
    for chunk in chunks:
        kept = features.chunk(chunk)
        rows, columns = np.nonzero(kept.valid)
        choice = torch.randperm(len(rows), generator=generator)[: max(1, SURROUNDINGS // len(chunks))].numpy()
        around.append(vectors_at(kept, rows[choice], columns[choice], features.encoder.basis))
    vectors = torch.cat(around)
    likeness = (vectors @ F.normalize(positives, dim=1).T).amax(1)
    if not len(negatives):
        return vectors[likeness <= likeness.quantile(0.75)], vectors[:0]
    nearer = likeness < (vectors @ F.normalize(negatives, dim=1).T).amax(1)
    return vectors[nearer], vectors[likeness < threshold_otsu(likeness.numpy())]


def _shown(places: Sequence[Place], areas: Sequence[str] = ()) -> str:
    return "; ".join([*(f"{x:.10g},{y:.10g}" for x, y in places), *areas])


def show(result: dict[str, Any]) -> str:
    """The result in words, for the command line."""
    count = result["positives"]
    places = "1 example" if count == 1 else f"{count} examples"
    line = f"{result['output']}: likeness to {places} on {result['width']} × {result['height']} pixels"
    return "\n".join([line, *(f"Note: {warning}" for warning in result["warnings"])])
