"""The training loop: draws, steps, measures, keeps."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
from torch.utils.tensorboard import SummaryWriter

from core.errors import CancelledError, TrainingError
from core.model.geolangbind import GeoLangBind, create_model
from core.progress import CancelToken, Progress, no_progress
from core.train.batch import Batch
from core.train.distributed import ALONE, Processes, find_sharded, load_sharded, save_sharded
from core.train.objectives import BatchTexts, ClassAwareSigLipLoss
from core.train.recipe import Recipe, build_sources
from core.train.sources.base import SharingSource, Source
from core.train.state import WeightAverage, load_state, save_state, whole
from core.train.step import TrainingStep, accumulate
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
        self._names = list(self.sources)
        weights = np.array([recipe.sources[name].weight for name in self._names], dtype=np.float64)
        self._chances = weights / weights.sum()
        for name, value in model.named_parameters():
            if name.startswith("text."):
                value.requires_grad_(False)
        if recipe.accumulate > 1 and model.visual.trunk.has_stem:
            raise TrainingError(
                "A model with a spectral stem cannot accumulate: its norms must see the whole batch.",
                hint="Set accumulate to 1 and choose smaller batches.",
            )
        siglip = ClassAwareSigLipLoss(processes.share.rank, processes.share.count)
        self._forward = processes.wrap(TrainingStep(model, recipe.objectives, siglip))
        self._parameters = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self._optimiser = torch.optim.AdamW(_groups(self._parameters, recipe), lr=0.0, betas=(0.9, 0.98), fused=True)
        self._average = WeightAverage(self._parameters, recipe.optimiser.average)
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
        with self._curves() as curves:
            for batches in self._batches(end):
                due = self.processes.first and time.monotonic() - saved > 60 * self.recipe.checkpoint_minutes
                stop, due = self.processes.agree(cancel is not None and cancel.cancelled, due)
                if stop or due:
                    self.save()
                    saved = time.monotonic()
                if stop:
                    raise CancelledError("Cancelled.", hint="Run it again to go on.")
                for name, value in self._train_step(batches).items():
                    sums[name].append(value)
                self.step += 1
                if self.step % 50 == 0:
                    means = {name: float(np.mean(values)) for name, values in sums.items()}
                    _plot(curves, means, self.step)
                    sums.clear()
                    left = (time.monotonic() - started) / (self.step - first) * (end - self.step)
                    summary = " ".join(f"{name} {value:.3f}" for name, value in sorted(means.items()))
                    progress(self.step / self.recipe.steps, f"step {self.step}, {left / 60:.0f} min left: {summary}")
                every = self.recipe.validate_every
                if every and self.step % every == 0 and self.step < self.recipe.steps:
                    self._validate(curves, progress)
            self.save()
            if self.step < self.recipe.steps:
                return {}
            self._validate(curves, progress)
        return self._finish(time.monotonic() - started)

    def averaged_state(self) -> dict[str, Tensor]:
        """Give the state dict with averaged weights: what is validated and kept; all processes must ask."""
        return {name: whole(value.detach()).clone() for name, value in self.model.state_dict().items()} | {
            name: whole(value).clone() for name, value in self._average.values.items()
        }

    @contextmanager
    def averaged_model(self) -> Iterator[GeoLangBind]:
        """Give the model with averaged weights, to measure or to keep; all processes must ask."""
        averaged = self.averaged_state()
        if self.processes.engine == "fsdp":  # the model itself is in parts
            gathered = create_model(self.model.config).to(self.processes.device)
            gathered.load_state_dict(averaged)
            yield gathered.eval()
            return
        trained = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(averaged)
        try:
            yield self.model.eval()
        finally:
            self.model.load_state_dict(trained)
            self.model.train()

    def save(self) -> None:
        """Write the checkpoint: one file, or with FSDP a folder of every process's part."""
        facts = {"step": self.step, "history": self.history, "seed": self.recipe.seed}
        if self.processes.engine == "fsdp":
            save_sharded(self._tensors(), facts, self.folder / "checkpoint", self.processes)
            if self.processes.first:
                (self.folder / "checkpoint.pt").unlink(missing_ok=True)
            return
        if self.processes.first:
            save_state(
                facts
                | {
                    "model": self.model.state_dict(),
                    "average": self._average.values,
                    "optimiser": self._optimiser.state_dict(),
                },
                self.folder / "checkpoint.pt",
            )
            sharded = find_sharded(self.folder / "checkpoint")
            if sharded is not None:  # gone on from, and older than what was just written
                shutil.rmtree(sharded)
        self.processes.wait()

    def _resume(self) -> None:
        """Go on from the checkpoint, if there is one; a sharded one by any number of processes, on any engine."""
        state: dict[str, Any] | None
        sharded = find_sharded(self.folder / "checkpoint")
        if sharded is not None:
            tensors = self._tensors()
            state = load_sharded(tensors, sharded)
            self._refuse_other_seed(state)
            set_optimizer_state_dict(self._forward, self._optimiser, tensors["optimiser"])
        else:
            state = load_state(self.folder / "checkpoint.pt")
            if state is None:
                return
            self._refuse_other_seed(state)
            if self.processes.engine == "fsdp":
                raise TrainingError(
                    f"The checkpoint in {self.folder} is of a run that held the whole model in each process.",
                    hint="Go on with --parallel ddp, or name that run as the recipe's start.",
                )
            self.model.load_state_dict(state["model"])
            for name, value in state["average"].items():
                self._average.values[name].copy_(value)
            self._optimiser.load_state_dict(state["optimiser"])
        self.step, self.history = int(state["step"]), list(state["history"])

    def _refuse_other_seed(self, state: Mapping[str, Any]) -> None:
        if state["seed"] != self.recipe.seed:
            raise TrainingError(
                f"The checkpoint in {self.folder} has seed {state['seed']}, the recipe {self.recipe.seed}.",
                hint="Choose another output folder or the same seed.",
            )

    def _tensors(self) -> dict[str, Any]:
        """Give what a sharded checkpoint holds; what is read into these tensors is in place, the optimiser's apart."""
        return {
            "model": self.model.state_dict(),
            "average": self._average.values,
            "optimiser": get_optimizer_state_dict(self._forward, self._optimiser),
        }

    def _curves(self) -> AbstractContextManager[SummaryWriter | None]:
        if not self.processes.first:
            return nullcontext()
        return SummaryWriter(str(self.folder / "curves"), purge_step=self.step)

    def _batches(self, end: int) -> Iterator[list[Batch]]:
        """Prepare the next step while the model works on this one; every step has a generator of its own."""

        def draw(step: int) -> list[Batch]:
            rng = np.random.default_rng((self.recipe.seed, step))
            if self.recipe.together:
                return [self._share_of(source, rng) for source in self.sources.values()]
            return [self._share_of(self.sources[self._names[rng.choice(len(self._names), p=self._chances)]], rng)]

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
        seed = self.recipe.seed * 1_000_003 + self.step
        torch.manual_seed(seed)
        batches = [batch.to(self.processes.device) for batch in batches]
        self._optimiser.zero_grad(set_to_none=True)
        losses = self._accumulated(batches, seed) if self.recipe.accumulate > 1 else self._at_once(batches)
        if not losses:
            return {}
        self.processes.average_single_numbers(self.model)
        torch.nn.utils.clip_grad_norm_(list(self._parameters.values()), self.recipe.optimiser.clip)
        self._optimiser.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, math.log(100))
        self._average.update(self._parameters, self.step)
        return self.processes.mean(losses)

    def _at_once(self, batches: list[Batch]) -> dict[str, Tensor]:
        """Run the step's batches together, gradients included, and give the losses by source and objective."""
        texts = [self._text_features(batch) for batch in batches]
        teachers = [self._ask_teachers(batch) for batch in batches]
        with self._autocast():
            per_batch = self._forward(batches, texts, teachers)
        losses = {
            f"{batch.source}/{name}": value
            for batch, of_batch in zip(batches, per_batch, strict=True)
            for name, value in of_batch.items()
        }
        self._refuse_nonsense(losses)
        if losses:
            total = torch.stack([self._share(name) * value for name, value in losses.items()]).sum()
            total.backward()  # type: ignore[no-untyped-call]
        return losses

    def _accumulated(self, batches: list[Batch], seed: int) -> dict[str, Tensor]:
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
                self._text_features(batch),
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
        """Give what a part of a step runs in, so that gradients go round once a step."""
        return self.processes.last_pass_only(self._forward, last and final)

    def _refuse_nonsense(self, losses: Mapping[str, Tensor]) -> None:
        if not all(math.isfinite(value.item()) for value in losses.values()):
            raise TrainingError(f"The loss is no longer a number at step {self.step}.", hint="Lower the learning rate.")

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.processes.device.type, torch.bfloat16, enabled=self.bfloat16)

    def _share_of(self, source: Source, rng: np.random.Generator) -> Batch:
        """Give this process's share of a source's next batch."""
        share = self.processes.share
        if isinstance(source, SharingSource):
            return source.share(rng, share)
        batch = source.batch(rng)
        return batch.part(share.of(len(batch.images))) if share.count > 1 else batch

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
        self._means = {
            name: self._class_means(source) for name, source in self.sources.items() if source.wording.classes
        }

    def _class_means(self, source: Source) -> Tensor:
        classes = [torch.stack([self._texts[text] for text in texts]) for texts in source.wording.texts_of_classes()]
        return F.normalize(torch.stack([vectors.mean(0) for vectors in classes]), dim=-1)

    def _text_features(self, batch: Batch) -> BatchTexts:
        nothing = torch.zeros(0, self.model.embed_dim, device=self.processes.device)
        if batch.captions is not None:
            with torch.no_grad():
                captions = self.model.encode_text(list(batch.captions), normalize=True)
            return BatchTexts(nothing, nothing, captions)
        if batch.words is None:
            return BatchTexts(nothing, nothing)
        return BatchTexts(self._means[batch.source], torch.stack([self._texts[text] for text in batch.words.texts]))

    def _validate(self, curves: SummaryWriter | None, progress: Progress) -> None:
        if not self.validations:
            return
        figures: dict[str, float] = {}
        with self.averaged_model() as model, torch.no_grad():
            for name, measure in self.validations.items() if self.processes.first else ():
                figures |= {f"{name}/{key}": value for key, value in measure(model).items()}
        self.processes.wait()
        _plot(curves, {f"validation/{name}": value for name, value in figures.items()}, self.step)
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
        if self.processes.first:
            (self.folder / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
        return results


def _plot(curves: SummaryWriter | None, figures: Mapping[str, float], step: int) -> None:
    if curves is not None:
        for name, value in figures.items():
            curves.add_scalar(name, value, step)


def _groups(parameters: dict[str, torch.nn.Parameter], recipe: Recipe) -> list[dict[str, Any]]:
    """Sort parameters: matrices decay, vectors do not; the generator of the patch embedding learns more slowly."""
    groups: dict[tuple[bool, str], list[torch.nn.Parameter]] = defaultdict(list)
    for name, value in parameters.items():
        groups[value.ndim > 1, _part(name)].append(value)
    settings = recipe.optimiser
    return [
        {
            "params": values,
            "weight_decay": settings.weight_decay if decays else 0.0,
            "share": {"generator": settings.generator_rate, "transformer": settings.transformer_rate}.get(part, 1.0),
        }
        for (decays, part), values in groups.items()
    ]


def _part(name: str) -> str:
    """Give which part of the model a parameter belongs to, as far as rates differ."""
    if "weight_generator" in name or "fclayer" in name:
        return "generator"
    return "transformer" if "trunk.blocks." in name or "attn_pool" in name else ""


def _learning_rate(step: int, recipe: Recipe) -> float:
    """Warm up linearly, then follow a cosine down to a thousandth."""
    settings = recipe.optimiser
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, recipe.steps - settings.warmup_steps)
    return settings.learning_rate * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))
