"""The image tower: a trunk, and the heads that lead into text space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from core.model.config import ModelConfig, Settings, fitting_settings
from core.model.open_models.settings import is_open
from core.model.scene_head import SceneHead, mean_and_deviation
from core.model.trunk import Pyramid
from core.model.trunks import Trunk, make_trunk

SCENE_STRIDE = 4
"""Pixels between the cells of the stem's map that the scene head reads beside the tokens."""


class VisualTower(nn.Module):
    """The trunk and the heads that lead into text space (an identity where the widths agree).

    Args:
        trunk: encodes images as tokens.
        embed_dim: channels of text space; None where the trunk's width is the same.
        scene: settings of a ``core.model.scene_head.SceneHead`` beside the pooling, for a trunk with finer maps; its
            ``strides`` say which of them it reads.
        smallest_image: side in pixels that smaller images are enlarged to.

    Attributes:
        scene_channels: channels of the maps that the scene head reads; empty without one.
    """

    trunk: Any
    head: nn.Module
    scene: nn.Module | None

    def __init__(
        self, trunk: Trunk, embed_dim: int | None, scene: Settings | None = None, smallest_image: int = 0
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Identity() if embed_dim is None else nn.Linear(trunk.pooled_channels, embed_dim)
        self.scene = None
        self._scene_strides: tuple[int, ...] = ()
        self.scene_channels: tuple[int, ...] = ()
        self._smallest_image = smallest_image
        if scene is not None:
            settings = dict(scene)
            self._scene_strides = tuple(settings.pop("strides", (SCENE_STRIDE,)))
            finer = (trunk.pyramid_channels[stride] for stride in self._scene_strides)
            self.scene_channels = (trunk.pooled_channels, *finer)
            with fitting_settings("scene"):
                self.scene = SceneHead(self.scene_channels, embed_dim or trunk.embed_dim, **settings)

    def fitted(self, images: Tensor) -> Tensor:
        """Whole images (B, C, H, W) as the trunk takes them.

        A trunk that enlarges small images resamples all to multiples of its stride; for others, what does not fill a
        patch at the right and lower edge is left out, as published models do (384 pixels are 27 patches of 14).
        """
        patch = self.trunk.token_stride
        height, width = images.shape[-2:]
        if not self._smallest_image:
            return images[..., : height // patch * patch, : width // patch * patch]
        if min(height, width) == 0:
            return images
        factor = max(1.0, self._smallest_image / min(height, width))
        size = [max(patch, round(factor * side / patch) * patch) for side in (height, width)]
        if size == [height, width]:
            return images
        return F.interpolate(images.float(), size=size, mode="bilinear", align_corners=False)

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Encode images (B, C, H, W) as vectors (B, D) in text space."""
        return self.whole_image(*self.trunk.forward_pyramid(images, wavelengths_um))

    def whole_image(self, tokens: Tensor, pyramid: Pyramid) -> Tensor:
        """Bring the trunk's tokens (B, width, h, w) and finer maps to one vector an image, (B, D)."""
        if self.scene is None:
            return self.head(self.trunk.pool(tokens))
        return self.from_statistics(self.scene_statistics(tokens, pyramid), self.trunk.pool(tokens))

    def scene_statistics(self, tokens: Tensor, pyramid: Pyramid) -> list[Tensor]:
        """Mean and deviation (B, channels) over the pixels of every map that the scene head reads, in turn."""
        maps = [self.trunk.last_map(tokens), *(pyramid[stride] for stride in self._scene_strides)]
        return [statistic for x in maps for statistic in mean_and_deviation(x)]

    def from_statistics(self, statistics: Sequence[Tensor], pooled: Tensor) -> Tensor:
        """Bring statistics of the maps and the trunk's pooled features (B, pooled_channels) to vectors (B, D)."""
        assert self.scene is not None
        # At unit length, or the pooled vector would outweigh the scene head's.
        return F.normalize(self.head(pooled), dim=-1) + self.scene(statistics)


def make_visual(config: ModelConfig) -> nn.Module:
    """Returns the image tower that a configuration describes: ours, or one of open_clip's with fixed bands.

    Raises:
        ModelError: a part is unknown or does not fit.
    """
    if not is_open(config):
        return VisualTower(make_trunk(config), config.embed_dim, config.scene, config.smallest_image)
    from core.model.open_models.settings import OpenModelSettings
    from core.model.open_models.visual import OpenVisual

    return OpenVisual(OpenModelSettings.from_json(dict(config.trunk or {})))
