"""The trained dense head over a deep pyramid: from stride 32 to text-aligned features every two pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from core.model.dense_decoder import Decoder
from core.model.same_size import SameSize

LEVELS = (16, 8, 4)
"""Strides at which the decoder refines, from coarse to fine; it ends at stride 2."""


class LightDecoder(Decoder):
    """A feature pyramid (Lin et al. 2017) of depthwise blocks without norms over the batch.

    Args:
        width: token channels (stride 32).
        embed_dim: text channels.
        pyramid_channels: channels of the trunk's maps by stride.
        channels: bottleneck channels, at stride 2.
        middle: channels at strides 4 to 16.
    """

    stride = 2

    def __init__(
        self, width: int, embed_dim: int, pyramid_channels: Mapping[int, int], channels: int = 48, middle: int = 96
    ) -> None:
        super().__init__()
        self.enter = nn.Conv2d(width, middle, 1)
        self.join = nn.ModuleDict({str(level): nn.Conv2d(pyramid_channels[level], middle, 1) for level in LEVELS})
        self.join_spectral = nn.Conv2d(pyramid_channels[2], middle, 1)
        self.refine = nn.ModuleDict({str(level): DepthwiseBlock(middle) for level in LEVELS})
        self.norm = nn.LayerNorm(middle)
        self.narrow = nn.Conv2d(middle, channels, 1)
        self.join_fine = nn.Conv2d(pyramid_channels[2], channels, 1)
        self.spread = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.activate = nn.ReLU()
        self.smooth = nn.Conv2d(channels, channels, 1)
        self.project = nn.Conv2d(channels, embed_dim, 1)

    def bottleneck_groups(self, groups: Sequence[tuple[Tensor, Mapping[int, Tensor]]]) -> list[Tensor]:
        """Narrow features of several groups of images, (B, channels, H/2, W/2) each; those of one size in one batch."""
        same = SameSize.of([tokens for tokens, _ in groups])
        tokens = same.join([tokens for tokens, _ in groups])
        pyramids = {stride: same.join([maps[stride] for _, maps in groups]) for stride in (2, *LEVELS)}
        found = [
            self._decode(x, {stride: maps[number] for stride, maps in pyramids.items()})
            for number, x in enumerate(tokens)
        ]
        return same.split(found)

    def _decode(self, tokens: Tensor, pyramid: Mapping[int, Tensor]) -> Tensor:
        x = self.enter(tokens)
        for level in LEVELS:
            x = _enlarge(x, pyramid[level]) + self.join[str(level)](pyramid[level])
            if level == LEVELS[-1]:
                x = x + self.join_spectral(avg_pool2d(pyramid[2], 2))
            x = self.refine[str(level)](x)
        x = self.narrow(_normed(self.norm, x))
        x = relu(_enlarge(x, pyramid[2]) + self.join_fine(pyramid[2]))
        return x + self.smooth(self.activate(self.spread(x)))


class DepthwiseBlock(nn.Module):
    """A depthwise 5 × 5 convolution, a norm over channels and two pointwise layers, added to its input (ConvNeXt).

    Args:
        channels: of the map.
        growth: hidden channels over channels.
    """

    def __init__(self, channels: int, growth: int = 2) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Conv2d(channels, growth * channels, 1)
        self.activate = nn.ReLU()
        self.narrow = nn.Conv2d(growth * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map (B, channels, h, w), keeping its shape."""
        return x + self.narrow(self.activate(self.widen(_normed(self.norm, self.spread(x)))))


def _normed(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """Norm over the channels of a map (B, channels, h, w), each place by itself."""
    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _enlarge(x: Tensor, like: Tensor) -> Tensor:
    return interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
