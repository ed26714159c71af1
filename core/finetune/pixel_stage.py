"""The stage of fine-tuning that fits pixel classifiers: one for each set of bands, on the features of the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from core.context import Context
from core.finetune.block_split import TRAINING
from core.finetune.labelled_data import LabelledData
from core.finetune.objective import FinetuneObjective
from core.finetune.patches import LabelledRaster
from core.finetune.pixel_fit import STEPS, fit_pixel_classifier
from core.finetune.pixel_samples import PixelSamples, directions_of, input_pixels, inputs_at, sample_pixels
from core.finetune.score import FinetuneScore, HeldOutPixels
from core.model.geolangbind import GeoLangBind
from core.model.pixel_classifier import PixelClassifier, PixelClassifiers

BandKey = tuple[float, ...]


@dataclass(frozen=True)
class PixelResult:
    """Classifiers that are kept, and the score on the test blocks of those fitted without these blocks."""

    classifiers: PixelClassifiers
    score: FinetuneScore


class PixelStage:
    """Pixel classifiers of one fine-tuning. Made before the model learns: it reads the start's features.

    Args:
        model: the model to start from, whose dense head ends in a linear map.
        objective: its classes.
        data: rasters and labels.
        test: pixels to measure on.
        seed: of patches, pixels and fits.
        context: progress and cancellation.
    """

    def __init__(
        self,
        model: GeoLangBind,
        objective: FinetuneObjective,
        data: LabelledData,
        test: HeldOutPixels,
        seed: int,
        context: Context,
    ) -> None:
        self._data, self._test, self._seed = data, test, seed
        self._temperature = objective.temperature
        projection = objective.head.projection(model)
        assert projection is not None
        bias = None if projection.bias is None else projection.bias.detach().half().float().cpu().clone()
        self._projection = projection.weight.detach().half().float().cpu().clone(), bias
        rng: Generator = np.random.default_rng((seed, 1))
        self._directions = directions_of(model, objective, data.rasters, rng)
        self._samples: dict[BandKey, list[PixelSamples]] = {}
        self._of_test: list[tuple[BandKey, Tensor]] = []
        self._fits = self._fits_done = 0
        for raster, part in zip(data.rasters, context.steps(len(data.rasters)), strict=True):
            key = _key(raster)
            with input_pixels(model, objective, raster, self._directions, part) as pixels:
                self._samples.setdefault(key, []).append(sample_pixels(pixels, raster, rng, part))
                parts = [(patch, np.flatnonzero(mask)) for other, patch, mask in test.parts if other is raster]
                self._of_test += [(key, inputs_at(pixels, patch, wanted)) for patch, wanted in parts]

    def run(self, context: Context, on_step: Callable[[dict[str, Any]], None]) -> PixelResult | None:
        """Fit classifiers without the test blocks, to measure them, then to all labels, to keep those.

        The few polygons of the validation blocks do not decide on them: where words fitted to the same labels led
        there, their map of other ground was mostly the worse one (docs/finetune.md).

        Args:
            context: cancellation.
            on_step: called with {step, steps, loss} now and then; steps are counted over all fits.

        Returns:
            None where a class has too few labels on one of the band sets.
        """
        split = self._data.split
        self._fits, self._fits_done = len(self._samples) * (1 if self._test.empty else 2), 0
        measured = self._fitted(lambda places: split.refit_roles(places) == TRAINING, context, on_step)
        if measured is None:
            return None
        kept = measured
        score = self._scored(measured)
        if not self._test.empty:
            kept = self._fitted(lambda places: np.ones(len(places), bool), context, on_step) or measured
        return PixelResult(PixelClassifiers(tuple(kept.values()), self._projection), score)

    def _fitted(
        self,
        usable: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
        context: Context,
        on_step: Callable[[dict[str, Any]], None],
    ) -> dict[BandKey, PixelClassifier] | None:
        """Fit on some places; None where a class has none of them on one of the band sets."""
        found = {}
        for key, samples in self._samples.items():
            context.raise_if_cancelled()
            masks = [usable(each.places) for each in samples]
            labels = np.concatenate([each.labels[mask] for each, mask in zip(samples, masks, strict=True)])
            if len(np.unique(labels)) < len(self._data.classes):
                return None
            inputs = torch.cat([each.inputs[torch.from_numpy(mask)] for each, mask in zip(samples, masks, strict=True)])
            found[key] = fit_pixel_classifier(
                inputs,
                labels,
                classes=self._data.classes,
                wavelengths_um=key,
                directions=self._directions,
                temperature=self._temperature,
                seed=self._seed,
                on_step=lambda step, loss: on_step(
                    {
                        "step": self._fits_done * STEPS + step,
                        "steps": self._fits * STEPS,
                        "loss": round(loss, 4),
                    }
                ),
            )
            self._fits_done += 1
        return found

    def _scored(self, classifiers: dict[BandKey, PixelClassifier]) -> FinetuneScore:
        """The classifiers' score on the test blocks."""
        logits = [classifiers[key].logits(part) for key, part in self._of_test]
        return self._test.score_of(torch.cat(logits) if logits else torch.zeros(0, len(self._data.classes)))


def _key(raster: LabelledRaster) -> BandKey:
    """Wavelengths of a raster's bands, ascending."""
    return tuple(sorted(raster.recognition.wavelengths_um))
