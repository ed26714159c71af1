"""What changed between two dates: of scores for words, or from class to class."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassScheme, load_scheme
from core.context import Context
from core.dense.pixels import PixelScores
from core.errors import UsageError
from core.protocol import ChangeParams
from core.raster.areas import AreaTally
from core.raster.failures import without_password
from core.raster.grid import extent_of_window
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.raster.staging import GEOTIFF, TABLE, staging
from core.raster.writer import write_cog
from core.tasks.blocks import scored_blocks, sigmoid, softmax
from core.tasks.change_areas import ChangeAreas, write_change_areas
from core.tasks.coregistration import Registration, check_registration
from core.tasks.outputs import check_writable, provenance
from core.tasks.scene_pair import ScenePair, open_pair
from core.tasks.scoring import ClassSoftmax, Prompt, PromptSoftmax, parse_prompts, scored_by
from core.tasks.transitions import NODATA, Transition, decide, transitions, write_transitions

if TYPE_CHECKING:
    from core.dense.features import DenseFeatures
    from core.model.geolangbind import GeoLangBind

PairBlock = tuple[PixelWindow, NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]
"""Where in the result, log-odds or logits of both dates (N, h, w), valid at both (h, w)."""
BANDS = ("change", "before", "after")


def run(params: ChangeParams, context: Context) -> dict[str, Any]:
    """Compare two dates of one place.

    Args:
        params: what is asked for.
        context: told the progress; stopped between two batches.

    Returns:
        output, areas (path), registration {columns, rows, pixels, metres, windows, aligned, sentence}, prompts (of
        each: prompt, gained, lost, stayed, each {pixels, hectares}), scheme, transitions (code, before, after, name,
        colour, pixels, hectares), width, height, extent, sensors, model, warnings.

    Raises:
        UsageError: neither prompts nor classes are given, or both.
        GeoLangBindError: a raster or the model cannot be used, the dates do not lie on each other, or the result
            cannot be written.
    """
    if bool(params.prompts) == (params.classes is not None):
        raise UsageError("Say what is to be compared.", hint="Give either prompts or a class scheme.")
    prompts = parse_prompts(params.prompts) if params.prompts else ()
    scheme = None if params.classes is None else load_scheme(params.classes)
    before, after = params.sources
    with open_pair(before, after, extent=params.extent, resolution=params.resolution) as pair:
        check_writable([(params.output, GEOTIFF), (params.areas, TABLE)], _files(pair))
        context.progress(0.0, "Loading the model")
        model: GeoLangBind = context.models.get(params.model, params.device)
        features = (
            pair.before.features(model, cache=params.cache, cancel=context.cancel),
            pair.after.features(model, cache=params.cache, cancel=context.cancel),
        )
        context.progress(0.0, "Checking whether both dates lie on each other")
        pair, registration = check_registration(pair, *features, params.registration, context.cancel)
        if scheme is None:
            prompt_softmax = PromptSoftmax(model, prompts, tuple(Prompt.parse(text) for text in params.negatives))
            found = _blocks(pair, features, prompt_softmax, len(prompts), context)
            figures = _write_scores(params, pair, model, registration, found)
        else:
            classes = ClassSoftmax(model, [entry.prompts for entry in scheme.classes])
            found = _blocks(pair, features, classes, len(scheme.classes), context)
            figures = _write_transitions(params, pair, model, registration, scheme, found)
        recognitions = (pair.before.recognition, pair.after.recognition)
        warnings = [warning for recognition in recognitions for warning in recognition.warnings]
        return {
            "output": params.output,
            "areas": params.areas,
            "registration": registration.to_json(),
            "prompts": [],
            "scheme": None if scheme is None else scheme.name,
            "transitions": [],
            "width": pair.before.window.width,
            "height": pair.before.window.height,
            "extent": list(extent_of_window(pair.before.raster.grid, pair.before.window)),
            "sensors": [recognition.sensor for recognition in recognitions],
            "model": params.model,
            "warnings": [*([registration.sentence] if registration.notable else []), *dict.fromkeys(warnings)],
            **figures,
        }


def _blocks(
    pair: ScenePair,
    features: tuple[DenseFeatures, ...],
    text_scores: PromptSoftmax | ClassSoftmax,
    count: int,
    context: Context,
) -> Iterator[PairBlock]:
    """Walk over the common part, block by block of the first date's features."""
    first, second = (_scores(dense, text_scores, count) for dense in features)
    origin = pair.before.window
    for place, values, valid in scored_blocks(first, pair.before, context, message="Comparing two dates"):
        block = PixelWindow(place.col + origin.col, place.row + origin.row, place.width, place.height)
        later, known = pair.after_on_before(block, second.read)
        # Where the second date ends, it says nothing about any of the prompts.
        later = np.broadcast_to(later, values.shape) if len(later) != len(values) else later
        yield place, values, later, valid & known
    second.let_go()


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
        sources=_files(pair),
    )
    rows = balance.rows(params.prompts)
    if params.areas is not None:
        write_change_areas(params.areas, rows)
    return {"prompts": rows}


