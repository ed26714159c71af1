"""Change between two dates: of prompt scores, or between classes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.classes import load_scheme
from core.context import Context
from core.dense.pixels import PixelScores
from core.errors import UsageError
from core.protocol import ChangeParams
from core.raster.failures import without_password
from core.raster.grid import extent_of_window
from core.raster.pixel_window import PixelWindow
from core.raster.staging import GEOTIFF, TABLE
from core.raster.writer import write_cog
from core.tasks.blocks import scored_blocks, sigmoid
from core.tasks.change_areas import ChangeAreas, write_change_areas
from core.tasks.coregistration import Registration, check_registration
from core.tasks.of_embeddings import change as of_embeddings
from core.tasks.outputs import check_writable, provenance
from core.tasks.scene_pair import ScenePair, open_pair
from core.tasks.scoring import ClassSoftmax, Prompt, PromptSoftmax, parse_prompts, scored_by
from core.tasks.transition_map import BANDS, PairBlock, write_transition_map

if TYPE_CHECKING:
    from core.dense.features import DenseFeatures
    from core.model.geolangbind import GeoLangBind

SAY_WHAT = "Give either prompts or a class scheme."


def run(params: ChangeParams, context: Context) -> dict[str, Any]:
    """Compare two dates of one place.

    Args:
        params: parameters of the task.
        context: reports progress; cancellation is checked between two batches.

    Returns:
        output, areas (path), registration {columns, rows, pixels, metres, windows, aligned, sentence}, prompts (of
        each: prompt, gained, lost, stayed, each {pixels, hectares}), scheme, transitions (code, before, after, name,
        colour, pixels, hectares), width, height, extent, sensors, model, warnings; for two years of embeddings also
        change {threshold, pixels, hectares}, see ``core.tasks.of_embeddings.change``.

    Raises:
        UsageError: neither prompts nor classes are given for images, or both.
        GeoLangBindError: a raster or the model cannot be used, the dates are not co-registered, or the result
            cannot be written.
    """
    if params.prompts and params.classes is not None:
        raise UsageError("Say what is to be compared.", hint=SAY_WHAT)
    prompts = parse_prompts(params.prompts) if params.prompts else ()
    scheme = None if params.classes is None else load_scheme(params.classes)
    before, after = params.sources
    with open_pair(before, after, extent=params.extent, resolution=params.resolution) as pair:
        check_writable([(params.output, GEOTIFF), (params.areas, TABLE)], pair.files)
        if pair.holds_embeddings:
            return {**_facts(params, pair), **of_embeddings.change(params, pair, context)}
        if not prompts and scheme is None:
            raise UsageError("Say what is to be compared.", hint=SAY_WHAT)
        context.progress(0.0, "Loading the model")
        model: GeoLangBind = context.models.get(params.model, params.device)
        features = (
            pair.before.features(model, cache=params.cache, context=context),
            pair.after.features(model, cache=params.cache, context=context),
        )
        context.progress(0.0, "Checking whether both dates lie on each other")
        pair, registration = check_registration(pair, *features, params.registration, context)
        if scheme is None:
            prompt_softmax = PromptSoftmax(model, prompts, tuple(Prompt.parse(text) for text in params.negatives))
            found = _blocks(pair, features, prompt_softmax, len(prompts), context)
            figures = _write_scores(params, pair, model, registration, found)
        else:
            classes = ClassSoftmax(model, [entry.prompts for entry in scheme.classes])
            found = _blocks(pair, features, classes, len(scheme.classes), context)
            tags = _tags(params, pair, model, registration, CLASS_SCHEME=scheme.name)
            figures = write_transition_map(params, pair, scheme, found, tags)
        return {
            **_facts(params, pair),
            "registration": registration.to_json(),
            "scheme": None if scheme is None else scheme.name,
            "warnings": [*([registration.sentence] if registration.notable else []), *pair.warnings],
            **figures,
        }


def _facts(params: ChangeParams, pair: ScenePair) -> dict[str, Any]:
    """Facts in the result of every comparison."""
    return {
        "output": params.output,
        "areas": params.areas,
        "prompts": [],
        "scheme": None,
        "transitions": [],
        "width": pair.before.window.width,
        "height": pair.before.window.height,
        "extent": list(extent_of_window(pair.before.raster.grid, pair.before.window)),
        "sensors": [scene.recognition.sensor for scene in (pair.before, pair.after)],
        "model": params.model,
        "warnings": list(pair.warnings),
    }


def _blocks(
    pair: ScenePair,
    features: tuple[DenseFeatures, ...],
    text_scores: PromptSoftmax | ClassSoftmax,
    count: int,
    context: Context,
) -> Iterator[PairBlock]:
    """Score the common part, in blocks of the first date's features."""
    first, second = (_scores(dense, text_scores, count) for dense in features)
    origin = pair.before.window
    for place, values, valid in scored_blocks(first, pair.before, context, message="Comparing two dates"):
        block = PixelWindow(place.col + origin.col, place.row + origin.row, place.width, place.height)
        later, known = pair.after_on_before(block, second.read)
        # Where the second date ends, it says nothing about any of the prompts.
        later = np.broadcast_to(later, values.shape) if len(later) != len(values) else later
        yield place, values, later, valid & known
    second.release()


def _scores(features: DenseFeatures, text_scores: PromptSoftmax | ClassSoftmax, count: int) -> PixelScores:
    return PixelScores(features, scored_by(text_scores, features.encoder), count)


def _write_scores(
    params: ChangeParams, pair: ScenePair, model: GeoLangBind, registration: Registration, found: Iterator[PairBlock]
) -> dict[str, Any]:
    """Write three bands a prompt: the score's change -1..1, and both scores."""
    balance = ChangeAreas(len(params.prompts), pair.before.grid, params.threshold, params.least_difference)

    def blocks() -> Iterator[tuple[PixelWindow, NDArray[np.float32]]]:
        for place, first, second, valid in found:
            before, after = sigmoid(first), sigmoid(second)
            balance.add(place, before, after, valid)
            bands = np.stack([after - before, before, after], axis=1).reshape(-1, *valid.shape)
            yield place, np.where(valid, bands, np.float32(np.nan))

    write_cog(
        params.output,
        pair.before.grid,
        "float32",
        math.nan,
        blocks(),
        band_names=[f"{prompt}: {band}" for prompt in params.prompts for band in BANDS],
        tags=_tags(
            params, pair, model, registration, PROMPT="; ".join(params.prompts), NOT="; ".join(params.negatives)
        ),
        sources=pair.files,
    )
    rows = balance.rows(params.prompts)
    if params.areas is not None:
        write_change_areas(params.areas, rows)
    return {"prompts": rows}


def _tags(
    params: ChangeParams, pair: ScenePair, model: GeoLangBind, registration: Registration, **more: str
) -> dict[str, str]:
    after = Path(without_password(pair.after.raster.info.path)).name
    return provenance(model, params.model, pair.before, AFTER=after, REGISTRATION=registration.sentence, **more)
