"""Threshold selection for the scores of prompts or classes from labelled samples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from core.context import Context
from core.errors import InputError
from core.metrics.f1 import f1_score
from core.protocol import CalibrateParams
from core.raster.grid import GridSpec
from core.raster.labels import VectorLabels, label_field, read_labels
from core.raster.pixel_window import PixelWindow
from core.raster.reader import RasterReader, open_raster
from core.raster.staging import GEOTIFF, staging
from core.raster.writer import write_cog
from core.tasks.outputs import check_writable

USUAL = 0.5
BLOCK_PIXELS = 1024
PIXELS_PER_PLACE = 400
"""Pixels used of each place, so that large polygons do not dominate."""
YES = {"1", "yes", "true", "y", "ja"}


@dataclass(frozen=True)
class Threshold:
    """Selected threshold of one band.

    Attributes:
        value: the threshold to use.
        f1_usual: F1 at 0.5.
        f1_held_out: F1 on held-out places by cross-validation; NaN where there were too few to hold any out.
        places: labelled places of this class.
    """

    value: float
    f1_usual: float
    f1_held_out: float
    places: int


def run(params: CalibrateParams, context: Context) -> dict[str, Any]:
    """Choose a threshold for every band of a score raster.

    Args:
        params: scores, labelled places, and paths of the results.
        context: reports progress; cancellation is checked between two blocks.

    Returns:
        scores, output, map (paths), thresholds (of each: name, threshold, f1_at_half, f1_held_out, places).

    Raises:
        InputError: a file cannot be read, no place lies on the scores, or no place is of a class that has scores.
        OutputError: a result cannot be written.
    """
    with open_raster(params.scores) as raster:
        check_writable([(params.output, (".json",)), (params.map, GEOTIFF)], [*raster.info.files, params.places])
        names = [name or f"band {number}" for number, name in enumerate(raster.info.descriptions, 1)]
        labels = read_labels(params.places, label_field(params.places, params.field))
        is_of_band = _matches(names, labels.classes)
        scores, places = _at_places(raster, labels.on_reference_of(raster.grid), context)
        truth = is_of_band[:, labels.codes - 1][:, places]
        thresholds = [
            choose_threshold(values, wanted, places, params.folds) for values, wanted in zip(scores, truth, strict=True)
        ]
        if params.map is not None:
            _write_map(params.map, raster, names, [found.value for found in thresholds], context)
    rows = [
        {
            "name": name,
            "threshold": round(found.value, 4),
            "f1_at_half": round(found.f1_usual, 4),
            "f1_held_out": None if np.isnan(found.f1_held_out) else round(found.f1_held_out, 4),
            "places": found.places,
        }
        for name, found in zip(names, thresholds, strict=True)
    ]
    result = {"scores": params.scores, "output": params.output, "map": params.map, "thresholds": rows}
    if params.output is not None:
        target = Path(params.output)
        with staging(target, (".json",)) as folder:
            (folder / target.name).write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")
    return result


def choose_threshold(
    scores: NDArray[np.floating], truth: NDArray[np.bool_], places: NDArray[np.int64], folds: int = 5
) -> Threshold:
    """Select the threshold with the best F1, if it also improves F1 on held-out places.

    Pixels of one place are alike, so the folds of the cross-validation hold whole places. Where the held-out F1 is not
    above that of 0.5, the threshold stays 0.5.

    Args:
        scores: (N,) 0..1.
        truth: (N,) whether the pixel is of the class.
        places: (N,) which place each pixel belongs to.
        folds: at most.
    """
    wanted, others = np.unique(places[truth]), np.unique(places[~truth])
    usual = f1_score(scores >= USUAL, truth)
    count = min(folds, len(wanted), len(others))
    if count < 2:
        return Threshold(USUAL, usual, float("nan"), len(wanted))
    fold_of = np.zeros(int(places.max()) + 1, np.int64)
    fold_of[others] = np.arange(len(others)) % count
    fold_of[wanted] = np.arange(len(wanted)) % count
    held_out = fold_of[places]
    predicted = np.zeros(len(scores), bool)
    for fold in range(count):
        here = held_out == fold
        predicted[here] = scores[here] >= best_threshold(scores[~here], truth[~here])
    honest = f1_score(predicted, truth)
    return Threshold(best_threshold(scores, truth) if honest > usual else USUAL, usual, honest, len(wanted))


def best_threshold(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """Returns the threshold with the highest F1: half-way between the last score that counts and the next one below."""
    if not truth.any():
        return USUAL
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order].astype(np.float64), np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + truth.sum())
    last_of_its_value = np.append(ranked[1:] < ranked[:-1], True)
    best = int(np.where(last_of_its_value, f1, -1).argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def _matches(names: Sequence[str], classes: Sequence[str]) -> NDArray[np.bool_]:
    """Returns which classes (columns) belong to each band (rows)."""
    synonyms = [{part.strip().lower() for part in (*name.split("|"), name)} for name in names]
    found = np.array([[label.lower() in words for label in classes] for words in synonyms])
    if not found.any() and len(names) == 1:
        found = np.array([[label.lower() in YES for label in classes]])
    if not found.any():
        raise InputError(
            f"None of the labelled classes ({', '.join(classes[:8])}) has scores.",
            hint=f"The scores are of {', '.join(names)}; call the classes so.",
        )
    return found


def _at_places(
    raster: RasterReader, labels: VectorLabels, context: Context
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Read the scores (bands, N) of the pixels of all places, and which place each belongs to (N,)."""
    scores: list[NDArray[np.float32]] = []
    places: list[NDArray[np.int64]] = []
    blocks = list(raster.grid.window.blocks(BLOCK_PIXELS, BLOCK_PIXELS))
    tree = shapely.STRtree(labels.geometries)
    for number, block in enumerate(blocks, start=1):
        context.raise_if_cancelled()
        grid = raster.grid.subgrid(block)
        near = np.sort(tree.query(shapely.box(*grid.extent), predicate="intersects"))
        if len(near):
            drawn = _drawn(labels, near, grid)
            values, valid = raster.read(block)
            inside = (drawn >= 0) & valid
            scores.append(values[:, inside].astype(np.float32))
            places.append(drawn[inside])
        context.progress(number / len(blocks), "Reading the scores of labelled places")
    if not places or not sum(len(part) for part in places):
        raise InputError("No labelled place lies on the scores.", hint="Check both coordinate reference systems.")
    all_scores, all_places = np.concatenate(scores, axis=1), np.concatenate(places)
    kept = np.isfinite(all_scores).all(0) & _few_of_each(all_places)
    return all_scores[:, kept], all_places[kept]


