"""The average of a run's weights, which is what is validated and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from core.model.geolangbind import GeoLangBind, create_model
from core.pretrain.distributed import Processes
from core.pretrain.frozen_parts import in_use
from core.pretrain.state import own_part, whole


class WeightAverage:
    """A running average of the trained weights; it generalises better than the last step's.

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
        averages = [own_part(value) for value in self.values.values()]
        torch._foreach_lerp_(averages, [own_part(parameters[name].detach()) for name in self.values], 1 - decay)


def averaged_state(model: GeoLangBind, average: WeightAverage) -> dict[str, Tensor]:
    """Returns the model's state dict with averaged weights; all processes must call it."""
    return {name: whole(value.detach()).clone() for name, value in model.state_dict().items()} | {
        name: whole(value).clone() for name, value in average.values.items()
    }


@contextmanager
def averaged_model(model: GeoLangBind, average: WeightAverage, processes: Processes) -> Iterator[GeoLangBind]:
    """Yields the model with averaged weights in evaluation mode, then restores it. All processes must call it."""
    averaged = averaged_state(model, average)
    if processes.engine == "fsdp":  # the model itself is in parts
        gathered = create_model(model.config).to(processes.device)
        gathered.load_state_dict(averaged)
        yield gathered.eval()
        return
    trained = {name: value.detach().clone() for name, value in model.state_dict().items()}
    model.load_state_dict(averaged)
    try:
        with in_use(model):
            yield model
    finally:
        model.load_state_dict(trained)
