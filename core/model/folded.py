"""Convolutions of the working copy with the following norm, and often GELU, folded into them.

At inference a norm with running statistics is one factor and one offset a channel, which the convolution's own weights
can hold; and oneDNN applies GELU to what is still in the processor's registers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, gelu

from core.model.spectral_stem import Halving, MixtureNorm, ResidualBlock


class FoldedConvolution(nn.Module):
    """A convolution and the norm after it as one, in bf16.

    Args:
        convolution: groups and dilation 1.
        norm: of its output.
        activated: whether GELU follows.
    """

    def __init__(self, convolution: nn.Conv2d, norm: MixtureNorm, *, activated: bool) -> None:
        super().__init__()
        factor = norm.weight.detach() / (norm.running_variance + norm.epsilon).sqrt()
        offset = norm.bias.detach() - norm.running_mean * factor
        if convolution.bias is not None:
            offset = offset + convolution.bias.detach() * factor
        weight = convolution.weight.detach() * factor[:, None, None, None]
        self._weight = weight.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
        self._bias = offset.to(torch.bfloat16)
        self._stride, self._padding = list(convolution.stride), [int(side) for side in convolution.padding]
        self._activated = activated
        self._fused = activated and self._fuses()

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, c, h, w) as bf16."""
        x = x.to(torch.bfloat16)
        if self._fused:
            return self._with_gelu(x)
        found = conv2d(x, self._weight, self._bias, self._stride, self._padding)
        return gelu(found) if self._activated else found

    def _with_gelu(self, x: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self._weight, self._bias, self._padding, self._stride, [1, 1], 1, "gelu", [], "none"
        )
        return found

    def _fuses(self) -> bool:
        """Whether this build of torch can, which is tried once on the weights themselves."""
        side = 8
        sample = torch.linspace(-1, 1, self._weight.shape[1] * side * side).reshape(1, -1, side, side)
        sample = sample.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
        try:
            found = self._with_gelu(sample).float()
        except (AttributeError, RuntimeError, NotImplementedError):
            return False
        expected = gelu(conv2d(sample.float(), self._weight.float(), self._bias.float(), self._stride, self._padding))
        return torch.allclose(found, expected, rtol=0.05, atol=0.05 * float(expected.abs().max()))


class FoldedResidualBlock(nn.Module):
    """A ``ResidualBlock`` with its norms folded into its convolutions."""

    def __init__(self, block: ResidualBlock) -> None:
        super().__init__()
        self._first = FoldedConvolution(block.conv1, block.norm1, activated=True)
        self._second = FoldedConvolution(block.conv2, block.norm2, activated=False)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Refine maps (B, channels, h, w), keeping their shapes."""
        return [gelu(self._second(self._first(x)).add_(x)) for x in maps]


class FoldedHalving(nn.Module):
    """A ``Halving`` with its norm folded into its convolution."""

    def __init__(self, halving: Halving) -> None:
        super().__init__()
        self._convolution = FoldedConvolution(halving.conv, halving.norm, activated=True)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Halve maps (B, in_channels, h, w) to (B, out_channels, h/2, w/2)."""
        return [self._convolution(x) for x in maps]
