"""Running average of a run's weights, which is validated and saved."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from core.learning.sharded_tensors import local_part


class WeightAverage:
    """A running average of the trained weights; it generalises better than the last step's.

    timm's ModelEmaV3 averages a whole model of one process; this one averages the trained parameters alone, and each
    process its own part of them.

    Args:
        parameters: by name, as trained.
        decay: share of the old average kept at a step, reached after a short warm-up.
    """

    def __init__(self, parameters: Mapping[str, Tensor], decay: float) -> None:
        self._decay = decay
        self.values = {name: value.detach().clone() for name, value in parameters.items()}

    @torch.no_grad()
    def update(self, parameters: Mapping[str, Tensor], step: int) -> None:
        """Move the average towards the weights after ``step`` steps."""
        decay = min(self._decay, (1 + step) / (10 + step))
        averages = [local_part(value) for value in self.values.values()]
        torch._foreach_lerp_(averages, [local_part(parameters[name].detach()) for name in self.values], 1 - decay)
