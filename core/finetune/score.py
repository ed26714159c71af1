"""How right a model is at the held-out labels: per class, and what is said of it in tables and cards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray

from core.finetune.objective import FinetuneObjective
from core.finetune.patches import LabelledRaster
from core.model.geolangbind import GeoLangBind

MOST_PATCHES = 24
"""Patches a raster that are looked at; more tell little and cost as much as training."""


@dataclass(frozen=True)
class FinetuneScore:
    """Result at the held-out labels.

    Attributes:
        confusion: (classes, classes) counts, rows the labels, columns the answers.
        loss: mean over classes of the mean negative log-likelihood; NaN without held-out labels.
    """

    confusion: NDArray[np.int64]
    loss: float

    @property
    def overall(self) -> float:
        """Share of right answers; NaN without any."""
        total = int(self.confusion.sum())
        return float(self.confusion.trace()) / total if total else math.nan

    @property
    def recall(self) -> NDArray[np.float64]:
        """Producer's accuracy of each class (right among its labels); NaN for one without labels."""
        return _shares(self.confusion.diagonal(), self.confusion.sum(1))

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each class; NaN for one without labels."""
        union = self.confusion.sum(1) + self.confusion.sum(0) - self.confusion.diagonal()
        return np.where(self.confusion.sum(1) > 0, _shares(self.confusion.diagonal(), union), np.nan)

    @property
    def mean_iou(self) -> float:
        """Mean over the classes that have labels; NaN without any."""
        known = self.iou[np.isfinite(self.iou)]
        return float(known.mean()) if len(known) else math.nan

    def worse_than(self, other: FinetuneScore) -> bool:
        """Tell whether fewer answers are right and mean IoU is lower as well, whatever the loss says."""
        return self.overall < other.overall and self.mean_iou < other.mean_iou

    def summary(self) -> dict[str, float | None]:
        """Returns overall accuracy, mean IoU and loss, for JSON."""
        values = {"overall_accuracy": self.overall, "mean_iou": self.mean_iou, "loss": self.loss}
        return {name: _json(value) for name, value in values.items()}


class HeldOut:
    """The held-out pixels of all rasters.

    Args:
        rasters: labelled rasters.
        chosen: for each raster, for each patch, which of its pixels are held out (N,).
        classes: number of classes.
        rng: chooses patches where there are many.
    """

    def __init__(
        self,
        rasters: Sequence[LabelledRaster],
        chosen: Sequence[Sequence[NDArray[np.bool_]]],
        classes: int,
        rng: Generator,
    ) -> None:
        self._classes = classes
        self._parts = []
        for raster, masks in zip(rasters, chosen, strict=True):
            held = [place for place, mask in enumerate(masks) if mask.any()]
            for place in sorted(rng.permutation(held)[:MOST_PATCHES].tolist()):
                patch, mask = raster.patches[place], masks[place]
                self._parts.append((raster, patch.image, patch.pixels[mask], patch.labels[mask]))

    @property
    def empty(self) -> bool:
        """Whether nothing could be held out."""
        return not self._parts

    @torch.no_grad()
    def score(self, model: GeoLangBind, objective: FinetuneObjective) -> FinetuneScore:
        """Judge the model."""
        confusion = np.zeros((self._classes, self._classes), np.int64)
        lost, count = np.zeros(self._classes), np.zeros(self._classes)
        for raster, image, pixels, labels in self._parts:
            places = torch.from_numpy(pixels)[None]
            features = objective.features(model, image[None].float(), raster.wavelengths_um, places)[0]
            logs = F.log_softmax(objective.logits(features), dim=1).cpu()
            np.add.at(confusion, (labels, logs.argmax(1).numpy()), 1)
            np.add.at(lost, labels, -logs[torch.arange(len(labels)), torch.from_numpy(labels)].numpy())
            np.add.at(count, labels, 1)
        seen = count > 0
        return FinetuneScore(confusion, float((lost[seen] / count[seen]).mean()) if seen.any() else math.nan)


def class_rows(
    classes: Sequence[str], learnt_from: NDArray[np.int64], before: FinetuneScore, after: FinetuneScore
) -> list[dict[str, Any]]:
    """Returns one row a class for JSON: pixels learnt from and held out, accuracy and IoU before and after."""
    return [
        {
            "name": name,
            "training_pixels": int(learnt_from[index]),
            "held_out_pixels": int(before.confusion[index].sum()),
            "before": {"accuracy": _json(before.recall[index]), "iou": _json(before.iou[index])},
            "after": {"accuracy": _json(after.recall[index]), "iou": _json(after.iou[index])},
        }
        for index, name in enumerate(classes)
    ]


def outcome(before: FinetuneScore, after: FinetuneScore, steps: int) -> str | None:
    """Say in a line what the held-out blocks do not bear out; None where learning made all of it better.

    Args:
        before: of the model started from.
        after: of the model that is kept.
        steps: that it learnt; 0 where it is the one started from.
    """
    if not steps:
        return (
            "Learning made nothing better on the held-out blocks: the model is as it was. Label more places, or places "
            "that differ more."
        )
    changes = (
        ("accuracy", before.overall, after.overall, "rare classes gained, common ones lost"),
        ("mean IoU", before.mean_iou, after.mean_iou, "common classes gained, rare ones lost"),
    )
    for name, old, new, why in changes:
        if new < old:
            return f"On the held-out blocks {name} fell from {100 * old:.1f} to {100 * new:.1f} %: {why}."
    return None


def table(results: dict[str, Any]) -> str:
    """Returns the results as a table for a terminal."""
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
    return "not measured" if before is None or after is None else f"{100 * before:.1f} → {100 * after:.1f} %"


def _shares(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _json(value: float) -> float | None:
    return None if not math.isfinite(value) else round(float(value), 4)
