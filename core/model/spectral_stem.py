"""A convolutional stem whose first kernel is generated from the bands' wavelengths.

A plain ViT needs far more images than the open, freely licensed sets hold. Early convolutions (Xiao et al. 2021, "Early
convolutions help transformers see better") give the embedded model the locality it cannot learn from a few thousand
chips, and the finer maps on the way down give the dense decoder edges at the scale of two pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

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
        self.spectral = SpectralAverage(kernel_size=4, out_channels=fine)
        self.fine = nn.Sequential(BatchRenorm(fine), nn.GELU(), *(ResidualBlock(fine) for _ in range(depths[0])))
        self.middle = nn.Sequential(_halve(fine, middle), *(ResidualBlock(middle) for _ in range(depths[1])))
        self.coarse = nn.Sequential(_halve(middle, width), *(ResidualBlock(width) for _ in range(depths[2])))

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """Embed images.

        Args:
            images: (B, C, H, W), model units; H and W multiples of 8.
            wavelengths_um: (C,) centre wavelengths in µm.

        Returns:
            Tokens (B, H/8 · W/8, width) and the maps {2: (B, c, H/2, W/2), 4: (B, c, H/4, W/4)}.
        """
        fine = self.fine(self.spectral(images.contiguous(memory_format=torch.channels_last), wavelengths_um))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        return coarse.flatten(2).transpose(1, 2), {2: fine, 4: middle}


class SpectralAverage(GeneratedConvolution):
    """The generated convolution, averaged over bands so that activations do not grow with the band count."""

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Embed images (B, C, H, W) with wavelengths (C,) in µm as (B, out_channels, H/2, W/2)."""
        kernel, bias = self.generated_weights(wavelengths_um)
        kernel = kernel * (EMBEDDING_GAIN / images.shape[1])
        return conv2d(images, kernel, bias * EMBEDDING_GAIN, stride=2, padding=1)


class BatchRenorm(nn.Module):
    """Batch renormalisation (Ioffe 2017) over (B, h, w).

    Every batch here comes from one sensor. Plain batch norm would see each sensor through its own statistics in
    training and through a mixture of all at inference, which was measured to cost more than a tenth of the accuracy
    (docs/decisions.md). This one goes over from the first to the second while it trains; going over at once was no
    better than a layer norm, because running statistics lag behind young weights.

    Args:
        channels: channels of the map.
        momentum: share of a batch in the running statistics.
        settling: number of batches after which it begins to go over, and after which it has; None for plain batch norm.
    """

    running_mean: Tensor
    running_variance: Tensor
    batches: Tensor
    epsilon = 1e-5
    largest_scale = 4.0
    largest_shift = 6.0

    def __init__(self, channels: int, momentum: float = 0.01, settling: tuple[int, int] | None = (1600, 2600)) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))
        self.register_buffer("batches", torch.zeros(()))
        self._momentum = momentum
        self._settling = settling

    def forward(self, x: Tensor) -> Tensor:
        """Normalise a map (B, channels, h, w), keeping its shape and dtype."""
        if not self.training:
            return batch_norm(x, self.running_mean, self.running_variance, self.weight, self.bias, eps=self.epsilon)
        with torch.no_grad():
            variance, mean = torch.var_mean(x.float(), dim=(0, 2, 3), unbiased=False)
            settled = self._settled()
            deviation = (variance + self.epsilon).sqrt()
            usual = (self.running_variance + self.epsilon).sqrt()
            most, furthest = 1 + settled * (self.largest_scale - 1), settled * self.largest_shift
            scale = (deviation / usual).clamp(1 / most, most)
            shift = ((mean - self.running_mean) / usual).clamp(-furthest, furthest)
            # Faster at first, so that the starting values are soon forgotten.
            momentum = max(self._momentum, 1.0 / (1.0 + float(self.batches)))
            self.running_mean.lerp_(mean, momentum)
            self.running_variance.lerp_(variance, momentum)
            self.batches += 1
        # y = (normalised · scale + shift) · weight + bias, with scale and shift taken for constants.
        return batch_norm(
            x, None, None, self.weight * scale, self.bias + self.weight * shift, training=True, eps=self.epsilon
        )

    def _settled(self) -> float:
        """Give how far it has gone over, 0..1."""
        if self._settling is None:
            return 0.0
        begins, ends = self._settling
        return min(1.0, max(0.0, (float(self.batches) - begins) / (ends - begins)))


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions, each normalised, added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = BatchRenorm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = BatchRenorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map (B, channels, h, w), keeping its shape."""
        return gelu(x + self.norm2(self.conv2(gelu(self.norm1(self.conv1(x))))))


def _halve(in_channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1, bias=False), BatchRenorm(out_channels), nn.GELU()
    )
