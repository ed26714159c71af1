"""A model's working copy in float32 for CPUs: convolutions laid out once, with the activations after them.

With one thread torch leaves pointwise convolutions to a kernel of its own, which is slower than oneDNN's; oneDNN lays
weights out anew in every call unless they are packed, and applies an activation to what is still in the processor's
registers. The layout depends on the size of what is convolved: weights laid out for another size are laid out anew in
every call, so that each size has its own. Results differ from the model's own by rounding.
"""

from __future__ import annotations

import copy
import threading
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

TRIED_ON_PIXELS = 64
"""Side in pixels of an image whose run tells which convolutions a dense head uses."""
KEPT_LAYOUTS = 8
"""Sizes whose layouts of weights are kept: a picture's, up to three coarser ones, a preview's. Each takes 22 MiB."""
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

    Weights are laid out when an input of a new size is seen, and kept for the last ``KEPT_LAYOUTS`` new sizes.

    Args:
        convolution: dilation 1; where timm pads it ("same"), its inputs' sides are even and its stride is 2.
        activation: one of ``_ATTRIBUTES``.

    Attributes:
        layouts: the packed weights by the height and width of the input that they are laid out for.
    """

    def __init__(self, convolution: nn.Conv2d, activation: nn.Module) -> None:
        super().__init__()
        self._weight, self._padding = _symmetric(convolution)
        self._stride, self._groups = list(convolution.stride), convolution.groups
        self._attribute, self._scalars = _ATTRIBUTES[type(activation)]
        self._bias = None if convolution.bias is None else convolution.bias.detach()
        self.layouts: dict[tuple[int, ...], Tensor] = {}
        self._packing = threading.Lock()

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, c, H, W) float32."""
        weight = self.layouts.get(tuple(x.shape[2:]))
        found: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x,
            self._pack(x.shape) if weight is None else weight,
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

    @torch.inference_mode(False)
    @torch.no_grad()
    def _pack(self, seen: torch.Size) -> Tensor:
        """Lay the weights out for inputs of a shape and keep them so."""
        size = tuple(seen[2:])
        with self._packing:
            if size not in self.layouts:
                operations: Any = torch._C._nn
                packed: Tensor = operations.mkldnn_reorder_conv2d_weight(
                    self._weight.to_mkldnn(), self._padding, self._stride, [1, 1], self._groups, [1, *seen[1:]]
                )
                newer = list(self.layouts.items())[1 - KEPT_LAYOUTS :]
                self.layouts = {**dict(newer), size: packed}  # replaced whole: other threads may be reading the old one
            return self.layouts[size]


@cache
def can_pack() -> bool:
    """Whether this build of torch has the operations, which is tried once."""
    convolution = nn.Conv2d(16, 16, 1)
    sample = torch.linspace(-8, 8, 16 * 64).reshape(1, 16, 8, 8)
    with torch.no_grad():
        expected = relu6(conv2d(sample, convolution.weight, convolution.bias))
        try:
            found = PackedConvolution(convolution, nn.ReLU6())(sample)
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
    used = _used_convolutions(trunk, decoder if isinstance(decoder, LightDecoder) else None)
    for part in parts:
        for block, name, convolution, follower in list(_convolutions(part)):
            if convolution not in used:
                continue
            activation = getattr(block, follower) if follower else nn.Identity()
            block._modules[name] = PackedConvolution(convolution, activation)
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


def _used_convolutions(trunk: SpectralEfficientNet, decoder: LightDecoder | None) -> set[nn.Module]:
    """Encode an image; returns the convolutions that this runs."""
    used: set[nn.Module] = set()

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        used.add(module)

    parts = [trunk] if decoder is None else [trunk, decoder]
    every = [module for part in parts for module in part.modules() if isinstance(module, nn.Conv2d)]
    hooks = [module.register_forward_pre_hook(note) for module in every]
    try:
        image = torch.zeros(1, len(ANCHORS_UM), TRIED_ON_PIXELS, TRIED_ON_PIXELS)
        tokens, pyramid = trunk.forward_pyramid(image, torch.tensor(ANCHORS_UM))
        if decoder is not None:
            decoder.bottleneck(tokens, pyramid)
    finally:
        for hook in hooks:
            hook.remove()
    return used


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
