"""Accuracy of a model at held-out labels, and comparison of two models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from core.finetune.objective import FinetuneObjective
from core.finetune.patches import LabelledRaster, Patch
from core.metrics.confusion import ConfusionMatrix
from core.model.geolangbind import GeoLangBind

MOST_PATCHES = 24
"""Largest number of patches of a raster; more change the score little and cost as much as training."""
SAME_QUALITY = 0.005
"""Means of accuracy and mean IoU that round to the same multiple of this are equally good."""
TEMPERATURE_FACTORS = np.geomspace(0.1, 10.0, 41)
MOST_CALIBRATED = 20_000
"""Pixels that the temperature is fitted on."""


@dataclass(frozen=True)
class FinetuneScore:
    """Result at held-out labels.

    Attributes:
        matrix: rows the labels, columns the answers.
        loss: mean over classes of the mean negative log-likelihood; NaN without held-out labels.
        calibrated_loss: the same at the temperature where it is least, without the loss from miscalibration.
    """

    matrix: ConfusionMatrix
    loss: float
    calibrated_loss: float

    @property
    def overall(self) -> float:
        """Share of right answers; NaN without any."""
        return self.matrix.overall

    @property
    def mean_iou(self) -> float:
        """Mean intersection over union of the classes that have labels; NaN without any."""
        return self.matrix.mean_iou

    @property
    def quality(self) -> float:
        """Mean of accuracy and mean IoU; NaN without held-out labels."""
        return (self.overall + self.mean_iou) / 2

    def better_than(self, other: FinetuneScore) -> bool:
        """Whether accuracy and mean IoU together are higher, or the same and the calibrated loss is lower."""
        if math.isnan(self.quality) or math.isnan(other.quality):
            return False
        mine, theirs = (round(score.quality / SAME_QUALITY) for score in (self, other))
        return (mine, -self.calibrated_loss) > (theirs, -other.calibrated_loss)

    def summary(self) -> dict[str, float | None]:
        """Overall accuracy, mean IoU and loss, for JSON; None where nothing was held out."""
        values = {"overall_accuracy": self.overall, "mean_iou": self.mean_iou, "loss": self.loss}
        return {name: None if not math.isfinite(value) else round(value, 4) for name, value in values.items()}


class HeldOutPixels:
    """Held-out labelled pixels of all rasters.

    Args:
        rasters: labelled rasters.
        chosen: for each raster, for each patch, which of its pixels are held out (N,).
        classes: number of classes.
        rng: chooses patches where there are many.

    Attributes:
        parts: raster, patch, and which of the patch's pixels (N,).
    """

    def __init__(
        self,
        rasters: Sequence[LabelledRaster],
        chosen: Sequence[Sequence[NDArray[np.bool_]]],
        classes: int,
        rng: Generator,
    ) -> None:
        self._classes = classes
        self.parts: list[tuple[LabelledRaster, Patch, NDArray[np.bool_]]] = []
        for raster, masks in zip(rasters, chosen, strict=True):
            held = [place for place, mask in enumerate(masks) if mask.any()]
            for place in sorted(rng.permutation(held)[:MOST_PATCHES].tolist()):
                self.parts.append((raster, raster.patches[place], masks[place]))

    @property
    def empty(self) -> bool:
        """Whether nothing is held out."""
        return not self.parts

    @property
    def labels(self) -> Tensor:
        """Classes (N,) int64 of all pixels, in the order of ``bottleneck``."""
        return torch.from_numpy(
            np.concatenate([patch.labels[mask] for _, patch, mask in self.parts] or [np.zeros(0, np.int64)])
        )

    @torch.no_grad()
    def bottleneck(self, model: GeoLangBind, objective: FinetuneObjective) -> Tensor:
        """Features (N, Z) of all pixels before the linear map into text space; see ``FinetuneObjective``."""
        parts = [
            objective.bottleneck(
                model, patch.image[None].float(), raster.wavelengths_um, torch.from_numpy(patch.col_row[mask])[None]
            )[0]
            for raster, patch, mask in self.parts
        ]
        return torch.cat(parts) if parts else torch.zeros(0, 1)

    @torch.no_grad()
    def score(
        self, model: GeoLangBind, objective: FinetuneObjective, bottleneck: Tensor | None = None
    ) -> FinetuneScore:
        """The model's score.

        Args:
            model: the model.
            objective: its classes.
            bottleneck: (N, Z) where known already, of a model that differs in the linear map alone.
        """
        if self.empty:
            return self.score_of(torch.zeros(0, self._classes))
        features = self.bottleneck(model, objective) if bottleneck is None else bottleneck
        return self.score_of(objective.logits(objective.in_text_space(model, features)).cpu())

    def score_of(self, logits: Tensor) -> FinetuneScore:
        """The score of logits (N, classes), in the order of ``labels``."""
        if self.empty:
            nothing = np.zeros((self._classes, self._classes), np.int64)
            return FinetuneScore(ConfusionMatrix(nothing), math.nan, math.nan)
        labels = self.labels
        matrix = ConfusionMatrix.of(labels.numpy(), logits.argmax(1).numpy(), self._classes)
        stride = max(1, len(labels) // MOST_CALIBRATED)
        calibrated = min(
            _class_mean_loss(logits[::stride] * factor, labels[::stride]) for factor in TEMPERATURE_FACTORS
        )
        return FinetuneScore(matrix, _class_mean_loss(logits, labels), calibrated)


def _class_mean_loss(logits: Tensor, labels: Tensor) -> float:
    """Mean over the classes among ``labels`` of their mean negative log-likelihood."""
    losses = F.cross_entropy(logits, labels, reduction="none")
    return float(torch.stack([losses[labels == label].mean() for label in labels.unique()]).mean())
