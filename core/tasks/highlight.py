"""Text prompts to scores from 0 to 1 for every pixel of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.context import Context
from core.dense.pixels import PixelScores
from core.metrics.score_split import ScoreSplit
from core.protocol import HighlightParams
from core.raster.ground import check_measurable
from core.raster.staging import GEOTIFF, VECTOR
from core.raster.vectors import BandPolygons, write_band_polygons
from core.tasks.blocks import scored_blocks
from core.tasks.of_embeddings import highlight as of_embeddings
from core.tasks.outputs import check_writable, provenance
from core.tasks.polygonise import polygon_shape
from core.tasks.preview import write_preview
from core.tasks.scene import Scene, open_scene
from core.tasks.score_raster import write_scores
from core.tasks.scoring import Prompt, PromptSoftmax, parse_prompts, scored_by
from core.tasks.word_notes import word_notes

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

USUAL_THRESHOLD = 0.5


def run(params: HighlightParams, context: Context) -> dict[str, Any]:
    """Score every pixel for each prompt.

    Args:
        params: parameters of the task.
        context: reports progress; cancellation is checked between two batches; sends a coarse preview as
            ``preview`` {path, extent, stage} where ``params.preview`` requests it.

    Returns:
        output, vector, prompts, model, suggested_thresholds (for each prompt ``threshold``, None where its scores do
        not split into two groups, and ``clarity`` 0..1), and the scene's facts.

    Raises:
        GeoLangBindError: the prompt is empty, the raster or model cannot be used, or the result not written.
    """
    prompts = parse_prompts(params.prompts)
    negatives = tuple(Prompt.parse(text) for text in params.negatives)
    with open_scene(params.source, extent=params.extent, resolution=params.resolution, model=params.model) as scene:
        check_writable([(params.output, GEOTIFF), (params.vector, VECTOR)], scene.raster.info.files)
        if params.vector is not None:
            check_measurable(scene.grid, params.min_area_m2, params.simplify_m)
        if scene.recognition.embedding is not None:
            answer, splits = of_embeddings.highlight(params, scene, context)
            return {**answer, "vector": _write_vector(params, splits, context)}
        context.progress(0.0, "Loading the model")
        model: GeoLangBind = context.models.get(params.model, params.device)
        softmax = PromptSoftmax(model, prompts, negatives)

        quiet = context.quiet()

        def write(at: Scene, output: str, work: Context = quiet) -> list[ScoreSplit]:
            return _write_scores(params, at, model, softmax, output, work)

        write_preview(params, scene, write, context)
        splits = write(scene, params.output, context)
        vector = _write_vector(params, splits, context.quiet())
        return {
            "output": params.output,
            "vector": vector,
            "prompts": list(params.prompts),
            "model": params.model,
            "suggested_thresholds": [{"threshold": split.threshold, "clarity": split.clarity} for split in splits],
            **scene.facts_for(model),
            "warnings": [*word_notes(model, (*prompts, *negatives)), *scene.facts_for(model)["warnings"]],
        }


def _write_scores(
    params: HighlightParams,
    scene: Scene,
    model: GeoLangBind,
    softmax: PromptSoftmax,
    output: str,
    context: Context,
) -> list[ScoreSplit]:
    """Write the score raster and return how the scores of every prompt split."""
    features = scene.features(model, cache=params.cache, context=context)
    scores = PixelScores(features, scored_by(softmax, features.encoder), len(params.prompts))
    message = f"Highlighting {', '.join(params.prompts)}"
    found = scored_blocks(scores, scene, context, message=message, snap=params.snap)
    tags = provenance(model, params.model, scene, PROMPT="; ".join(params.prompts), NOT="; ".join(params.negatives))
    return write_scores(output, scene, found, params.prompts, tags)


def _write_vector(params: HighlightParams, splits: Sequence[ScoreSplit], context: Context) -> str | None:
    if params.vector is None:
        return None
    bands = tuple((band, _threshold(params, split)) for band, split in enumerate(splits, start=1))
    source = BandPolygons(params.output, bands, shape=polygon_shape(params), context=context)
    write_band_polygons(source, params.vector)
    return params.vector


def _threshold(params: HighlightParams, split: ScoreSplit) -> float:
    if params.threshold is not None:
        return params.threshold
    return USUAL_THRESHOLD if split.threshold is None else split.threshold
