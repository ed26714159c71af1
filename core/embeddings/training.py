"""Training on labels: a head in seconds where the rasters hold embeddings, else fine-tuning of a model."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.context import Context
from core.embeddings.head_fit import fit_class_head
from core.embeddings.labelled_vectors import LabelledVectors, read_labelled_vectors
from core.embeddings.pixels import Vectors
from core.errors import TrainingError
from core.finetune.block_split import TEST, TRAINING, VALIDATION, split_blocks
from core.finetune.result_folder import check_writable, list_result, model_name
from core.finetune.session import fine_tune
from core.finetune.settings import FinetuneSettings
from core.metrics.confusion import ConfusionMatrix
from core.model.class_head import ClassHead, link_class_head, save_class_head
from core.raster.reader import open_raster
from core.spectral.embeddings import find_embedding

PENALTIES = (5e-6, 5e-5, 5e-4, 5e-3)
"""Weights of the penalty that are tried on the validation blocks."""
USUAL_PENALTY = 5e-5
"""The one that is taken unless another is better by ``CLEARLY_BETTER``; the best of draws that no figure reports."""
CLEARLY_BETTER = 0.03
"""Gain in the mean of accuracy and mean IoU on the validation blocks; less is chance where they hold a few polygons."""


def fit_or_fine_tune(settings: FinetuneSettings, output: Path, context: Context | None = None) -> dict[str, Any]:
    """Fit a head on embeddings, or fine-tune a model on images; see ``core.finetune.session.fine_tune``.

    Raises:
        TrainingError: the labels cannot be learnt from, or images and embeddings are mixed.
        GeoLangBindError: a raster cannot be used, or the result not be written.
    """
    context = context or Context()
    kinds = [_layout_of(settings, number) for number in range(len(settings.rasters))]
    if all(kind is None for kind in kinds):
        return fine_tune(settings, output, context)
    if len(set(kinds)) > 1:
        raise TrainingError(
            f"A head cannot be trained on rasters of different kinds: {', '.join(kind or 'image' for kind in kinds)}.",
            hint="Give embeddings of one kind, or images alone.",
        )
    return _train_head(settings, str(kinds[0]), output, context)


def _layout_of(settings: FinetuneSettings, number: int) -> str | None:
    """Return the layout of embeddings that a raster holds; None for an image."""
    source = settings.rasters[number]
    with open_raster(source.path, collar=source.collar) as raster:
        found = find_embedding(raster.info, source.sensor)
    return None if found is None else found.layout.name


def _train_head(settings: FinetuneSettings, layout: str, output: Path, context: Context) -> dict[str, Any]:
    started = time.monotonic()
    check_writable(output)
    rng = np.random.default_rng(settings.seed)
    context.progress(0.0, "Reading embeddings and labels")
    data = read_labelled_vectors(settings, rng, context)
    count = len(data.classes)
    split = split_blocks(data.places, data.labels, count, rng)
    roles, refit = split.roles(data.places), split.refit_roles(data.places)
    history: list[dict[str, Any]] = []
    best = USUAL_PENALTY
    if (roles == VALIDATION).any():
        best = _choose(data, roles, history, context)
    context.progress(0.8, "Fitting the head")
    weight, bias, losses = fit_class_head(*data.part(refit == TRAINING), count, best)
    after = _score(ClassHead(layout, data.classes, weight, bias), *data.part(refit == TEST))
    if after.total:  # what was held out to measure is learnt from at last
        weight, bias, losses = fit_class_head(*data.part(np.ones(len(data.labels), bool)), count, best)
    head = ClassHead(layout, data.classes, weight, bias)
    history.append({"stage": "head, all labels", "step": len(losses), "steps": len(losses), "loss": losses[-1]})
    context.notify("loss", history[-1])
    results = {
        "name": model_name(output),
        "output": str(output),
        "start": layout,
        "mode": "head-only",
        "classes": _class_rows(data, np.ones(len(data.labels), bool), after),
        "before": dict.fromkeys(("overall_accuracy", "mean_iou", "loss")),
        "after": {"overall_accuracy": _figure(after.overall), "mean_iou": _figure(after.mean_iou), "loss": None},
        "outcome": _outcome(after),
        "block_pixels": split.side,
        "held_out_blocks": len(split.test),
        "validation_blocks": len(split.validation),
        "learnt": True,
        "head_steps": len(losses),
        "steps": 0,
        "remarks": [*data.remarks, _outcome(after)],
        "seconds": round(time.monotonic() - started, 1),
        "history": history,
    }
    save_class_head(head, output, _card(settings, layout, results), results)
    if settings.listed:
        results["name"] = list_result(output, link_class_head)
    context.progress(1.0, f"{results['name']} is ready")
    return results


def _choose(data: LabelledVectors, roles: NDArray[np.int8], history: list[dict[str, Any]], context: Context) -> float:
    """Return the penalty with the best score on the validation blocks, or the usual one if that is hardly worse."""
    count = len(data.classes)
    qualities = []
    for number, penalty in enumerate(PENALTIES, 1):
        context.raise_if_cancelled()
        weight, bias, losses = fit_class_head(*data.part(roles == TRAINING), count, penalty)
        found = _score(ClassHead("", data.classes, weight, bias), *data.part(roles == VALIDATION))
        qualities.append((found.overall + found.mean_iou) / 2)
        point = {"stage": "head", "step": number, "steps": len(PENALTIES), "loss": losses[-1]}
        history.append({**point, "accuracy": found.overall})
        context.notify("loss", history[-1])
        message = f"head: {100 * found.overall:.0f} % right on validation blocks"
        context.progress(0.2 + 0.6 * number / len(PENALTIES), message)
    best = int(np.nanargmax(qualities))
    usual = qualities[PENALTIES.index(USUAL_PENALTY)]
    return PENALTIES[best] if not qualities[best] < usual + CLEARLY_BETTER else USUAL_PENALTY


def _score(head: ClassHead, vectors: Vectors, labels: NDArray[np.int64]) -> ConfusionMatrix:
    """Return the confusion matrix: rows are labels, columns predictions."""
    predictions = head.logits(vectors.T[:, None]).argmax(0)[0] if len(vectors) else np.zeros(0, np.int64)
    return ConfusionMatrix.of(labels, predictions, len(head.classes))


def _class_rows(data: LabelledVectors, learnt: NDArray[np.bool_], after: ConfusionMatrix) -> list[dict[str, Any]]:
    held_out = after.counts.sum(1)
    pixels = np.bincount(data.labels[learnt], minlength=len(data.classes))
    return [
        {
            "name": name,
            "training_pixels": int(pixels[index]),
            "held_out_pixels": int(held_out[index]),
            "before": {"accuracy": None, "iou": None},
            "after": {
                "accuracy": _figure(after.producers[index]) if held_out[index] else None,
                "iou": _figure(after.iou[index]) if held_out[index] else None,
            },
        }
        for index, name in enumerate(data.classes)
    ]


def _outcome(after: ConfusionMatrix) -> str:
    if not after.total:
        return "Too few labels to hold any out: how good the head has become was not measured."
    right, iou = 100 * after.overall, 100 * after.mean_iou
    return f"On blocks that were held out, {right:.1f} % are right, mean IoU {iou:.1f} %."


def _card(settings: FinetuneSettings, layout: str, results: dict[str, Any]) -> dict[str, Any]:
    words: Sequence[str] = [row["name"] for row in results["classes"]]
    listed = ", ".join(words[:4]) + (", …" if len(words) > 4 else "")
    return {
        "name": results["name"],
        "title": f"{Path(results['output']).name} ({listed})",
        "description": f"A head on {layout} embeddings that tells {', '.join(words)} apart.",
        "sensors": [layout],
        "start": layout,
        "mode": "head-only",
        "classes": results["classes"],
        "figures": {"after": results["after"]},
        "measured_on": f"{results['held_out_blocks']} held-out blocks of {results['block_pixels']:g} pixels, by a "
        "head that they had neither trained nor chosen; the one that is kept has learnt them, too",
        "training_data": [Path(source.path).name for source in settings.rasters],
        "labels": Path(settings.labels).name,
        "remarks": results["remarks"],
    }


def _figure(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
