"""A convolutional stem whose first kernel is generated from the bands' wavelengths.

A plain ViT needs far more images than the open, freely licensed sets hold. Early convolutions (Xiao et al. 2021, "Early
convolutions help transformers see better") give the embedded model the locality it cannot learn from a few thousand
chips, and the finer maps on the way down give the dense decoder edges at the scale of two pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, gelu

from core.model.patch_embedding import GeneratedConvolution

EMBEDDING_GAIN = 90.0
"""Brings the generated kernels (scaled by 0.01) to unit activations when bands are averaged."""


class SpectralStem(nn.Module):
    """Bands to tokens at stride 8, keeping the maps at strides 2 and 4.

    Args:
        width: token channels.
        channels: channels of the maps at stride 2 and stride 4.
        depths: residual blocks at stride 2, stride 4 and stride 8.
    """

    def __init__(self, width: int, channels: Sequence[int] = (32, 96), depths: Sequence[int] = (1, 2, 2)) -> None:
        super().__init__()
        fine, middle = channels
        self.pyramid_channels = {2: fine, 4: middle}
        self.spectral = SpectralAverage(kernel_size=4, out_channels=fine)
        self.fine = nn.ModuleList([MixtureNorm(fine), *(ResidualBlock(fine) for _ in range(depths[0]))])
        self.middle = nn.ModuleList([Halving(fine, middle), *(ResidualBlock(middle) for _ in range(depths[1]))])
        self.coarse = nn.ModuleList([Halving(middle, width), *(ResidualBlock(width) for _ in range(depths[2]))])

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """Embed images.

        Args:
            images: (B, C, H, W), model units; H and W multiples of 8.
            wavelengths_um: (C,) centre wavelengths in µm.

        Returns:
            Tokens (B, H/8 · W/8, width) and the maps {2: (B, c, H/2, W/2), 4: (B, c, H/4, W/4)}.
        """
        return self.refine([self.average(images, wavelengths_um)])[0]

    def average(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Bring images (B, C, H, W) of any bands to the channels that all sensors share, (B, c, H/2, W/2)."""
        return self.spectral(images.contiguous(memory_format=torch.channels_last), wavelengths_um)

    def refine(self, averages: Sequence[Tensor]) -> list[tuple[Tensor, dict[int, Tensor]]]:
        """Go on from what ``average`` gave: batches of several sizes share the statistics of the norms in training.

        Returns:
            For each batch tokens and maps, as from ``forward``.
        """
        norm, *blocks = self.fine
        fine = _through(blocks, [gelu(x) for x in norm(averages)])
        middle = _through(self.middle, fine)
        coarse = _through(self.coarse, middle)
        return [
            (tokens.flatten(2).transpose(1, 2), {2: at_two, 4: at_four})
            for tokens, at_two, at_four in zip(coarse, fine, middle, strict=True)
        ]


class SpectralAverage(GeneratedConvolution):
    """The generated convolution, averaged over bands so that activations do not grow with the band count."""

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Embed images (B, C, H, W) with wavelengths (C,) in µm as (B, out_channels, H/2, W/2)."""
        kernel, bias = self.generated_weights(wavelengths_um)
        kernel = kernel * (EMBEDDING_GAIN / images.shape[1])
        return conv2d(images, kernel, bias * EMBEDDING_GAIN, stride=2, padding=1)


class MixtureNorm(nn.Module):
    """Batch norm over all sensors of a training step at once.

    Small sets from scratch learn far faster with a batch norm than with one per image, but a batch of one sensor would
    be seen through that sensor's statistics in training and through a mixture's at inference, which was measured to
    cost more than a tenth of the accuracy (docs/decisions/0004). Here the groups of a step, one per sensor, are
    normalised by the statistics of all of them, so that training and inference see the same.

    Args:
        channels: channels of the map.
        momentum: share of a step in the running statistics.
    """

    running_mean: Tensor
    running_variance: Tensor
    batches: Tensor
    epsilon = 1e-5

    def __init__(self, channels: int, momentum: float = 0.01) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))
        self.register_buffer("batches", torch.zeros(()))
        self._momentum = momentum

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Normalise maps (B, channels, h, w), keeping their shapes and dtypes."""
        if not self.training:
            return [
                batch_norm(x, self.running_mean, self.running_variance, self.weight, self.bias, eps=self.epsilon)
                for x in maps
            ]
        # As (pixels, channels): over maps with a side of one pixel torch's backward pass is wrong (a test says so).
        pixels = [x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]) for x in maps]
        together = torch.cat(pixels) if len(pixels) > 1 else pixels[0]
        normed = batch_norm(
            together,
            self.running_mean,
            self.running_variance,
            self.weight,
            self.bias,
            training=True,
            # Faster at first, so that the starting values are soon forgotten.
            momentum=max(self._momentum, 1.0 / (1.0 + float(self.batches))),
            eps=self.epsilon,
        )
        self.batches += 1
        parts = normed.split([len(part) for part in pixels])
        return [
            part.reshape(x.shape[0], *x.shape[2:], x.shape[1]).permute(0, 3, 1, 2)
            for part, x in zip(parts, maps, strict=True)
        ]


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions, each normalised, added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = MixtureNorm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = MixtureNorm(channels)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Refine maps (B, channels, h, w), keeping their shapes."""
        inner = self.norm1([self.conv1(x) for x in maps])
        change = self.norm2([self.conv2(gelu(x)) for x in inner])
        return [gelu(x + more) for x, more in zip(maps, change, strict=True)]


class Halving(nn.Module):
    """A 3 × 3 convolution of stride 2, normalised."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1, bias=False)
        self.norm = MixtureNorm(out_channels)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Halve maps (B, in_channels, h, w) to (B, out_channels, h/2, w/2)."""
        return [gelu(x) for x in self.norm([self.conv(x) for x in maps])]


def _through(blocks: Iterable[nn.Module], maps: list[Tensor]) -> list[Tensor]:
    for block in blocks:
        maps = block(maps)
    return maps