def _drawn(labels: VectorLabels, near: NDArray[np.intp], grid: GridSpec) -> NDArray[np.int64]:
    """Draw the numbers of the places in ``near`` onto a grid, -1 elsewhere."""
    drawn = np.full((grid.height, grid.width), -1, np.int32)
    thin = shapely.get_dimensions(labels.geometries[near]) < 2
    for touched in (False, True):
        chosen = near[thin == touched]
        if len(chosen):
            pairs = zip(labels.geometries[chosen], chosen.tolist(), strict=True)
            rasterize(pairs, out=drawn, transform=grid.transform, all_touched=touched)
    return drawn.astype(np.int64)


def _few_of_each(places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Keep at most PIXELS_PER_PLACE pixels of each place, at random but the same every time."""
    shuffled = np.random.default_rng(0).permutation(len(places))
    order = shuffled[np.argsort(places[shuffled], kind="stable")]
    ordered = places[order]
    rank = np.arange(len(places)) - np.searchsorted(ordered, ordered)
    kept = np.zeros(len(places), bool)
    kept[order[rank < PIXELS_PER_PLACE]] = True
    return kept


def _write_map(
    path: str, raster: RasterReader, names: Sequence[str], thresholds: Sequence[float], context: Context
) -> None:
    """Write a class map: the band whose score exceeds its threshold most, else "none of these"."""
    least = np.array(thresholds, np.float32)[:, None, None]
    nothing = len(names) + 1

    def blocks() -> Iterator[tuple[PixelWindow, NDArray[np.uint8]]]:
        for block in raster.grid.window.blocks(BLOCK_PIXELS, BLOCK_PIXELS):
            context.raise_if_cancelled()
            values, valid = raster.read(block)
            above = (np.nan_to_num(values) - least) / np.maximum(1 - least, 1e-3)
            codes = np.where(above.max(0) >= 0, above.argmax(0) + 1, nothing)
            yield block, np.where(valid, codes, 0)[None].astype(np.uint8)

    write_cog(
        path,
        raster.grid,
        "uint8",
        0,
        blocks(),
        ("class",),
        tags={"THRESHOLDS": "; ".join(f"{name} {value:.3f}" for name, value in zip(names, thresholds, strict=True))},
        category_names={**dict(enumerate(names, 1)), nothing: "none of these"},
        sources=raster.info.files,
    )
