"""Fine-tuning on the user's own rasters and labels."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.context import Context
from core.errors import TrainingError
from core.finetune.batches import FinetuneBatches
from core.finetune.head_fit import fit_head, sample_features
from core.finetune.labelled_data import LabelledData, Masks, read_labelled_data
from core.finetune.labels import open_labels
from core.finetune.loop import FinetuneLoop
from core.finetune.objective import FinetuneObjective
from core.finetune.pixel_stage import PixelResult, PixelStage
from core.finetune.report import class_rows, model_card, outcome
from core.finetune.result_folder import check_writable, list_result, model_name
from core.finetune.score import HeldOutPixels
from core.finetune.settings import FinetuneSettings
from core.finetune.trainable_parts import MODES
from core.model import load_model
from core.model.geolangbind import GeoLangBind
from core.model.weight_files import save_model

CROP_PX = 96
"""Least side of a crop in pixels, for models with a trained decoder; others have crops of their own image size."""
HEAD_SHARE = 0.2
"""Share of the head's fit in the progress of training."""
SEEN, LEARNT, CHOSEN, SAVED = (0.02, 0.1), (0.1, 0.55), (0.55, 0.9), 0.96
"""Progress at the beginning and end of encoding for pixel classifiers, of training for selection, and of the refit on
all training labels; and when the model is written."""


def fine_tune(settings: FinetuneSettings, output: Path, context: Context | None = None) -> dict[str, Any]:
    """Fine-tune a model and write it as a folder with config.json, model.safetensors, card.json and results.json.

    First the dense decoder's last map is fitted, in seconds. Then, in mode "head-only", a pixel classifier is fitted;
    in other modes the rest is trained. Validation blocks determine the number of steps; then the model is trained on
    their labels as well. Test blocks, which are used for neither, measure the model before and the very weights that
    are written; of a pixel classifier, one that has not learnt them, while the one that is written has.

    Args:
        settings: rasters, labels and options.
        output: folder of the result; its name becomes the model's.
        context: is sent every step as ``loss`` {stage, step, steps, loss}, with "validation" and "accuracy" where the
            validation blocks were scored. Cancellation is checked before every step; nothing is written then.

    Returns:
        What results.json holds: name, output, classes (name, pixels, before, after), before, after, outcome, learnt,
        head_steps, steps, pixel_classifier (whether there is one), seconds, remarks, history.

    Raises:
        TrainingError: the labels cannot be learnt from.
        CancelledError: the work was cancelled.
        GeoLangBindError: a raster or the model cannot be used, or the result not be written.
    """
    started = time.monotonic()
    context = context or Context()
    if settings.mode not in MODES:
        raise TrainingError(f"There is no mode {settings.mode}.", hint=f"Choose one of {', '.join(MODES)}.")
    check_writable(output)
    rng = np.random.default_rng(settings.seed)
    with open_labels(settings.labels, settings.field, settings.names) as labels:  # refused before any progress
        context.progress(0.0, "Loading the model")
        model = load_model(settings.start, device=settings.device)
        model.pixel_classifiers = None  # of the classes that the start learnt; these ones get their own
        crop, margin = _sides(model)
        context.progress(0.01, "Reading rasters and labels")
        placeholders = None if model.card is None else model.card.placeholders
        data = read_labelled_data(settings, labels, crop, margin, rng, placeholders=placeholders, context=context)
    test_pixels = HeldOutPixels(data.rasters, data.test, len(data.classes), rng)
    fitting = _Finetuning(model, settings, data, crop, rng, context)
    before = test_pixels.score(model, fitting.objective)
    pixel_stage = fitting.pixel_stage(test_pixels)
    taken = fitting.run()
    classified = None if pixel_stage is None else fitting.run_pixels(pixel_stage)
    _round_to_half(model)
    after = test_pixels.score(model, fitting.objective) if classified is None else classified.score
    learnt = taken.any or classified is not None
    sentences = outcome(before, after, learnt)
    context.progress(SAVED, "Writing the model")
    results = {
        "name": model_name(output),
        "output": str(output),
        "start": settings.start,
        "mode": settings.mode,
        "classes": class_rows(data.classes, data.counts(data.refit_training), before, after),
        "before": before.summary(),
        "after": after.summary(),
        "outcome": " ".join(sentences),
        "block_pixels": data.split.side,
        "held_out_blocks": len(data.split.test),
        "validation_blocks": len(data.split.validation),
        "learnt": learnt,
        "pixel_classifier": classified is not None,
        "head_steps": taken.head,
        "steps": taken.loop,
        "remarks": [*data.remarks, *sentences],
        "seconds": round(time.monotonic() - started, 1),
        "history": fitting.history,
    }
    card = model_card(model, settings, data.rasters, results)
    save_model(model, output, card, torch.float16, results, None if classified is None else classified.classifiers)
    if settings.listed:
        results["name"] = list_result(output)
    context.progress(1.0, f"{results['name']} is ready")
    return results