def _write_transitions(
    params: ChangeParams,
    pair: ScenePair,
    model: GeoLangBind,
    registration: Registration,
    scheme: ClassScheme,
    found: Iterator[PairBlock],
) -> dict[str, Any]:
    """Write three bands: the transition, and both classes; the legend holds the transitions that occur."""
    grid, tags = pair.before.grid, _tags(params, pair, model, registration, CLASS_SCHEME=scheme.name)
    count = len(scheme.classes)
    kind = "uint8" if count**2 < 256 else "uint16"
    codes = np.array(scheme.codes)
    tally = AreaTally(grid)

    def decided() -> Iterator[tuple[PixelWindow, NDArray[np.uint16]]]:
        for place, first, second, valid in found:
            old, new = decide(softmax(first), softmax(second), params.margin)
            transition = np.where(valid, 1 + old * count + new, NODATA)
            tally.add(place, transition, valid)
            yield place, transition[None].astype(np.uint16)

    with staging(params.output, GEOTIFF, _files(pair)) as folder:
        # The legend is known only when all is decided, so the decisions wait in a file.
        waiting = write_cog(folder / "decided.tif", grid, kind, NODATA, decided(), ("transition",))
        changed = transitions(tally, scheme)

        def finished() -> Iterator[tuple[PixelWindow, NDArray[np.uint16]]]:
            with open_raster(waiting) as reader:
                for block in grid.window.blocks(1024, 1024):
                    transition = reader.read(block, (1,))[0][0].astype(np.int64)
                    old, new = np.divmod(np.maximum(transition - 1, 0), count)
                    known = transition != NODATA
                    # 0 may be a class of the scheme: what both class bands say without data is the map's nodata.
                    classes = [np.where(known, codes[position], NODATA) for position in (old, new)]
                    yield block, np.stack([transition, *classes]).astype(np.uint16)

        made = folder / Path(params.output).name
        write_cog(
            made,
            grid,
            kind,
            NODATA,
            finished(),
            BANDS,
            tags=tags,
            colormap={item.code: item.colour for item in changed},
            category_names={item.code: item.name for item in changed},
        )
        waiting.unlink()
    if params.areas is not None:
        write_transitions(params.areas, changed)
    return {"transitions": [_row(item) for item in changed]}


def _files(pair: ScenePair) -> list[str]:
    return [*pair.before.raster.info.files, *pair.after.raster.info.files]


def _row(item: Transition) -> dict[str, Any]:
    return {
        "code": item.code,
        "before": item.before.name,
        "after": item.after.name,
        "name": item.name,
        "colour": "#{:02x}{:02x}{:02x}".format(*item.colour),
        "pixels": item.pixels,
        "hectares": None if math.isnan(item.hectares) else round(item.hectares, 4),
    }


def _tags(
    params: ChangeParams, pair: ScenePair, model: GeoLangBind, registration: Registration, **more: str
) -> dict[str, str]:
    after = Path(without_password(pair.after.raster.info.path)).name
    return provenance(model, params.model, pair.before, AFTER=after, REGISTRATION=registration.sentence, **more)
