"""Land-cover classification by a class scheme: the most probable class of every pixel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassScheme, load_scheme
from core.context import Context
from core.dense.pixel_inputs import ClassifiedPixels
from core.dense.pixels import PixelScores
from core.protocol import ClassifyParams
from core.raster.areas import AreaTally, ClassArea, write_areas
from core.raster.ground import check_measurable
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.raster.staging import GEOTIFF, TABLE, VECTOR
from core.raster.vectors import PolygonShape, polygonise
from core.raster.writer import write_cog
from core.tasks.blocks import ScoredBlock, rounded, scored_blocks, softmax
from core.tasks.class_logits import ClassLogits
from core.tasks.class_shares import log_share_ratios
from core.tasks.fitted_pixels import fitted_classifier, why_words_alone
from core.tasks.of_embeddings import classify as of_embeddings
from core.tasks.outputs import check_writable, provenance
from core.tasks.preview import write_preview
from core.tasks.scene import Scene, open_scene
from core.tasks.scoring import ClassSoftmax, scored_by

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind


def run(params: ClassifyParams, context: Context) -> dict[str, Any]:
    """Classify every pixel of a raster by a class scheme.

    Args:
        params: parameters of the task.
        context: reports progress; cancellation is checked between two batches; sends a coarse preview as
            ``preview`` {path, extent, stage} where ``params.preview`` requests it.

    Returns:
        output, scores, vector, areas (path), scheme, classes (code, name, colour, pixels, hectares, share), model,
        and the scene's facts.

    Raises:
        GeoLangBindError: the scheme is unknown, the raster or model cannot be used, or the result not written.
    """
    outputs = [(params.output, GEOTIFF), (params.vector, VECTOR), (params.areas, TABLE), (params.scores, GEOTIFF)]
    scheme = load_scheme(params.classes)
    with open_scene(params.source, extent=params.extent, resolution=params.resolution, model=params.model) as scene:
        check_writable(outputs, scene.raster.info.files)
        if params.vector is not None:
            check_measurable(scene.grid, params.min_area_m2, params.simplify_m)
        context.progress(0.0, "Loading the model")
        if scene.recognition.embedding is not None:
            scorer = of_embeddings.class_logits(params, scene)
        else:
            scorer = _by_model(params, scheme, context)
        scheme = scorer.scheme

        def write_coarse(coarse: Scene, output: str) -> None:
            _write_map(params, coarse, scorer, output, context.quiet())

        write_preview(params, scene, write_coarse, context)
        tally = AreaTally(scene.grid)
        _write_map(params, scene, scorer, params.output, context, tally=tally, scores=params.scores)
        areas = tally.areas(scheme.codes)
        if params.areas is not None:
            write_areas(params.areas, areas, {entry.code: entry.name for entry in scheme.classes})
        if params.vector is not None:
            polygonise(
                params.output,
                params.vector,
                threshold=None,
                shape=PolygonShape(
                    min_area_m2=params.min_area_m2,
                    simplify_m=params.simplify_m,
                    smooth=params.smooth,
                    right_angles=params.right_angles,
                    crs=params.vector_crs,
                ),
                context=context.quiet(),
            )
        return {
            "output": params.output,
            "scores": params.scores,
            "vector": params.vector,
            "areas": params.areas,
            "scheme": scheme.name,
            "classes": _class_rows(scheme, areas),
            "model": params.model,
            **scorer.facts(scene),
        }


def _class_rows(scheme: ClassScheme, areas: tuple[ClassArea, ...]) -> list[dict[str, Any]]:
    return [
        {
            "code": entry.code,
            "name": entry.name,
            "colour": entry.colour,
            "pixels": area.pixels,
            "hectares": None if math.isnan(area.hectares) else round(area.hectares, 4),
            "share": round(area.share, 6),
        }
        for entry, area in zip(scheme.classes, areas, strict=True)
    ]


def _by_model(params: ClassifyParams, scheme: ClassScheme, context: Context) -> ClassLogits:
    """Return the logits of a scheme's classes by a model's words for them."""
    model: GeoLangBind = context.models.get(params.model, params.device)
    words = [entry.prompts for entry in scheme.classes]

    def pixels_of(scene: Scene) -> PixelScores:
        fitted = fitted_classifier(model, scene, words)
        if fitted is not None:
            return ClassifiedPixels(scene.features(fitted.encoder, cache=params.cache, context=context), *fitted.choice)
        features = scene.features(model, cache=params.cache, context=context)
        return PixelScores(features, scored_by(ClassSoftmax(model, words), features.encoder), len(words))

    def blocks(scene: Scene, work: Context) -> Iterator[ScoredBlock]:
        return scored_blocks(pixels_of(scene), scene, work, message=f"Classifying by {scheme.title}")

    def tags(scene: Scene) -> dict[str, str]:
        fitted = fitted_classifier(model, scene, words)
        sha256 = "" if fitted is None else fitted.sha256
        return provenance(model, params.model, scene, CLASS_SCHEME=scheme.name, PIXEL_CLASSIFIER_SHA256=sha256)

    def facts(scene: Scene) -> dict[str, Any]:
        known, note = scene.facts_for(model), why_words_alone(model, scene, words)
        return known if note is None else {**known, "warnings": [*known["warnings"], note]}

    return ClassLogits(scheme, blocks, tags, facts)


def _write_map(
    params: ClassifyParams,
    scene: Scene,
    scorer: ClassLogits,
    output: str,
    context: Context,
    *,
    tally: AreaTally | None = None,
    scores: str | None = None,
) -> None:
    """Write the map; where scores are requested, write those first and make the map of them."""
    scheme = scorer.scheme
    offset: NDArray[np.float32] | float = 0.0
    mapping = context
    if params.estimate_shares:
        estimating, mapping = context.steps(2)
        offset = log_share_ratios(
            scorer.blocks(scene, estimating), len(scheme.classes), scene.grid.width * scene.grid.height
        )
    shares: Iterator[ScoredBlock] = (
        (place, softmax(logits + offset), valid) for place, logits, valid in scorer.blocks(scene, mapping)
    )
    tags = scorer.tags(scene)
    if scores is not None:
        shares = _through_file(Path(scores), shares, scene, scheme, tags)
    write_cog(
        output,
        scene.grid,
        "uint8",
        scheme.nodata,
        _map_blocks(shares, scheme, params.confidence, tally),
        band_names=("class", "confidence") if params.confidence else ("class",),
        tags=tags,
        colormap={entry.code: entry.rgb for entry in scheme.classes},
        category_names={entry.code: entry.name for entry in scheme.classes},
        sources=scene.raster.info.files,
    )


def _through_file(
    path: Path, shares: Iterator[ScoredBlock], scene: Scene, scheme: ClassScheme, tags: dict[str, str]
) -> Iterator[ScoredBlock]:
    """Write all classes' probabilities to a file, one band a class, and yield them from there."""
    places: list[PixelWindow] = []

    def blocks() -> Iterator[tuple[PixelWindow, NDArray[np.float32]]]:
        for place, values, valid in shares:
            places.append(place)
            yield place, np.where(valid, rounded(values), np.float32(np.nan))

    write_cog(
        path,
        scene.grid,
        "float32",
        float("nan"),
        blocks(),
        band_names=scheme.names,
        tags=tags,
        sources=scene.raster.info.files,
    )
    with open_raster(path) as written:
        for place in places:
            values, valid = written.read(place)
            yield place, np.nan_to_num(values), valid


def _map_blocks(
    shares: Iterator[ScoredBlock], scheme: ClassScheme, confidence: bool, tally: AreaTally | None
) -> Iterator[tuple[PixelWindow, NDArray[np.uint8]]]:
    codes = np.array(scheme.codes, np.uint8)
    nodata = np.uint8(scheme.nodata)
    for place, values, valid in shares:
        best = values.argmax(0)
        if tally is not None:
            tally.add(place, codes[best], valid)
        bands = [np.where(valid, codes[best], nodata)]
        if confidence:
            # 1..100 leaves both 0 and 255 free: the band shares the map's nodata, whichever it is.
            certain = np.clip(np.rint(100 * values.max(0)), 1, 100).astype(np.uint8)
            bands.append(np.where(valid, certain, nodata))
        yield place, np.stack(bands)
