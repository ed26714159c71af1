"""Tensors that may be divided among processes (PyTorch's DTensor)."""

from __future__ import annotations

from torch import Tensor
from torch.distributed.tensor import DTensor


def local_part(value: Tensor) -> Tensor:
    """This process's part of a tensor that may be divided among processes, sharing its memory."""
    return value.to_local() if isinstance(value, DTensor) else value


def whole(value: Tensor) -> Tensor:
    """A tensor that may be divided among processes, gathered as a whole; all processes must call it."""
    return value.full_tensor() if isinstance(value, DTensor) else value