@dataclass(frozen=True)
class StepsTaken:
    """Best numbers of steps on the validation blocks: of the head's fit and of the loop after it."""

    head: int
    loop: int

    @property
    def any(self) -> bool:
        """Whether there are any steps."""
        return self.head > 0 or self.loop > 0


class _Finetuning:
    """The stages of one fine-tuning: head fit and loop, first for selection, then on all data."""

    def __init__(
        self,
        model: GeoLangBind,
        settings: FinetuneSettings,
        data: LabelledData,
        crop: int,
        rng: np.random.Generator,
        context: Context,
    ) -> None:
        self.objective = FinetuneObjective(model, data.classes)
        self.history: list[dict[str, Any]] = []
        self._model = model
        self._settings = settings
        self._data = data
        self._crop = crop
        self._validation = HeldOutPixels(data.rasters, data.validation, len(data.classes), rng)
        self._context = self._step = context
        self._stage = ""
        self._loop = FinetuneLoop(model, self.objective, settings, self._validation, context, self._on_step)
        self._fits_head = self.objective.head.projection(model) is not None
        self._runs_loop = settings.mode != "head-only" or not self._fits_head

    def pixel_stage(self, test: HeldOutPixels) -> PixelStage | None:
        """Read what pixel classifiers are fitted to; None where the trunk learns too, which would change that.

        Args:
            test: pixels to measure on.
        """
        if self._runs_loop:
            return None
        seed, context = self._settings.seed, self._context.step(*SEEN)
        return PixelStage(self._model, self.objective, self._data, test, seed, context)

    def run_pixels(self, stage: PixelStage) -> PixelResult | None:
        """Fit pixel classifiers; None where a class has too few labels."""
        self._stage, self._step = "pixel classifier", self._context.step(CHOSEN[1], SAVED)
        return stage.run(self._step, self._on_step)

    def run(self) -> StepsTaken:
        """Train the model in place.

        Returns:
            The steps of the result; none where the model is unchanged.
        """
        taken = self._learn(self._data.training, None, "", self._context.step(*LEARNT))
        if self._settings.refit and taken.any and not self._validation.empty:
            self._loop.restart()
            self._learn(self._data.refit_training, taken, ", all labels", self._context.step(*CHOSEN))
        return taken

    def _learn(self, masks: Masks, exact: StepsTaken | None, suffix: str, context: Context) -> StepsTaken:
        """Fit the head, then run the loop, for given numbers of steps or until the validation score stops improving."""
        head_steps = loop_steps = 0
        of_head = HEAD_SHARE if self._runs_loop else 1.0
        if self._fits_head and (exact is None or exact.head):
            self._stage, self._step = f"head{suffix}", context.step(0.0, of_head)
            self._step.progress(0.0, "Encoding the labelled places")
            rng = np.random.default_rng((self._settings.seed, 0))
            samples = sample_features(self._model, self.objective, self._data.rasters, masks, rng, context)
            head_steps = fit_head(
                self._model,
                self.objective,
                samples,
                self._validation,
                seed=self._settings.seed,
                steps=None if exact is None else exact.head,
                on_step=self._on_step,
            ).steps
        if self._runs_loop and (exact is None or exact.loop):
            self._stage, self._step = f"{self._settings.mode}{suffix}", context.step(of_head, 1.0)
            batches = FinetuneBatches(self._data.rasters, masks, self._crop, self._settings.batch)
            loop_steps = self._loop.run(batches, None if exact is None else exact.loop).steps
        return StepsTaken(head_steps, loop_steps)

    def _on_step(self, point: dict[str, Any]) -> None:
        self._context.raise_if_cancelled()
        point = {"stage": self._stage, **point}
        self.history.append(point)
        self._context.notify("loss", point)
        accuracy = f", accuracy {100 * point['accuracy']:.0f} %" if "accuracy" in point else ""
        message = f"Step {point['step']} of {point['steps']}, loss {point['loss']:.3f}{accuracy}"
        self._step.progress(point["step"] / point["steps"], message)


def _sides(model: GeoLangBind) -> tuple[int, int]:
    """Return the side of a crop and its margin in pixels, both multiples of the trunk's patch."""
    patch = int(model.visual.trunk.token_stride)
    crop = max(math.ceil(CROP_PX / patch), 1) * patch
    if model.dense is None:
        crop = model.config.image_size // patch * patch
    return crop, max(crop // 4 // patch, 1) * patch


@torch.no_grad()
def _round_to_half(model: GeoLangBind) -> None:
    """Round the weights to the file's precision, so that the measured weights are the written ones."""
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half())
