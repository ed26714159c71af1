"""Fit of the dense decoder's last linear map to the labels, in seconds; all other weights are unchanged.

The trunk encodes the labelled pixels once. Training the rest afterwards keeps pretrained features that training all
parts at once from a poor head would distort (Kumar et al. 2022, "Fine-tuning can distort pretrained features
and underperform out-of-distribution").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import Tensor

from core.context import Context
from core.finetune.objective import FinetuneObjective
from core.finetune.patches import LabelledRaster
from core.finetune.score import FinetuneScore, HeldOutPixels
from core.learning.augment import random_light, random_noise
from core.model.geolangbind import GeoLangBind

STEPS = 200
LOOK_EVERY = 20
UNMEASURED_STEPS = 100
"""Steps where nothing can be held out for validation."""
LEARNING_RATE = 0.03
"""Of changes in units of the map's own root mean square."""
PIXELS_A_STEP = 1024
PIXELS_A_PATCH = 512
REHEARSED_A_PATCH = 128
VIEWS = 2
"""Number of times every patch is encoded, the second time with another brightness."""


@dataclass(frozen=True)
class HeadSamples:
    """Features of the trunk at labelled and other pixels.

    Attributes:
        labelled: (N, Z) features before the last map.
        labels: (N,) their classes.
        others: (M, Z) features of other pixels, for the rehearsal loss.
    """

    labelled: Tensor
    labels: Tensor
    others: Tensor


@torch.no_grad()
def sample_features(
    model: GeoLangBind,
    objective: FinetuneObjective,
    rasters: Sequence[LabelledRaster],
    usable: Sequence[Sequence[NDArray[np.bool_]]],
    rng: Generator,
    context: Context,
) -> HeadSamples:
    """Encode every patch that has usable labels.

    Args:
        model: the model, in evaluation mode.
        objective: its classes.
        rasters: labelled rasters.
        usable: for each raster, for each patch, the mask of its training pixels (N,).
        rng: of pixels and brightness.
        context: cancellation is checked before every patch.
    """
    labelled, labels, others = [], [], []
    for raster, masks in zip(rasters, usable, strict=True):
        for patch, mask in zip(raster.patches, masks, strict=True):
            if not mask.any():
                continue
            context.raise_if_cancelled()
            side = patch.image.shape[-1]
            for view in range(VIEWS):
                asked = rng.permutation(np.flatnonzero(mask))[:PIXELS_A_PATCH]
                anywhere = rng.integers(side, size=(REHEARSED_A_PATCH, 2))
                pixels = torch.from_numpy(np.concatenate([patch.col_row[asked], anywhere]))[None]
                image = patch.image[None].float()
                if view:
                    image = random_noise(random_light(image, rng, 0.04), rng, 0.01)
                found = objective.bottleneck(model, image, raster.wavelengths_um, pixels)[0]
                labelled.append(found[: len(asked)])
                others.append(found[len(asked) :])
                labels.append(torch.from_numpy(patch.labels[asked]))
    return HeadSamples(torch.cat(labelled), torch.cat(labels).to(labelled[0].device), torch.cat(others))


@dataclass(frozen=True)
class HeadFit:
    """Best step of a fit on the validation blocks (0 for the initial weights), and its score."""

    steps: int
    score: FinetuneScore


def fit_head(
    model: GeoLangBind,
    objective: FinetuneObjective,
    samples: HeadSamples,
    validation: HeldOutPixels,
    *,
    seed: int,
    steps: int | None = None,
    on_step: Callable[[dict[str, Any]], None] = lambda point: None,
) -> HeadFit:
    """Fit the last linear map in place: until validation is best, or for a given number of steps.

    Args:
        model: with a dense head that ends in a linear map.
        objective: its classes and losses.
        samples: for training.
        validation: held-out pixels for the choice of the step; may be empty.
        seed: of the samples.
        steps: exact number; None to stop where the validation blocks are best.
        on_step: called with {step, steps, loss} now and then, with "validation" and "accuracy" where measured.

    Returns:
        The best step and its score.
    """
    projection = objective.head.projection(model)
    assert projection is not None
    start = [value.detach().clone() for value in (projection.weight, projection.bias) if value is not None]
    changes = [torch.zeros_like(value, requires_grad=True) for value in start]
    scale = start[0].square().mean().sqrt()
    watched = steps is None and not validation.empty
    held_out = validation.bottleneck(model, objective) if watched else None
    score = validation.score(model, objective, held_out)
    most = steps or (STEPS if watched else UNMEASURED_STEPS)
    best, kept = HeadFit(0 if watched else most, score), start
    before = objective.in_text_space(model, samples.others)
    optimiser = torch.optim.AdamW(changes, lr=LEARNING_RATE, weight_decay=0.01)
    schedule = CosineLRScheduler(optimiser, STEPS, lr_min=LEARNING_RATE / 10, t_in_epochs=False)
    rng = np.random.default_rng((seed, STEPS))
    chances = _balanced(samples.labels)
    with torch.enable_grad():
        for step in range(1, most + 1):
            asked = torch.from_numpy(rng.choice(len(chances), PIXELS_A_STEP, p=chances))
            rehearsed = torch.from_numpy(rng.integers(len(samples.others), size=PIXELS_A_STEP // 2))
            values = [old + scale * change for old, change in zip(start, changes, strict=True)]
            features = torch.nn.functional.normalize(_mapped(samples.labelled[asked], values), dim=-1)
            others = torch.nn.functional.normalize(_mapped(samples.others[rehearsed], values), dim=-1)
            loss = objective.loss(features, samples.labels[asked]) + objective.rehearsal(others, before[rehearsed])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step_update(step)
            if step % LOOK_EVERY and step != most:
                continue
            point: dict[str, Any] = {"step": step, "steps": most, "loss": round(loss.item(), 4)}
            values = [(old + scale * change).detach() for old, change in zip(start, changes, strict=True)]
            if watched:
                _assign(projection, values)
                score = validation.score(model, objective, held_out)
                point |= {"validation": round(score.loss, 4), "accuracy": round(score.overall, 4)}
                if score.better_than(best.score):
                    best, kept = HeadFit(step, score), values
            else:
                kept = values
            on_step(point)
    _assign(projection, kept)
    return best


def _mapped(features: Tensor, values: Sequence[Tensor]) -> Tensor:
    weight, *bias = values
    return torch.nn.functional.linear(features, weight[:, :, 0, 0], bias[0] if bias else None)


@torch.no_grad()
def _assign(projection: torch.nn.Conv2d, values: Sequence[Tensor]) -> None:
    weight, *bias = values
    projection.weight.copy_(weight)
    if bias and projection.bias is not None:
        projection.bias.copy_(bias[0])


def _balanced(labels: Tensor) -> NDArray[np.float64]:
    """Return sampling probabilities (N,) that balance the classes."""
    _, inverse, sizes = np.unique(labels.cpu().numpy(), return_inverse=True, return_counts=True)
    return 1.0 / (sizes[inverse] * len(sizes))
