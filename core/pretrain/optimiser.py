"""AdamW with parameter groups of different rates on one schedule.

timm's schedulers keep state in the optimiser and are stepped; here a rate is a function of the step, so that a resumed
run has the same rates as an uninterrupted one, also with another number of steps. timm's parameter groups divide by
layer and by weight decay, not by the parts of this model.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from core.pretrain.recipe import OptimiserSettings

TRUNK_PARTS = ("trunk.blocks.", "attn_pool", "trunk.conv_head.", "spectral.anchor_")
"""Parts of the names of parameters that are trained at ``transformer_rate``."""


def make_optimiser(parameters: Mapping[str, nn.Parameter], settings: OptimiserSettings) -> torch.optim.AdamW:
    """Make the optimiser; its rates are set by ``set_rates`` before every step."""
    return torch.optim.AdamW(_groups(parameters, settings), lr=0.0, betas=(0.9, 0.98), fused=True)


def set_rates(optimiser: torch.optim.Optimizer, step: int, steps: int, settings: OptimiserSettings) -> None:
    """Sets every parameter group's learning rate for a step of a run of so many steps."""
    rate = learning_rate(step, steps, settings)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]


def learning_rate(step: int, steps: int, settings: OptimiserSettings) -> float:
    """Warm up linearly, then follow a cosine down to a thousandth."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, steps - settings.warmup_steps)
    return settings.learning_rate * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def _groups(parameters: Mapping[str, nn.Parameter], settings: OptimiserSettings) -> list[dict[str, Any]]:
    """Sort parameters: matrices decay, vectors do not; the generator of the patch embedding learns more slowly."""
    groups: dict[tuple[bool, str], list[nn.Parameter]] = defaultdict(list)
    for name, value in parameters.items():
        groups[value.ndim > 1, _part(name)].append(value)
    shares = {"generator": settings.generator_rate, "transformer": settings.transformer_rate}
    return [
        {
            "params": values,
            "weight_decay": settings.weight_decay if decays else 0.0,
            "share": shares.get(part, 1.0),
        }
        for (decays, part), values in groups.items()
    ]


def _part(name: str) -> str:
    """Returns the part of the model a parameter belongs to, as far as learning rates differ."""
    if "weight_generator" in name or "fclayer" in name:
        return "generator"
    return "transformer" if any(part in name for part in TRUNK_PARTS) else ""
