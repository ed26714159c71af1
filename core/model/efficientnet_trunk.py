"""The vision trunk that starts from ImageNet: timm's EfficientNet-lite, over any bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import timm
import torch
from torch import Tensor, nn
from torch.nn.functional import relu, relu6

from core.model.anchored_convolution import AnchoredConvolution
from core.model.folded_norms import fold_norms, folded
from core.model.same_size import SameSize

if TYPE_CHECKING:
    from timm.models.efficientnet import EfficientNet

    from core.model.trunk import Pyramid

STAGE_OF_STRIDE = {2: 0, 4: 1, 8: 2, 16: 4}
"""The stage of timm's whose output is kept as the map of a stride; the last stage gives the tokens at stride 32."""
TOKEN_STRIDE = 32


class SpectralEfficientNet(nn.Module):
    """EfficientNet-lite (Tan and Le 2019, without squeeze and excitation) whose first kernel is generated.

    Its norms are folded into its convolutions (``core.model.folded_norms``). A spectral side path of generated channels
    joins the first stage's output through a convolution that starts at zero, and the map of stride 2. Where the blocks
    do not learn, no gradient goes through them: the side path then learns by the map of stride 2 alone.

    Args:
        variant: timm's name, such as ``tf_efficientnet_lite2``.
        side: channels of the side path.

    Attributes:
        embed_dim: channels of the tokens.
        pooled_channels: length of what ``pool`` returns.
        token_stride: pixels between tokens.
        pyramid_channels: channels of the finer maps by stride.
    """

    token_stride = TOKEN_STRIDE
    memory_format = torch.channels_last
    """How the convolutions' weights are laid out in use: a third faster than row by row, measured on AVX2."""
    sees_whole_batches = False
    """No norm looks at the batch: a step may be taken in parts."""

    def __init__(self, variant: str, side: int = 32) -> None:
        super().__init__()
        network = _network(variant)
        fold_norms(network)
        self.spectral = AnchoredConvolution(network.conv_stem.out_channels, side)
        self.blocks = network.blocks
        channels = [_output_channels(stage) for stage in self.blocks]
        self.join_side = nn.Conv2d(side, channels[0], 1, bias=False)
        nn.init.zeros_(self.join_side.weight)
        self.embed_dim = channels[-1]
        self.pooled_channels: int = network.conv_head.out_channels
        self.conv_head = nn.Conv2d(self.embed_dim, self.pooled_channels, 1)
        self.pyramid_channels = {stride: channels[stage] for stride, stage in STAGE_OF_STRIDE.items()}
        self.pyramid_channels[2] += side

    def grid_of(self, images: Tensor) -> tuple[int, int]:
        """Rows and columns of the token grid of images (B, C, H, W)."""
        return images.shape[-2] // self.token_stride, images.shape[-1] // self.token_stride

    def forward_pyramid(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Pyramid]:
        """Encode images as a token map and finer maps beside it.

        Args:
            images: (B, C, H, W) in model units, H and W multiples of 32.
            wavelengths_um: (C,) centre wavelengths in µm, on any device.

        Returns:
            Tokens (B, embed_dim, H/32, W/32) and maps (B, c, H/s, W/s) of the strides s 2, 4, 8 and 16.
        """
        return self._refine(*self.spectral(images, wavelengths_um))

    def forward_groups(self, groups: Sequence[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Pyramid]]:
        """Encode images of several sensors and sizes, those of one size as one batch; see ``forward_pyramid``."""
        seen = [self.spectral(images, wavelengths_um) for images, wavelengths_um in groups]
        same = SameSize.of([colours for colours, _ in seen])
        joined = zip(same.join([colours for colours, _ in seen]), same.join([side for _, side in seen]), strict=True)
        tokens, pyramids = zip(*(self._refine(colours, side) for colours, side in joined), strict=True)
        finer = {stride: same.split([pyramid[stride] for pyramid in pyramids]) for stride in pyramids[0]}
        return [
            (of_group, {stride: maps[number] for stride, maps in finer.items()})
            for number, of_group in enumerate(same.split(tokens))
        ]

    def forward_tokens(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Encode images (B, C, H, W) as tokens (B, embed_dim, H/32, W/32)."""
        return self.forward_pyramid(images, wavelengths_um)[0]

    def last_map(self, tokens: Tensor) -> Tensor:
        """The network's last features (B, pooled_channels, h, w) of a token map (B, embed_dim, h, w)."""
        return relu6(self.conv_head(tokens))

    def pool(self, tokens: Tensor) -> Tensor:
        """Means (B, pooled_channels) of the network's last features over a token map (B, embed_dim, h, w)."""
        return self.last_map(tokens).mean((2, 3))

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Encode images (B, C, H, W) as pooled vectors (B, pooled_channels)."""
        return self.pool(self.forward_tokens(images, wavelengths_um))

    def _refine(self, colours: Tensor, side: Tensor) -> tuple[Tensor, Pyramid]:
        side = relu(side)
        learns = any(parameter.requires_grad for parameter in self.blocks.parameters())
        with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
            x, maps = self._through_blocks(colours, side)
        pyramid = {stride: maps[stage] for stride, stage in STAGE_OF_STRIDE.items()}
        pyramid[2] = torch.cat([pyramid[2], side], dim=1)
        return x, pyramid

    def _through_blocks(self, colours: Tensor, side: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Returns the output of the last stage, and the outputs of all."""
        maps: list[Tensor] = []
        x = relu6(colours)
        for number, stage in enumerate(self.blocks):
            x = stage(x)
            if number == 0:
                x = x + self.join_side(side)
            maps.append(x)
        return x, maps


@torch.no_grad()
def start_from_imagenet(trunk: SpectralEfficientNet, variant: str, weights: Sequence[Tensor]) -> None:
    """Initialise a trunk with published weights.

    Args:
        trunk: of the same variant.
        variant: timm's name.
        weights: the published state dict's tensors in its order, which is timm's.

    Raises:
        ValueError: the tensors are not those of the variant.
    """
    network = _network(variant)
    state = network.state_dict()
    network.load_state_dict(dict(zip(state, weights, strict=True)))
    stem, stem_bias = folded(network.conv_stem, network.bn1)
    head, head_bias = folded(network.conv_head, network.bn2)
    fold_norms(network)
    trunk.blocks.load_state_dict(network.blocks.state_dict())
    trunk.spectral.anchor_kernels.copy_(stem.transpose(0, 1))
    trunk.spectral.anchor_bias.copy_(stem_bias)
    trunk.conv_head.weight.copy_(head)
    assert trunk.conv_head.bias is not None
    trunk.conv_head.bias.copy_(head_bias)


def _network(variant: str) -> EfficientNet:
    return cast("EfficientNet", timm.create_model(variant, pretrained=False))


def _output_channels(stage: nn.Module) -> int:
    """Output channels of a stage: those of its last convolution."""
    return [module for module in stage.modules() if isinstance(module, nn.Conv2d)][-1].out_channels
