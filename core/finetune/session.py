"""Fine-tuning on a person's own rasters and labels, in minutes on a processor."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import OutputError, TrainingError
from core.finetune.batches import ASKED, FinetuneBatches
from core.finetune.labels import open_labels
from core.finetune.objective import FinetuneObjective
from core.finetune.patches import LabelledRaster, read_patches
from core.finetune.score import FinetuneScore, HeldOut, class_rows, outcome
from core.finetune.spatial_blocks import HELD_OUT, TRAINING, Blocks, choose_blocks
from core.finetune.trainable_parts import MODES, Mode, learning
from core.learning.averaging import WeightAverage
from core.model import load_model
from core.model.geolangbind import GeoLangBind
from core.model.weight_files import save_model
from core.model.zoo import import_model, list_models
from core.progress import CancelToken, Progress, no_progress
from core.protocol import Source

CROP_PX = 96
SPATIAL_SHARE = 0.25
"""Share of each class's labels that is held out."""
UNMEASURED_STEPS = 80
"""Steps where nothing can be held out to say when it is enough."""
LEARNING_RATES: dict[Mode, float] = {"adapters": 1.5e-3, "head-only": 1.5e-3, "full": 3e-4}
"""Of adapters and heads chosen on other ground than docs/finetune.md reports: a third of it leaves a weak start behind,
four times as much gains there and costs a good start three per cent."""
AVERAGE = 0.95
"""Decay of the running average of the weights, which is what is judged and kept: with a few polygons single steps go
up and down by several per cent."""

OnLoss = Callable[[dict[str, Any]], None]
Masks = list[list[NDArray[np.bool_]]]


@dataclass(frozen=True)
class FinetuneSettings:
    """A fine-tuning as a person asks for it.

    Attributes:
        rasters: one or more, of one or several sensors.
        labels: vector file or label raster, in any reference system.
        field: the vector's attribute with the class; None where only one can be meant.
        names: words for classes that the file calls otherwise, such as codes.
        start: model to start from.
        mode: what learns; see ``core.finetune.trainable_parts``.
        steps: of the whole course of learning rates; the best of its second half are kept.
        batch: cuts a step.
        validate_every: steps between looks at the held-out blocks.
        patience: looks without an improvement after which to stop.
        refit: whether to learn once more from all labels, for as many steps as were best, once the measuring is done.
        seed: of blocks, cuts and adapters.
        device: where to compute.
        listed: whether the result shall appear among the models at once.
    """

    rasters: tuple[Source, ...]
    labels: str
    field: str | None = None
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    start: str = "geolb-tiny"
    mode: Mode = "adapters"
    steps: int = 160
    batch: int = 6
    validate_every: int = 16
    patience: int = 3
    refit: bool = True
    seed: int = 0
    device: str = "auto"
    listed: bool = True


