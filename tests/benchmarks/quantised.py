"""Linear layers in int8, as a measurement: weights by row, inputs by a batch's largest value, found anew each time."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Int8Linear(nn.Module):
    """A linear layer that oneDNN multiplies in int8.

    Args:
        layer: the layer to take the weights of.
    """

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        weight = layer.weight.detach().float()
        self._scales = weight.abs().amax(1) / 127
        self._offsets = torch.zeros(len(weight), dtype=torch.int32)
        codes = (weight / self._scales[:, None]).round().to(torch.int8)
        self._weight = torch.ops.onednn.qlinear_prepack(codes, None)
        self._bias = None if layer.bias is None else layer.bias.detach().float()

    def forward(self, x: Tensor) -> Tensor:
        """Multiply (…, in_features) as bf16 (…, out_features)."""
        scale = float(x.abs().amax()) / 127
        codes = (x.float() * (1 / scale)).round_().add_(128).to(torch.uint8).flatten(0, -2)
        product = torch.ops.onednn.qlinear_pointwise(
            codes, scale, 128, self._weight, self._scales, self._offsets, self._bias, 1.0, 0, torch.bfloat16, "none",
            [], "",
        )  # fmt: skip
        return product.unflatten(0, x.shape[:-1])


def in_int8(part: nn.Module, of: nn.Module) -> None:
    """Put int8 layers in the place of a working copy's linear layers.

    Args:
        part: of the working copy; changed.
        of: the same part of the model, in float32.
    """
    for name, original in of.named_children():
        if isinstance(original, nn.Linear):
            part._modules[name] = Int8Linear(original)
        else:
            in_int8(part._modules[name], original)
