"""A model with the averaged weights of its run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from core.learning.averaging import WeightAverage
from core.learning.sharded_tensors import whole
from core.model.geolangbind import GeoLangBind, create_model
from core.pretrain.distributed import Processes
from core.pretrain.frozen_parts import evaluation_mode


def averaged_state(model: GeoLangBind, average: WeightAverage) -> dict[str, Tensor]:
    """The model's state dict with averaged weights; all processes must call it."""
    return {name: whole(value.detach()).clone() for name, value in model.state_dict().items()} | {
        name: whole(value).clone() for name, value in average.values.items()
    }


@contextmanager
def averaged_model(model: GeoLangBind, average: WeightAverage, processes: Processes) -> Iterator[GeoLangBind]:
    """Put averaged weights into the model, in evaluation mode, inside the context; all processes must call it."""
    averaged = averaged_state(model, average)
    if processes.engine == "fsdp":  # the model itself is in parts
        gathered = create_model(model.config).to(processes.device)
        gathered.load_state_dict(averaged)
        yield gathered.eval()
        return
    trained = {name: value.detach().clone() for name, value in model.state_dict().items()}
    model.load_state_dict(averaged)
    try:
        with evaluation_mode(model):
            yield model
    finally:
        model.load_state_dict(trained)
