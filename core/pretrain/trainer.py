"""Training loop: sampling, steps, validation, checkpoints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.context import Context
from core.errors import CancelledError, TrainingError
from core.learning.averaging import WeightAverage
from core.model.geolangbind import GeoLangBind
from core.pretrain.averaged_model import averaged_model, averaged_state
from core.pretrain.batch import Batch
from core.pretrain.batch_sampler import BatchSampler
from core.pretrain.checkpoints import Checkpoints
from core.pretrain.curves import Curves
from core.pretrain.distributed import ALONE, Processes
from core.pretrain.frozen_parts import set_trainable
from core.pretrain.kernel_regularisation import KernelRegularisation
from core.pretrain.optimiser import make_optimiser, set_rates
from core.pretrain.recipe import Recipe, build_sources
from core.pretrain.recipe_teachers import TeacherFeatures
from core.pretrain.siglip import ClassAwareSigLipLoss
from core.pretrain.sources.base import Source
from core.pretrain.texts import SourceTexts
from core.pretrain.training_step import TrainingStep, accumulate

Validation = Callable[[GeoLangBind], dict[str, float]]


class Trainer:
    """Trains a model by a recipe, resuming from the folder's checkpoint to the same numbers.

    Args:
        model: its text tower stays frozen; the recipe names the trainable parts.
        recipe: of the run.
        folder: for the checkpoint, curves and results.
        validations: measures by name, run on the averaged weights.
        teachers: features of a batch by each teacher, by translator name.
        bfloat16: whether to run under bf16 autocast.
        processes: those that share every batch, and the device of this one.
    """

    def __init__(
        self,
        model: GeoLangBind,
        recipe: Recipe,
        folder: Path,
        *,
        validations: dict[str, Validation] | None = None,
        teachers: dict[str, TeacherFeatures] | None = None,
        bfloat16: bool = False,
        processes: Processes = ALONE,
    ) -> None:
        self.model = model.to(processes.device).train()
        self.processes = processes
        self.recipe = recipe
        self.folder = folder
        self.validations = validations or {}
        self.teachers = teachers or {}
        self.bfloat16 = bfloat16
        folder.mkdir(parents=True, exist_ok=True)
        self.sources: dict[str, Source] = build_sources(recipe)
        self._sampler = BatchSampler(recipe, self.sources, processes.share)
        set_trainable(model, recipe.learn)
        if recipe.accumulate > 1 and model.visual.trunk.sees_whole_batches:
            raise TrainingError(
                "A model with a spectral stem cannot accumulate: its norms must see the whole batch.",
                hint="Set accumulate to 1 and choose smaller batches.",
            )
        siglip = ClassAwareSigLipLoss(processes.share.rank, processes.share.count)
        kept = KernelRegularisation(model, recipe.keep_kernels) if recipe.keep_kernels else None
        self._forward = processes.wrap(TrainingStep(model, recipe.objectives, siglip, kept))
        self._parameters = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self._optimiser = make_optimiser(self._parameters, recipe.optimiser)
        self._average = WeightAverage(self._parameters, recipe.optimiser.average)
        self._checkpoints = Checkpoints(
            folder, self.model, self._forward, self._optimiser, self._average, processes, recipe.seed
        )
        self.step, self.history = self._checkpoints.load()

    def run(self, context: Context | None = None, until: int | None = None) -> dict[str, Any]:
        """Train to the last step.

        Args:
            context: receives the losses and the time left as progress; a cancelled run keeps a checkpoint.
            until: stop after this many steps and keep a checkpoint.

        Returns:
            The results, which are also written to ``results.json``; empty after ``until`` steps.

        Raises:
            CancelledError: the work was cancelled; another run resumes.
            TrainingError: the loss is no longer a number.
        """
        context = context or Context()
        texts = SourceTexts(self.model, self.sources, background=self.recipe.objectives.prompts > 0)
        end = min(self.recipe.steps, until or self.recipe.steps)
        saved = time.monotonic()
        with Curves(self.folder / "curves" if self.processes.first else None, self.step, end) as curves:
            for batches in self._sampler.steps(self.step, end):
                due = self.processes.first and time.monotonic() - saved > 60 * self.recipe.checkpoint_minutes
                stop, due = self.processes.agree(context.cancel.cancelled, due)
                if stop or due:
                    self.save()
                    saved = time.monotonic()
                if stop:
                    raise CancelledError("Cancelled.", hint="Run it again to go on.")
                losses = self.train_step(batches, texts)
                self.step += 1
                line = curves.add(losses, self.step)
                if line is not None:
                    context.progress(self.step / self.recipe.steps, line)
                every = self.recipe.validate_every
                if every and self.step % every == 0 and self.step < self.recipe.steps:
                    self._validate(curves, context)
            self.save()
            if self.step < self.recipe.steps:
                return {}
            self._validate(curves, context)
            return self._finish(curves.seconds)

    def averaged_state(self) -> dict[str, Tensor]:
        """Returns the state dict with averaged weights, which is validated and kept; all processes must call it."""
        return averaged_state(self.model, self._average)

    def averaged_model(self) -> AbstractContextManager[GeoLangBind]:
        """Yields the model with averaged weights, for validation or saving; all processes must call it."""
        return averaged_model(self.model, self._average, self.processes)

    def save(self) -> None:
        """Write the checkpoint; all processes must call it."""
        self._checkpoints.save(self.step, self.history)

    def train_step(self, batches: list[Batch], texts: SourceTexts) -> dict[str, float]:
        """Take one optimiser step and return its losses by source and objective; empty without any."""
        set_rates(self._optimiser, self.step, self.recipe.steps, self.recipe.optimiser)
        # Stochastic depth draws from torch's generator: seeded by the step, a resumed run repeats it.
        seed = self.recipe.seed * 1_000_003 + self.step
        torch.manual_seed(seed)
        batches = [batch.to(self.processes.device) for batch in batches]
        self._optimiser.zero_grad(set_to_none=True)
        if self.recipe.accumulate > 1:
            losses = self._accumulated(batches, texts, seed)
        else:
            losses = self._at_once(batches, texts)
        if not losses:
            return {}
        self.processes.average_single_numbers(self.model)
        torch.nn.utils.clip_grad_norm_(list(self._parameters.values()), self.recipe.optimiser.clip)
        self._optimiser.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, math.log(100))
        self._average.update(self._parameters, self.step)
        return self.processes.mean(losses)

    def _at_once(self, batches: list[Batch], texts: SourceTexts) -> dict[str, Tensor]:
        """Run the step's batches together, gradients included, and give the losses by source and objective."""
        words = [texts.of(batch) for batch in batches]
        teachers = [self._ask_teachers(batch) for batch in batches]
        with self._autocast():
            per_batch = self._forward(batches, words, teachers)
        losses = {
            f"{batch.source}/{name}": value
            for batch, of_batch in zip(batches, per_batch, strict=True)
            for name, value in of_batch.items()
            if value.requires_grad  # else none of the parts that learn has a say in it
        }
        self._refuse_nonsense(losses)
        if losses:
            total = torch.stack([self._share(name) * value for name, value in losses.items()]).sum()
            total.backward()  # type: ignore[no-untyped-call]
        return losses

    def _accumulated(self, batches: list[Batch], texts: SourceTexts, seed: int) -> dict[str, Tensor]:
        """Run each batch in parts that fit into memory; the gradients are those of whole batches."""
        losses: dict[str, Tensor] = {}
        for batch in batches:
            if batch.captions is None and batch.targets is None:
                raise TrainingError(
                    f"Source {batch.source} asks nothing of whole images, which accumulating steps are for.",
                    hint="Set accumulate to 1.",
                )
            of_batch = accumulate(
                self._forward,
                batch,
                texts.of(batch),
                self._ask_teachers,
                self.recipe.accumulate,
                seed,
                self._autocast(),
                partial(self._exchange, final=batch is batches[-1]),
                self._share(f"{batch.source}/"),
            )
            losses |= {f"{batch.source}/{name}": value for name, value in of_batch.items()}
        self._refuse_nonsense(losses)
        return losses

    def _exchange(self, last: bool, final: bool) -> AbstractContextManager[None]:
        """Returns the context of a part of a step, so that gradients are exchanged once per step."""
        return self.processes.last_pass_only(self._forward, last and final)

    def _refuse_nonsense(self, losses: Mapping[str, Tensor]) -> None:
        if not all(math.isfinite(value.item()) for value in losses.values()):
            raise TrainingError(f"The loss is no longer a number at step {self.step}.", hint="Lower the learning rate.")

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.processes.device.type, torch.bfloat16, enabled=self.bfloat16)

    def _share(self, loss: str) -> float:
        """Returns the weight of a source's losses: its own where all sources are in every step, else 1."""
        return self.recipe.sources[loss.split("/")[0]].weight if self.recipe.together else 1.0

    def _ask_teachers(self, batch: Batch) -> dict[str, Tensor]:
        asked = {name: teacher(batch) for name, teacher in self.teachers.items()}
        return {name: features for name, features in asked.items() if features is not None}

    def _validate(self, curves: Curves, context: Context) -> None:
        if not self.validations:
            return
        figures: dict[str, float] = {}
        with self.averaged_model() as model, torch.no_grad():
            for name, measure in self.validations.items() if self.processes.first else ():
                figures |= {f"{name}/{key}": value for key, value in measure(model).items()}
        self.processes.wait()
        curves.plot({f"validation/{name}": value for name, value in figures.items()}, self.step)
        self.history.append({"step": self.step, **figures})
        shown = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        context.progress(self.step / self.recipe.steps, f"step {self.step} validation: {shown}")

    def _finish(self, seconds: float) -> dict[str, Any]:
        results = {
            "name": self.recipe.name,
            "steps": self.step,
            "seed": self.recipe.seed,
            "seconds_of_this_run": round(seconds, 1),
            "final": self.history[-1] if self.history else {},
            "history": self.history,
        }
        if self.processes.first:
            (self.folder / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
        return results
