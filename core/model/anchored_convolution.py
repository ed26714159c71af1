"""The first convolution of a pretrained colour network, generated for any bands.

The kernels that the network learnt for red, green and blue are its anchors. The bands nearest to the anchors stand for
them, so that the network sees the best colour composite the bands allow; a generated kernel, which starts at zero, adds
what the bands say beyond that, and further generated channels form a spectral side path of their own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from core.model.patch_embedding import GeneratedConvolution

ANCHORS_UM = (0.665, 0.56, 0.49)
"""Centre wavelengths of red, green and blue, as everywhere in the project."""
UNIT_SCALE, UNIT_OFFSET = 127.5 / 128, 0.5 / 128
"""Model units u (-1..1) of 8-bit values x to the network's own (x - 127) / 128: UNIT_SCALE · u + UNIT_OFFSET."""
GENERATED_GAIN = 90.0
"""Brings the generated kernels (scaled by 0.01) to unit activations when bands are averaged."""
NEAREST = 1e-6
"""Smallest distance of two wavelengths in the logarithm, so that equal ones divide by no zero."""


class AnchoredConvolution(GeneratedConvolution):
    """A 3 × 3 convolution of stride 2 whose kernels equal the anchors' for red, green and blue at the start.

    Args:
        anchored: output channels with anchor kernels.
        side: further generated output channels.
    """

    def __init__(self, anchored: int, side: int) -> None:
        super().__init__(kernel_size=3, out_channels=anchored + side)
        self.anchored = anchored
        self.anchor_kernels = nn.Parameter(torch.empty(len(ANCHORS_UM), anchored, 3, 3))
        self.anchor_bias = nn.Parameter(torch.zeros(anchored))
        nn.init.normal_(self.anchor_kernels, std=0.2)
        self._start_at_anchors()

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve.

        Args:
            images: (B, C, H, W) float32 in model units, H and W even.
            wavelengths_um: (C,) centre wavelengths in µm.

        Returns:
            Anchored channels (B, anchored, H/2, W/2) and side channels (B, side, H/2, W/2), both before activation.
        """
        kernel, bias = self.generated_weights(wavelengths_um)
        # TensorFlow's "same" padding, with the value that the network's own units call zero.
        padded = pad(images, (0, 1, 0, 1), value=-UNIT_OFFSET / UNIT_SCALE)
        found = conv2d(padded.contiguous(memory_format=torch.channels_last), kernel, bias, stride=2)
        return found[:, : self.anchored], found[:, self.anchored :]

    def _generate(self, wavelengths_um: Tensor) -> tuple[Tensor, Tensor]:
        kernel, bias = super()._generate(wavelengths_um)
        kernel, bias = kernel * (GENERATED_GAIN / len(wavelengths_um)), bias * GENERATED_GAIN
        shares = anchor_shares(wavelengths_um).to(kernel)
        composite = torch.einsum("aoyx,ac->ocyx", self.anchor_kernels, shares)
        offset = self.anchor_bias + UNIT_OFFSET * composite.sum((1, 2, 3))
        own = kernel[: self.anchored] + UNIT_SCALE * composite
        return (
            torch.cat([own, kernel[self.anchored :]]),
            torch.cat([bias[: self.anchored] + offset, bias[self.anchored :]]),
        )

    @torch.no_grad()
    def _start_at_anchors(self) -> None:
        """Initialise the generated part of the anchored channels with zero."""
        channels = self.weight_generator.out_channels
        for layer in (self.weight_generator.fc_weight, self.weight_generator.fc_bias):
            for values in (layer.weight, layer.bias):
                values.view(-1, channels, *values.shape[1:])[:, : self.anchored] = 0


def anchor_shares(wavelengths_um: Tensor) -> Tensor:
    """Shares of the bands in each anchor's composite, by Shepard's (1968) inverse distances of the logarithms.

    Args:
        wavelengths_um: (C,) centre wavelengths in µm.

    Returns:
        (3, C) float32, each row summing to 1: the band at an anchor's wavelength has all of it, a lone band is seen in
        grey.
    """
    anchors = torch.tensor(ANCHORS_UM, dtype=torch.float64)
    bands = wavelengths_um.detach().cpu().double()
    distances = (bands.log()[None] - anchors.log()[:, None]).abs().clamp_min(NEAREST)
    nearness = distances.pow(-4)
    return (nearness / nearness.sum(1, keepdim=True)).float()
