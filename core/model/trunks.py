"""The trunks and decoders a configuration can name, each built by its entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.model.config import ModelConfig, Settings, fitting_settings
from core.model.dense_decoder import Decoder
from core.model.trunk import Pyramid, SpectralViT


class Trunk(Protocol):
    """Interface of trunks.

    Attributes:
        embed_dim: channels of the tokens.
        pooled_channels: length of what ``pool`` returns.
        token_stride: pixels between tokens.
        pyramid_channels: channels of the finer maps by stride.
        memory_format: how weights are laid out in use.
        sees_whole_batches: whether norms use the statistics of a whole batch in training.
    """

    embed_dim: int
    pooled_channels: int
    token_stride: int
    pyramid_channels: dict[int, int]
    memory_format: torch.memory_format
    sees_whole_batches: bool

    def forward_pyramid(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Pyramid]:
        """Tokens (B, embed_dim, h, w) and finer maps by stride."""
        ...

    def forward_groups(self, groups: Sequence[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Pyramid]]:
        """The same of several groups of images."""
        ...

    def forward_tokens(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Tokens (B, embed_dim, h, w)."""
        ...

    def last_map(self, tokens: Tensor) -> Tensor:
        """The map (B, pooled_channels, h, w) that the scene head reads of a token map."""
        ...

    def pool(self, tokens: Tensor) -> Tensor:
        """Pooled vectors (B, pooled_channels) of a token map."""
        ...


def make_trunk(config: ModelConfig) -> Any:  # noqa: ANN401 - a module that is a Trunk
    """The trunk a configuration describes.

    Raises:
        ModelError: its kind or a setting is unknown, or its sizes contradict the configuration's.
    """
    settings = dict(config.trunk or {})
    kind = settings.pop("kind", "vit")
    if kind not in TRUNKS:
        raise ModelError(f"There is no trunk {kind!r}.", hint=f"Choose one of {', '.join(TRUNKS)}.")
    with fitting_settings("trunk"):
        trunk = TRUNKS[kind](config, settings)
    if trunk.embed_dim != config.width or trunk.token_stride != config.patch_size:
        raise ModelError(
            f"The trunk {kind} has a width of {trunk.embed_dim} and patches of {trunk.token_stride}, which the model "
            "configuration contradicts.",
            hint="Set width and patch_size to these.",
        )
    return trunk


def make_decoder(settings: Settings, trunk: Trunk, embed_dim: int) -> Decoder:
    """The dense decoder that a configuration's ``dense`` describes.

    Raises:
        ModelError: its kind or a setting is unknown.
    """
    arguments = dict(settings)
    kind = arguments.pop("kind", "stem")
    if kind not in DECODERS:
        raise ModelError(f"There is no dense decoder {kind!r}.", hint=f"Choose one of {', '.join(DECODERS)}.")
    with fitting_settings("dense"):
        return DECODERS[kind](trunk, embed_dim, arguments)


def _vit(config: ModelConfig, settings: Settings) -> nn.Module:
    return SpectralViT(
        image_size=config.image_size,
        patch_size=config.patch_size,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        mlp_ratio=config.mlp_ratio,
        drop_path=config.drop_path,
        stem=config.stem,
    )


def _efficientnet(config: ModelConfig, settings: Settings) -> nn.Module:
    from core.model.efficientnet_trunk import SpectralEfficientNet

    return SpectralEfficientNet(**settings)


def _stem_decoder(trunk: Trunk, embed_dim: int, settings: Settings) -> Decoder:
    from core.model.dense_decoder import DenseDecoder

    return DenseDecoder(width=trunk.embed_dim, embed_dim=embed_dim, **settings)


def _light_decoder(trunk: Trunk, embed_dim: int, settings: Settings) -> Decoder:
    from core.model.light_decoder import LightDecoder

    return LightDecoder(width=trunk.embed_dim, embed_dim=embed_dim, pyramid_channels=trunk.pyramid_channels, **settings)


TRUNKS = cast("dict[str, Callable[[ModelConfig, Settings], Any]]", {"vit": _vit, "efficientnet": _efficientnet})
"""Trunks by the ``kind`` of a configuration's ``trunk``."""
DECODERS: dict[str, Callable[[Trunk, int, Settings], Decoder]] = {
    "stem": _stem_decoder,
    "light": _light_decoder,
}
"""Decoders by the ``kind`` of a configuration's ``dense``."""
