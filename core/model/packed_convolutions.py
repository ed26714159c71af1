"""A model's working copy in float32 for CPUs: convolutions laid out once, with the activations after them.

With one thread torch leaves pointwise convolutions to a kernel of its own, which is slower than oneDNN's; oneDNN lays
weights out anew in every call unless they are packed, and applies an activation to what is still in the processor's
registers. Results differ from the model's own by rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from timm.layers import Conv2dSame
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad, relu6

from core.model.anchored_convolution import ANCHORS_UM
from core.model.efficientnet_trunk import SpectralEfficientNet
from core.model.light_decoder import LightDecoder

PACKED_FOR_PIXELS = 256
"""Side in pixels of the images whose sizes the layout of weights is chosen for; images of any size can be encoded."""
FOLLOWED_BY = (
    ("conv_pw", "bn1", "conv_pwl"),
    ("conv_dw", "bn2", "conv_pwl"),
    ("conv_dw", "bn1", ""),
    ("widen", "activate", ""),
    ("spread", "activate", "smooth"),
)
"""Convolutions, the activations after them, and another layer that tells the kind of block ("" for any other)."""
_ATTRIBUTES: dict[type[nn.Module], tuple[str, list[float]]] = {
    nn.Identity: ("none", []),
    nn.ReLU: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
}
"""oneDNN's names of activations, with their parameters."""


class PackedConvolution(nn.Module):
    """A convolution with packed weights and the activation after it, for evaluation on the CPU in float32.

    Args:
        convolution: dilation 1; where timm pads it ("same"), its inputs' sides are even and its stride is 2.
        activation: one of ``_ATTRIBUTES``.
        seen: shape of the input that the layout is chosen for.
    """

    def __init__(self, convolution: nn.Conv2d, activation: nn.Module, seen: list[int]) -> None:
        super().__init__()
        weight, self._padding = _symmetric(convolution)
        self._stride, self._groups = list(convolution.stride), convolution.groups
        self._attribute, self._scalars = _ATTRIBUTES[type(activation)]
        self._bias = None if convolution.bias is None else convolution.bias.detach()
        operations: Any = torch._C._nn
        self._weight: Tensor = operations.mkldnn_reorder_conv2d_weight(
            weight.to_mkldnn(), self._padding, self._stride, [1, 1], self._groups, seen
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, c, H, W) float32."""
        found: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x,
            self._weight,
            self._bias,
            self._padding,
            self._stride,
            [1, 1],
            self._groups,
            self._attribute,
            self._scalars,
            "",
        )
        return found


@cache
def can_pack() -> bool:
    """Whether this build of torch has the operations, which is tried once."""
    convolution = nn.Conv2d(16, 16, 1)
    sample = torch.linspace(-8, 8, 16 * 64).reshape(1, 16, 8, 8)
    with torch.no_grad():
        expected = relu6(conv2d(sample, convolution.weight, convolution.bias))
        try:
            found = PackedConvolution(convolution, nn.ReLU6(), [1, 16, 8, 8])(sample)
        except (AttributeError, RuntimeError, NotImplementedError):
            return False
    return torch.allclose(found, expected, rtol=1e-4, atol=1e-4)


def packed(trunk: SpectralEfficientNet, decoder: nn.Module | None) -> tuple[nn.Module, nn.Module | None]:
    """Returns copies of a trunk and its decoder (None, or one of another kind, as it is) with packed convolutions.

    Those that a dense head does not run, and its last linear map, stay as they are.
    """
    trunk = copy.deepcopy(trunk)
    decoder = copy.deepcopy(decoder) if isinstance(decoder, LightDecoder) else decoder
    parts = [trunk, decoder] if isinstance(decoder, LightDecoder) else [trunk]
    seen = _input_shapes(trunk, decoder if isinstance(decoder, LightDecoder) else None)
    for part in parts:
        for block, name, convolution, follower in list(_convolutions(part)):
            if convolution not in seen:
                continue
            activation = getattr(block, follower) if follower else nn.Identity()
            block._modules[name] = PackedConvolution(convolution, activation, seen[convolution])
            if follower:
                block._modules[follower] = nn.Identity()
    return trunk, decoder


def _convolutions(part: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Conv2d, str]]:
    """Yields every convolution with the module that holds it, its name in it, and that of the activation, or ""."""
    for block in part.modules():
        names = block._modules
        for name, child in names.items():
            if isinstance(child, nn.Conv2d):
                yield block, name, child, _activation_after(block, name)


def _activation_after(block: nn.Module, name: str) -> str:
    for convolution, activation, other in FOLLOWED_BY:
        fits = other in block._modules if other else "conv_pwl" not in block._modules
        if name == convolution and fits and type(block._modules.get(activation)) in _ATTRIBUTES:
            return activation
    return ""


def _input_shapes(trunk: SpectralEfficientNet, decoder: LightDecoder | None) -> dict[nn.Module, list[int]]:
    """Encode an image; returns the shape of the input of each convolution that this runs."""
    shapes: dict[nn.Module, list[int]] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        shapes[module] = list(inputs[0].shape)

    parts = [trunk] if decoder is None else [trunk, decoder]
    every = [module for part in parts for module in part.modules() if isinstance(module, nn.Conv2d)]
    hooks = [module.register_forward_pre_hook(note) for module in every]
    try:
        image = torch.zeros(1, len(ANCHORS_UM), PACKED_FOR_PIXELS, PACKED_FOR_PIXELS)
        tokens, pyramid = trunk.forward_pyramid(image, torch.tensor(ANCHORS_UM))
        if decoder is not None:
            decoder.bottleneck(tokens, pyramid)
    finally:
        for hook in hooks:
            hook.remove()
    return shapes


def _symmetric(convolution: nn.Conv2d) -> tuple[Tensor, list[int]]:
    """Returns weight and padding without a copy of the input.

    TensorFlow's "same" padding of even sides at stride 2 adds one row and column more behind than before; a kernel with
    a row and column of zeros in front says the same with equal padding.
    """
    weight = convolution.weight.detach().contiguous()
    if not isinstance(convolution, Conv2dSame):
        return weight, [int(side) for side in convolution.padding]
    before = (convolution.kernel_size[0] - 2) // 2
    return pad(weight, (1, 0, 1, 0)), [before + 1, before + 1]
