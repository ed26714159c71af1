"""Training loop of fine-tuning: crops, learning rate, validation, best weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import Tensor, nn

from core.context import Context
from core.errors import TrainingError
from core.finetune.batches import LABELLED, FinetuneBatches
from core.finetune.objective import FinetuneObjective
from core.finetune.score import FinetuneScore, HeldOutPixels
from core.finetune.settings import FinetuneSettings
from core.finetune.trainable_parts import Mode, trainable
from core.learning.averaging import WeightAverage
from core.model.geolangbind import GeoLangBind

UNMEASURED_STEPS = 80
"""Steps where nothing can be held out for validation."""
WARMUP_STEPS = 10
LEARNING_RATES: dict[Mode, float] = {"adapters": 1.5e-3, "head-only": 1.5e-3, "full": 3e-4}
"""Of adapters and heads chosen on other ground than docs/finetune.md reports: a third of it leaves a weak start behind,
four times as much gains there and costs a good start three per cent."""
AVERAGE = 0.95
"""Decay of the running average of the weights, which is validated and saved: with a few polygons the score of single
steps varies by several per cent."""

OnStep = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Best:
    """Best step of a run on the validation blocks (0 for the initial weights), and its score."""

    steps: int
    score: FinetuneScore


class FinetuneLoop:
    """Training steps of one model, regularised towards its initial behaviour.

    Args:
        model: trained in place.
        objective: classes and losses.
        settings: of the fine-tuning.
        validation: held-out pixels for early stopping; may be empty.
        context: cancellation is checked before every step.
        on_step: called with {step, steps, loss} of every step, with "validation" and "accuracy" where measured.
    """

    def __init__(
        self,
        model: GeoLangBind,
        objective: FinetuneObjective,
        settings: FinetuneSettings,
        validation: HeldOutPixels,
        context: Context,
        on_step: OnStep,
    ) -> None:
        self._model = model
        self._objective = objective
        self._settings = settings
        self._validation = validation
        self._context = context
        self._on_step = on_step
        # The text tower lies outside the state dict and does not learn: both share it.
        self._start: GeoLangBind = copy.deepcopy(model, {id(model.text): model.text})

    def restart(self) -> None:
        """Restore the weights that the model had when the loop was created."""
        self._model.load_state_dict(self._start.state_dict())

    def run(self, batches: FinetuneBatches, steps: int | None = None) -> Best:
        """Train until the validation score stops improving and keep the best weights, or for a given number of steps.

        Args:
            batches: of training crops.
            steps: exact number of steps; None to stop by the validation blocks.

        Returns:
            The best step and its score.

        Raises:
            CancelledError: the work was cancelled.
            TrainingError: the loss is no longer a number.
        """
        settings = self._settings
        watched = steps is None and not self._validation.empty
        most = steps or (settings.steps if watched else min(settings.steps, UNMEASURED_STEPS))
        torch.manual_seed(settings.seed)
        start = self._validation.score(self._model, self._objective)
        best, waited = Best(0 if watched else most, start), 0
        with torch.enable_grad(), trainable(self._model, settings.mode) as parameters:
            kept = _copied(parameters)
            average = WeightAverage(parameters, AVERAGE)
            rate = LEARNING_RATES[settings.mode]
            optimiser = torch.optim.AdamW(parameters.values(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
            # The whole course is the same whether a run is measured or exact: it is cut off, not shortened.
            schedule = _schedule(optimiser, rate, settings.steps)
            for step in range(1, most + 1):
                self._context.raise_if_cancelled()
                schedule.step_update(step)
                loss = self._step(batches, np.random.default_rng((settings.seed, step)), optimiser, parameters)
                average.update(parameters, step)
                point = {"step": step, "steps": most, "loss": round(loss, 4)}
                if watched and (step % settings.validate_every == 0 or step == most):
                    with _averaged(parameters, average):
                        score = self._validation.score(self._model, self._objective)
                    point |= {"validation": round(score.loss, 4), "accuracy": round(score.overall, 4)}
                    # In the first half the rate is high, and what is best there is so by chance.
                    settled = 2 * step >= settings.steps
                    if settled and score.better_than(best.score):
                        best, kept, waited = Best(step, score), _copied(average.values), 0
                    elif settled:
                        waited += 1
                self._on_step(point)
                if waited >= settings.patience:
                    break
            _put_back(parameters, kept if watched else average.values)
        return best

    def _step(
        self,
        batches: FinetuneBatches,
        rng: np.random.Generator,
        optimiser: torch.optim.Optimizer,
        parameters: Mapping[str, nn.Parameter],
    ) -> float:
        batch = batches.draw(rng)
        objective = self._objective
        features = objective.features(self._model, batch.images, batch.wavelengths_um, batch.col_row)
        with torch.no_grad():
            before = objective.features(self._start, batch.images, batch.wavelengths_um, batch.col_row[:, LABELLED:])
        loss = objective.loss(features[:, :LABELLED].flatten(0, 1), batch.labels.flatten().to(features.device))
        loss = loss + objective.rehearsal(features[:, LABELLED:], before)
        if not math.isfinite(loss.item()):
            raise TrainingError("The loss is no longer a number.", hint="Check the raster for absurd values.")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(list(parameters.values()), 1.0)
        optimiser.step()
        return float(loss.detach())


def _schedule(optimiser: torch.optim.Optimizer, rate: float, steps: int) -> CosineLRScheduler:
    """A short warm-up, then half a cosine down to a tenth of the rate."""
    warmup = min(WARMUP_STEPS, max(1, steps // 4))
    return CosineLRScheduler(
        optimiser,
        max(1, steps - warmup),
        lr_min=rate / 10,
        warmup_t=warmup,
        warmup_prefix=True,
        t_in_epochs=False,
    )


def _copied(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in parameters.items()}


@contextmanager
def _averaged(parameters: Mapping[str, nn.Parameter], average: WeightAverage) -> Iterator[None]:
    """Replace the parameters by their average inside the context."""
    trained = _copied(parameters)
    _put_back(parameters, average.values)
    try:
        yield
    finally:
        _put_back(parameters, trained)


@torch.no_grad()
def _put_back(parameters: Mapping[str, nn.Parameter], kept: Mapping[str, Tensor]) -> None:
    for name, value in parameters.items():
        value.copy_(kept[name])