def fine_tune(
    settings: FinetuneSettings,
    output: Path,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
    on_loss: OnLoss = lambda point: None,
) -> dict[str, Any]:
    """Fine-tune a model and write it as a folder with config.json, model.safetensors, card.json and results.json.

    Labels in held-out blocks measure the model before and after and say when to stop; then all labels are learnt from.

    Args:
        settings: what to learn from, and how.
        output: folder of the result; its name becomes the model's.
        progress: told the fraction done.
        cancel: looked at before every step; nothing is written.
        on_loss: told {stage, step, steps, loss} after every step, with "validation" where the held-out blocks were
            looked at.

    Returns:
        What results.json holds: name, output, classes (name, pixels, before, after), before, after, steps, seconds,
        remarks, history.

    Raises:
        TrainingError: the labels cannot be learnt from.
        CancelledError: a stop was asked for.
        GeoLangBindError: a raster or the model cannot be used, or the result not be written.
    """
    started = time.monotonic()
    cancel = cancel or CancelToken()
    if settings.mode not in MODES:
        raise TrainingError(f"There is no mode {settings.mode}.", hint=f"Choose one of {', '.join(MODES)}.")
    _check_output(output)
    rng = np.random.default_rng(settings.seed)
    progress(0.0, "Loading the model")
    model = load_model(settings.start, device=settings.device)
    patch = int(model.visual.trunk.token_stride)
    crop = max(math.ceil(CROP_PX / patch), 1) * patch
    if model.dense is None:
        crop = int(model.config["image_size"]) // patch * patch
    margin = crop // 4 // patch * patch
    progress(0.01, "Reading rasters and labels")
    with open_labels(settings.labels, settings.field, settings.names) as labels:
        rasters = read_patches(settings.rasters, labels, crop + 2 * margin, margin, rng, cancel)
        classes, remarks = labels.classes, list(labels.remarks)
    unlabelled = [source.path for source in settings.rasters if source not in [raster.source for raster in rasters]]
    if unlabelled:
        remarks.append(f"No label lies on {', '.join(unlabelled)}.")
    _check_classes(rasters, classes, remarks)
    blocks = _blocks(rasters, len(classes), rng)
    learnt, held = _masks(rasters, blocks)
    held_out = HeldOut(rasters, held, len(classes), rng)
    if held_out.empty:
        remarks.append("Too few labels to hold any out: nothing was measured.")
    tuning = Tuning(model, settings, classes, held_out, cancel, on_loss)
    share = 0.55 if settings.refit and not held_out.empty else 0.95
    before = held_out.score(model, tuning.objective)
    best = tuning.run(FinetuneBatches(rasters, learnt, crop, settings.batch), progress, (0.03, share), "measuring")
    after = best.score
    if settings.refit and best.steps and not held_out.empty:
        tuning.restart()
        everything = [[np.ones(len(item.labels), bool) for item in raster.patches] for raster in rasters]
        batches = FinetuneBatches(rasters, everything, crop, settings.batch)
        tuning.run(batches, progress, (share, 0.95), "learning from all labels", steps=best.steps)
    doubt = outcome(before, after, best.steps)
    if doubt:
        remarks.append(doubt)
    progress(0.96, "Writing the model")
    results = {
        "name": _model_name(output),
        "output": str(output),
        "start": settings.start,
        "mode": settings.mode,
        "classes": class_rows(classes, _count(rasters, learnt, len(classes)), before, after),
        "before": before.summary(),
        "after": after.summary(),
        "block_pixels": blocks.side,
        "held_out_blocks": len(blocks.held_out),
        "steps": best.steps,
        "remarks": remarks,
        "seconds": round(time.monotonic() - started, 1),
        "history": tuning.history,
    }
    save_model(model, output, _card(model, settings, rasters, results), torch.float16)
    try:
        (output / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as problem:
        raise OutputError(f"{output} cannot be written: {problem}.", hint="Check the free space.") from problem
    if settings.listed:
        results["name"] = _list(output)
    progress(1.0, f"{results['name']} is ready")
    return results


@dataclass(frozen=True)
class Best:
    """Where a run was best on the held-out blocks: after how many steps, and how good."""

    steps: int
    score: FinetuneScore


class Tuning:
    """Steps of one model on labelled cuts, kept near to what it knew.

    Args:
        model: learns in place.
        settings: how.
        classes: words.
        held_out: says when to stop; may be empty.
        cancel: looked at before every step.
        on_loss: told of every step.
    """

    def __init__(
        self,
        model: GeoLangBind,
        settings: FinetuneSettings,
        classes: Sequence[str],
        held_out: HeldOut,
        cancel: CancelToken,
        on_loss: OnLoss,
    ) -> None:
        self.model = model
        self.objective = FinetuneObjective(model, classes)
        self.history: list[dict[str, Any]] = []
        self._settings = settings
        self._held_out = held_out
        self._cancel = cancel
        self._on_loss = on_loss
        # The text tower lies outside the state dict and does not learn: both share it.
        self._start: GeoLangBind = copy.deepcopy(model, {id(model.text): model.text})

    def restart(self) -> None:
        """Go back to the weights it started from."""
        self.model.load_state_dict(self._start.state_dict())

    def run(
        self,
        batches: FinetuneBatches,
        progress: Progress,
        span: tuple[float, float],
        stage: str,
        steps: int | None = None,
    ) -> Best:
        """Learn until the held-out blocks get no better, and keep the best weights; or for a given number of steps.

        Args:
            batches: what to learn from.
            progress: told of every step.
            span: fractions of the whole that this run is.
            stage: what it is called in the history.
            steps: exact number of steps; None to stop by the held-out blocks.

        Raises:
            CancelledError: a stop was asked for.
            TrainingError: the loss is no longer a number.
        """
        settings = self._settings
        watched = steps is None and not self._held_out.empty
        most = steps or (settings.steps if watched else min(settings.steps, UNMEASURED_STEPS))
        torch.manual_seed(settings.seed)
        start = self._held_out.score(self.model, self.objective)
        best, waited = Best(0 if watched else most, start), 0
        with torch.enable_grad(), learning(self.model, settings.mode) as parameters:
            kept = _copied(parameters)
            average = WeightAverage(parameters, AVERAGE)
            optimiser = torch.optim.AdamW(parameters.values(), lr=0.0, betas=(0.9, 0.98), weight_decay=0.01)
            for step in range(1, most + 1):
                self._cancel.raise_if_cancelled()
                # The whole course is the same whether a run is measured or exact: it is cut off, not shortened.
                rate = _rate(step, settings.steps) * LEARNING_RATES[settings.mode]
                for group in optimiser.param_groups:
                    group["lr"] = rate
                batch_rng = np.random.default_rng((settings.seed, step))
                loss = self._step(batches, batch_rng, optimiser, parameters)
                average.update(parameters, step)
                point = {"stage": stage, "step": step, "steps": most, "loss": round(loss, 4)}
                if watched and (step % settings.validate_every == 0 or step == most):
                    with _averaged(parameters, average):
                        score = self._held_out.score(self.model, self.objective)
                    point["validation"] = round(score.loss, 4)
                    point["accuracy"] = round(score.overall, 4)
                    # In the first half the rate is high, and what is best there is so by chance.
                    settled = 2 * step >= settings.steps
                    if settled and score.loss < best.score.loss and not score.worse_than(start):
                        best, kept, waited = Best(step, score), _copied(average.values), 0
                    elif settled:
                        waited += 1
                self.history.append(point)
                self._on_loss(point)
                progress(span[0] + (span[1] - span[0]) * step / most, f"{stage}: step {step}, loss {loss:.3f}")
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
        features = self.objective.features(self.model, batch.images, batch.wavelengths_um, batch.pixels)
        with torch.no_grad():
            before = self.objective.features(self._start, batch.images, batch.wavelengths_um, batch.pixels[:, ASKED:])
        loss = self.objective.loss(features[:, :ASKED].flatten(0, 1), batch.labels.flatten().to(features.device))
        loss = loss + self.objective.rehearsal(features[:, ASKED:], before)
        if not math.isfinite(loss.item()):
            raise TrainingError("The loss is no longer a number.", hint="Check the raster for absurd values.")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(list(parameters.values()), 1.0)
        optimiser.step()
        return float(loss.detach())


def _rate(step: int, steps: int) -> float:
    """Warm up over ten steps, then follow half a cosine down to a tenth."""
    warm = min(10, max(1, steps // 4))
    if step <= warm:
        return step / warm
    return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))


def _copied(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in parameters.items()}


@contextmanager
def _averaged(parameters: Mapping[str, nn.Parameter], average: WeightAverage) -> Iterator[None]:
    """Replaces the parameters by their running average within the context."""
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


def _check_output(output: Path) -> None:
    """Refuse a folder that cannot be written before any work is done; it is made when there is something to write."""
    folder = next(parent for parent in (output.absolute(), *output.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        raise OutputError(f"The folder {output} cannot be written to.", hint="Name another one with -o.") from problem


def _check_classes(rasters: Sequence[LabelledRaster], classes: Sequence[str], remarks: list[str]) -> None:
    """Refuse labels of which one class alone lies on the rasters; say which are missing."""
    found = {int(label) for raster in rasters for patch in raster.patches for label in np.unique(patch.labels)}
    missing = [name for index, name in enumerate(classes) if index not in found]
    if len(found) < 2:
        only = classes[next(iter(found))]
        raise TrainingError(
            f"Of the {len(classes)} classes only {only} lies on the raster.", hint="Label another class on it."
        )
    if missing:
        remarks.append(f"No label of {', '.join(missing)} lies on a raster.")


def _blocks(rasters: Sequence[LabelledRaster], classes: int, rng: np.random.Generator) -> Blocks:
    places = np.concatenate([patch.places[patch.own] for raster in rasters for patch in raster.patches])
    labels = np.concatenate([patch.labels[patch.own] for raster in rasters for patch in raster.patches])
    return choose_blocks(places, labels, classes, SPATIAL_SHARE, rng)


def _masks(rasters: Sequence[LabelledRaster], blocks: Blocks) -> tuple[Masks, Masks]:
    """Masks of the training and the held-out pixels of every patch (each pixel in one patch only)."""
    learnt: Masks = []
    held: Masks = []
    for raster in rasters:
        roles = [blocks.roles(patch.places) for patch in raster.patches]
        learnt.append([role == TRAINING for role in roles])
        held.append([(role == HELD_OUT) & patch.own for role, patch in zip(roles, raster.patches, strict=True)])
    return learnt, held


def _count(rasters: Sequence[LabelledRaster], masks: Masks, classes: int) -> NDArray[np.int64]:
    counts = np.zeros(classes, np.int64)
    for raster, chosen in zip(rasters, masks, strict=True):
        for patch, mask in zip(raster.patches, chosen, strict=True):
            np.add.at(counts, patch.labels[mask & patch.own], 1)
    return counts


def _card(
    model: GeoLangBind, settings: FinetuneSettings, rasters: Sequence[LabelledRaster], results: dict[str, Any]
) -> dict[str, object]:
    """Say what the model is made of and how good it is."""
    base = model.card
    sensors = dict.fromkeys(base.sensors if base is not None else ())
    sensors |= dict.fromkeys(raster.recognition.sensor for raster in rasters if raster.recognition.sensor)
    words = [row["name"] for row in results["classes"]]
    told = f"{len(rasters)} raster(s) to tell {', '.join(words)} apart"
    description = f"{settings.start}, fine-tuned on {told}."
    if not results["steps"]:
        description = f"{settings.start} as it was: learning on {told} made nothing better."
    return {
        "name": results["name"],
        "title": f"{Path(str(results['output'])).name} ({', '.join(words[:4])}{', …' if len(words) > 4 else ''})",
        "licence": base.licence if base is not None else "",
        "licence_text": base.licence_text if base is not None else "",
        "licence_url": base.licence_url if base is not None else "",
        "description": description,
        "sensors": list(sensors),
        "band_counts": list(base.band_counts) if base is not None else [],
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "start": settings.start,
        "mode": settings.mode,
        "classes": results["classes"],
        "figures": {"before": results["before"], "after": results["after"]},
        "measured_on": f"{results['held_out_blocks']} held-out blocks of {results['block_pixels']:g} pixels",
        "training_data": [Path(raster.source.path).name for raster in rasters],
        "labels": Path(settings.labels).name,
        "remarks": results["remarks"],
    }


def _model_name(output: Path) -> str:
    """Make the folder's name one that a model can have."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", output.resolve().name).strip("-._")
    return name or "my-model"


def _list(output: Path) -> str:
    """Link the folder among the models, under its name or, where another has that, a numbered one."""
    folder = output.resolve()
    cards = list_models()
    for card in cards:
        if card.path is not None and card.path.resolve() == folder:
            return card.name
    known = {card.name for card in cards}
    base = _model_name(output)
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, len(known) + 2))
    return import_model(folder, next(name for name in names if name not in known), link=True).name
