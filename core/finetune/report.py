"""Report of a fine-tuning: a summary line, a table, and the model card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.finetune.patches import LabelledRaster
from core.finetune.score import FinetuneScore
from core.finetune.settings import FinetuneSettings
from core.model.geolangbind import GeoLangBind

KEPT_OF_THE_START = ("placeholders",)
"""Entries of the start model's card that fine-tuning does not change."""


def class_rows(
    classes: Sequence[str], learnt_from: NDArray[np.int64], before: FinetuneScore, after: FinetuneScore
) -> list[dict[str, Any]]:
    """One row a class for JSON: pixels for training and held out, accuracy and IoU before and after."""
    held_out = before.matrix.counts.sum(1)
    return [
        {
            "name": name,
            "training_pixels": int(learnt_from[index]),
            "held_out_pixels": int(held_out[index]),
            **{
                when: {
                    "accuracy": _figure(score.matrix.producers[index], held_out[index]),
                    "iou": _figure(score.matrix.iou[index], held_out[index]),
                }
                for when, score in (("before", before), ("after", after))
            },
        }
        for index, name in enumerate(classes)
    ]


def outcome(before: FinetuneScore, after: FinetuneScore, learnt: bool) -> tuple[str, ...]:
    """Return what improved and what got worse, one sentence each.

    Args:
        before: of the model started from, on the test blocks.
        after: of the model that is kept, on the same blocks.
        learnt: whether it differs from the one started from.
    """
    more_places = "Label more places, or places that differ more."
    if not learnt:
        return "Training improved nothing on the validation blocks: the model is unchanged.", more_places
    if math.isnan(before.overall):
        return ("Too few labels to hold any out: how good the model has become was not measured.",)
    measured = (
        f"On blocks that were held out, accuracy went from {100 * before.overall:.1f} to {100 * after.overall:.1f} % "
        f"and mean IoU from {100 * before.mean_iou:.1f} to {100 * after.mean_iou:.1f} %."
    )
    fell = [after.overall < before.overall, after.mean_iou < before.mean_iou]
    if fell == [True, False]:
        return measured, "Rare classes gained, common ones lost."
    if fell == [False, True]:
        return measured, "Common classes gained, rare ones lost."
    if all(fell):
        return measured, "What was learnt from the labels does not hold elsewhere.", more_places
    return (measured,)


def model_card(
    model: GeoLangBind, settings: FinetuneSettings, rasters: Sequence[LabelledRaster], results: dict[str, Any]
) -> dict[str, object]:
    """Return the card of a fine-tuned model: training data and figures."""
    base = model.card
    sensors = dict.fromkeys(base.sensors if base is not None else ())
    sensors |= dict.fromkeys(raster.recognition.sensor for raster in rasters if raster.recognition.sensor)
    words = [row["name"] for row in results["classes"]]
    told = f"{len(rasters)} raster(s) to tell {', '.join(words)} apart"
    description = f"{settings.start}, fine-tuned on {told}."
    if not results["learnt"]:
        description = f"{settings.start}, unchanged: training on {told} improved nothing."
    details = base.details if base is not None else {}
    return {
        "name": results["name"],
        "title": f"{Path(str(results['output'])).name} ({', '.join(words[:4])}{', …' if len(words) > 4 else ''})",
        "licence": base.licence if base is not None else "",
        "licence_text": base.licence_text if base is not None else "",
        "licence_url": base.licence_url if base is not None else "",
        "description": description,
        "sensors": list(sensors),
        "band_counts": list(base.band_counts) if base is not None else [],
        **{name: details[name] for name in KEPT_OF_THE_START if name in details},
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "start": settings.start,
        "mode": settings.mode,
        "classes": results["classes"],
        "figures": {"before": results["before"], "after": results["after"]},
        "measured_on": _measured_on(results),
        "pixel_classifier": results["pixel_classifier"],
        "training_data": [Path(raster.source.path).name for raster in rasters],
        "labels": Path(settings.labels).name,
        "remarks": results["remarks"],
    }


def _measured_on(results: dict[str, Any]) -> str:
    blocks = f"{results['held_out_blocks']} held-out blocks of {results['block_pixels']:g} pixels"
    if results["pixel_classifier"]:
        return f"{blocks}, by a pixel classifier that had not learnt them; the one that is kept has learnt them, too"
    return f"{blocks}, which were used neither to train the model nor to choose it"


def table(results: dict[str, Any]) -> str:
    """The results as a table for a terminal."""
    rows = [("class", "learnt from", "held out", "accuracy", "IoU")]
    for row in results["classes"]:
        pixels = f"{row['training_pixels']:,}", f"{row['held_out_pixels']:,}"
        rows.append((row["name"], *pixels, *(_change(row, key) for key in ("accuracy", "iou"))))
    rows.append(("all", "", "", _change(results, "overall_accuracy"), _change(results, "mean_iou")))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells]))
    return "\n".join(lines)


def _change(values: dict[str, Any], key: str) -> str:
    before, after = values["before"].get(key), values["after"].get(key)
    if after is None:
        return "not measured"
    return f"{100 * after:.1f} %" if before is None else f"{100 * before:.1f} → {100 * after:.1f} %"


def _figure(value: float, labels: int) -> float | None:
    """A figure for JSON; None for a class without held-out labels."""
    return round(float(value), 4) if labels and math.isfinite(value) else None
