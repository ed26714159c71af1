"""The training loop: draws, steps, measures, keeps."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from core.errors import TrainingError
from core.model.geolangbind import GeoLangBind
from core.progress import CancelToken, Progress, no_progress
from core.train.batch import Batch
from core.train.objectives import BatchTexts, ClassAwareSigLipLoss, step_losses
from core.train.recipe import Recipe, build_sources
from core.train.sources.base import Source
from core.train.state import WeightAverage, load_state, save_state
from core.train.teaching import TeacherFeatures

Validation = Callable[[GeoLangBind], dict[str, float]]


class Trainer:
    """Trains a model by a recipe, resuming from the folder's checkpoint to the same numbers.

    Args:
        model: its text tower stays locked; everything else learns.
        recipe: what to do.
        folder: for the checkpoint, curves and results.
        validations: measures by name, run on the averaged weights.
        teachers: what each sees in a batch, by translator name.
        bfloat16: whether to run under bf16 autocast.
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
    ) -> None:
        self.model = model.train()
        self.recipe = recipe
        self.folder = folder
        self.validations = validations or {}
        self.teachers = teachers or {}
        self.bfloat16 = bfloat16
        folder.mkdir(parents=True, exist_ok=True)
        self.sources: dict[str, Source] = build_sources(recipe)
        self._names = list(self.sources)
        weights = np.array([recipe.sources[name].weight for name in self._names], dtype=np.float64)
        self._chances = weights / weights.sum()
        self._parameters = {
            name: value
            for name, value in model.named_parameters()
            if value.requires_grad and not name.startswith("text.")
        }
        self._optimiser = torch.optim.AdamW(_groups(self._parameters, recipe), lr=0.0, betas=(0.9, 0.98), fused=True)
        self._average = WeightAverage(self._parameters, recipe.optimiser.average)
        self._siglip = ClassAwareSigLipLoss()
        self._texts: dict[str, Tensor] = {}
        self._means: dict[str, Tensor] = {}
        self.step = 0
        self.history: list[dict[str, Any]] = []
        self._resume()

    def run(
        self, progress: Progress = no_progress, cancel: CancelToken | None = None, until: int | None = None
    ) -> dict[str, Any]:
        """Train to the last step and give the results, which are also written to ``results.json``.

        Args:
            progress: told the fraction done, the losses and the time left.
            cancel: checked at every step; a checkpoint is kept.
            until: stop after this many steps, as a cancel would.

        Raises:
            CancelledError: cancelled; run again to go on.
            TrainingError: the loss is no longer a number.
        """
        self._encode_texts()
        end = min(self.recipe.steps, until or self.recipe.steps)
        started, first, saved = time.monotonic(), self.step, time.monotonic()
        sums: dict[str, list[float]] = defaultdict(list)
        with SummaryWriter(str(self.folder / "curves"), purge_step=self.step) as curves:
            for batches in self._batches(end):
                if cancel is not None and cancel.cancelled:
                    self.save()
                    cancel.raise_if_cancelled()
                for name, value in self._train_step(batches).items():
                    sums[name].append(value)
                self.step += 1
                if self.step % 50 == 0:
                    means = {name: float(np.mean(values)) for name, values in sums.items()}
                    for name, value in means.items():
                        curves.add_scalar(name, value, self.step)
                    sums.clear()
                    left = (time.monotonic() - started) / (self.step - first) * (end - self.step)
                    summary = " ".join(f"{name} {value:.3f}" for name, value in sorted(means.items()))
                    progress(self.step / self.recipe.steps, f"step {self.step}, {left / 60:.0f} min left: {summary}")
                if time.monotonic() - saved > 60 * self.recipe.checkpoint_minutes:
                    self.save()
                    saved = time.monotonic()
                every = self.recipe.validate_every
                if every and self.step % every == 0 and self.step < self.recipe.steps:
                    self._validate(curves, progress)
            self.save()
            if self.step < self.recipe.steps:
                return {}
            self._validate(curves, progress)
        return self._finish(time.monotonic() - started)

    def averaged_state(self) -> dict[str, Tensor]:
        """Give the state dict with averaged weights: what is validated and kept."""
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()} | {
            name: value.clone() for name, value in self._average.values.items()
        }

    def save(self) -> None:
        """Write the checkpoint."""
        save_state(
            {
                "step": self.step,
                "model": self.model.state_dict(),
                "average": self._average.values,
                "optimiser": self._optimiser.state_dict(),
                "history": self.history,
                "seed": self.recipe.seed,
            },
            self.folder / "checkpoint.pt",
        )

    def _resume(self) -> None:
        state = load_state(self.folder / "checkpoint.pt")
        if state is None:
            return
        if state["seed"] != self.recipe.seed:
            raise TrainingError(
                f"The checkpoint in {self.folder} has seed {state['seed']}, the recipe {self.recipe.seed}.",
                hint="Choose another output folder or the same seed.",
            )
        self.model.load_state_dict(state["model"])
        self._average.values = dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step, self.history = int(state["step"]), list(state["history"])

    def _batches(self, end: int) -> Iterator[list[Batch]]:
        """Prepare the next step while the model works on this one; every step has a generator of its own."""

        def draw(step: int) -> list[Batch]:
            rng = np.random.default_rng((self.recipe.seed, step))
            if self.recipe.together:
                return [source.batch(rng) for source in self.sources.values()]
            return [self.sources[self._names[rng.choice(len(self._names), p=self._chances)]].batch(rng)]

        if self.step >= end:
            return
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(draw, self.step)
            for step in range(self.step + 1, end + 1):
                batches = coming.result()
                if step < end:
                    coming = pool.submit(draw, step)
                yield batches

    def _train_step(self, batches: list[Batch]) -> dict[str, float]:
        rate = _learning_rate(self.step, self.recipe)
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["share"]
        # Stochastic depth draws from torch's generator: seeded by the step, a resumed run repeats it.
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        texts = [self._text_features(batch) for batch in batches]
        teachers = [self._ask_teachers(batch) for batch in batches]
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            per_batch = step_losses(self.model, batches, texts, self.recipe.objectives, self._siglip, teachers)
        losses = {
            f"{batch.source}/{name}": value
            for batch, of_batch in zip(batches, per_batch, strict=True)
            for name, value in of_batch.items()
        }
        if not losses:
            return {}
        total = torch.stack([self._share(name) * value for name, value in losses.items()]).sum()
        if not math.isfinite(total.item()):
            raise TrainingError(f"The loss is no longer a number at step {self.step}.", hint="Lower the learning rate.")
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(list(self._parameters.values()), self.recipe.optimiser.clip)
        self._optimiser.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, math.log(100))
        self._average.update(self._parameters, self.step)
        return {name: value.item() for name, value in losses.items()}

    def _share(self, loss: str) -> float:
        """Give what a source's losses count: its weight where all sources are in every step, else one."""
        return self.recipe.sources[loss.split("/")[0]].weight if self.recipe.together else 1.0

    def _ask_teachers(self, batch: Batch) -> dict[str, Tensor]:
        asked = {name: teacher(batch) for name, teacher in self.teachers.items()}
        return {name: features for name, features in asked.items() if features is not None}

    def _encode_texts(self) -> None:
        """Encode every text that can be drawn once: the tower is locked, so nothing about them changes."""
        texts = sorted({text for source in self.sources.values() for text in source.wording.every_text()})
        with torch.no_grad():
            features = F.normalize(self.model.encode_text(texts).float(), dim=-1)
        self._texts = dict(zip(texts, features, strict=True))
        self._means = {name: self._class_means(source) for name, source in self.sources.items()}

    def _class_means(self, source: Source) -> Tensor:
        classes = [torch.stack([self._texts[text] for text in texts]) for texts in source.wording.texts_of_classes()]
        return F.normalize(torch.stack([vectors.mean(0) for vectors in classes]), dim=-1)

    def _text_features(self, batch: Batch) -> BatchTexts:
        if batch.words is None:
            nothing = torch.zeros(0, self.model.embed_dim)
            return BatchTexts(nothing, nothing)
        return BatchTexts(self._means[batch.source], torch.stack([self._texts[text] for text in batch.words.texts]))

    def _validate(self, curves: SummaryWriter, progress: Progress) -> None:
        if not self.validations:
            return
        trained = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(self.averaged_state())
        self.model.eval()
        figures: dict[str, float] = {}
        with torch.no_grad():
            for name, measure in self.validations.items():
                figures |= {f"{name}/{key}": value for key, value in measure(self.model).items()}
        self.model.load_state_dict(trained)
        self.model.train()
        for name, value in figures.items():
            curves.add_scalar(f"validation/{name}", value, self.step)
        self.history.append({"step": self.step, **figures})
        shown = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        progress(self.step / self.recipe.steps, f"step {self.step} validation: {shown}")

    def _finish(self, seconds: float) -> dict[str, Any]:
        results = {
            "name": self.recipe.name,
            "steps": self.step,
            "seed": self.recipe.seed,
            "seconds_of_this_run": round(seconds, 1),
            "final": self.history[-1] if self.history else {},
            "history": self.history,
        }
        (self.folder / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
        return results


def _groups(parameters: dict[str, torch.nn.Parameter], recipe: Recipe) -> list[dict[str, Any]]:
    """Sort parameters: matrices decay, vectors do not; the generator of the patch embedding learns more slowly."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = defaultdict(list)
    for name, value in parameters.items():
        groups[value.ndim > 1, "weight_generator" in name or "fclayer" in name].append(value)
    settings = recipe.optimiser
    return [
        {
            "params": values,
            "weight_decay": settings.weight_decay if decays else 0.0,
            "share": settings.generator_rate if generates else 1.0,
        }
        for (decays, generates), values in groups.items()
    ]


def _learning_rate(step: int, recipe: Recipe) -> float:
    """Warm up linearly, then follow a cosine down to a thousandth."""
    settings = recipe.optimiser
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, recipe.steps - settings.warmup_steps)
    return settings.learning_rate * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))
