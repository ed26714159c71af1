"""The vision trunk: timm's ViT with attention pooling, over tokens of any bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from timm.layers.pos_embed import resample_abs_pos_embed
from timm.models.vision_transformer import VisionTransformer, checkpoint_seq
from torch import Tensor, nn

from core.model.config import Settings
from core.model.patch_embedding import DynamicPatchEmbedding
from core.model.same_size import SameSize

Pyramid = dict[int, Tensor]
"""Finer feature maps by their stride in pixels: (B, c, H/stride, W/stride)."""


class SpectralViT(VisionTransformer):
    """A SigLIP ViT (no class token, final norm, attention pooling) that takes wavelengths beside the image.

    Args:
        image_size: side in pixels the learned positions belong to; other sizes interpolate them.
        patch_size: side in pixels of what one token covers.
        width: length of a token.
        layers: transformer blocks.
        heads: attention heads.
        mlp_ratio: hidden width of the MLPs over ``width``.
        drop_path: stochastic depth of the last block, for training.
        stem: settings of ``core.model.spectral_stem.SpectralStem`` to use in place of the plain patch embedding.
    """

    def __init__(
        self,
        image_size: int = 224,
        patch_size: int = 16,
        width: int = 768,
        layers: int = 12,
        heads: int = 12,
        mlp_ratio: float = 4.0,
        drop_path: float = 0.0,
        stem: Settings | None = None,
    ) -> None:
        side = image_size // patch_size

        def embedding(**_: Any) -> nn.Module:  # noqa: ANN401 - timm's own arguments, already known here
            if stem is None:
                return DynamicPatchEmbedding(image_size, patch_size, width)
            from core.model.spectral_stem import SpectralStem

            module = SpectralStem(width=width, **stem)
            object.__setattr__(module, "num_patches", side * side)  # timm asks its embedding for this
            return module

        super().__init__(
            img_size=image_size,
            patch_size=patch_size,
            num_classes=0,
            global_pool="map",
            class_token=False,
            fc_norm=False,
            embed_dim=width,
            depth=layers,
            num_heads=heads,
            mlp_ratio=mlp_ratio,
            drop_path_rate=drop_path,
            embed_layer=embedding,
        )
        self.token_stride = patch_size
        self.position_grid = (side, side)
        self.pooled_channels = width
        self.memory_format = torch.contiguous_format
        self.has_stem = stem is not None
        self.sees_whole_batches = self.has_stem
        self.pyramid_channels: dict[int, int] = self.patch_embed.pyramid_channels if self.has_stem else {}

    def embed(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Pyramid]:
        """Returns the tokens (B, h*w, D) that enter the first block, positions added, and the stem's pyramid."""
        if self.has_stem:
            tokens, pyramid = self.patch_embed(images, wavelengths_um)
            return self._with_positions(tokens, images), pyramid
        return self._with_positions(self.patch_embed(images, wavelengths_um), images), {}

    def _with_positions(self, tokens: Tensor, images: Tensor) -> Tensor:
        height, width = self.grid_of(images)
        positions = resample_abs_pos_embed(
            self.pos_embed, new_size=[height, width], old_size=list(self.position_grid), num_prefix_tokens=0
        )
        return self.norm_pre(self.patch_drop(self.pos_drop(tokens + positions)))

    def grid_of(self, images: Tensor) -> tuple[int, int]:
        """Returns rows and columns of the token grid of images (B, C, H, W)."""
        return images.shape[-2] // self.token_stride, images.shape[-1] // self.token_stride

    def last_block_input(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Pyramid]:
        """Returns the tokens (B, h*w, D) that enter the last block, and the stem's pyramid.

        Dense heads that change the attention of the last block start from here.
        """
        tokens, pyramid = self.embed(images, wavelengths_um)
        return self._run(self.blocks[:-1], tokens), pyramid

    def forward_pyramid(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Pyramid]:
        """Encode images as a token map and finer maps beside it.

        Args:
            images: (B, C, H, W), H and W multiples of the patch.
            wavelengths_um: (C,) centre wavelengths in µm, on any device.

        Returns:
            Tokens (B, D, h, w) after the final norm, and the stem's pyramid (empty for the plain patch embedding).
        """
        tokens, pyramid = self.embed(images, wavelengths_um)
        tokens = self.norm(self._run(self.blocks, tokens))
        return self.to_map(tokens, images), pyramid

    def forward_groups(self, groups: Sequence[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Pyramid]]:
        """Encode images of several sensors and sizes in one training step.

        Args:
            groups: images and wavelengths of each, as for ``forward_pyramid``. A stem's norms see them as one batch.

        Returns:
            Tokens and pyramid of each group, as from ``forward_pyramid``.
        """
        if not self.has_stem:
            return [self.forward_pyramid(images, wavelengths_um) for images, wavelengths_um in groups]
        averages = [self.patch_embed.average(images, wavelengths_um) for images, wavelengths_um in groups]
        same = SameSize.of(averages)
        shapes = same.join([images[:, :1] for images, _ in groups])
        tokens, pyramids = zip(*self.patch_embed.refine(same.join(averages)), strict=True)
        maps = [
            self.to_map(self.norm(self._run(self.blocks, self._with_positions(each, shape))), shape)
            for each, shape in zip(tokens, shapes, strict=True)
        ]
        finer = {stride: same.split([pyramid[stride] for pyramid in pyramids]) for stride in pyramids[0]}
        return [
            (map_of_tokens, {stride: of_stride[number] for stride, of_stride in finer.items()})
            for number, map_of_tokens in enumerate(same.split(maps))
        ]

    def forward_tokens(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Encode images (B, C, H, W) as tokens (B, D, h, w) after the final norm."""
        return self.forward_pyramid(images, wavelengths_um)[0]

    def last_map(self, tokens: Tensor) -> Tensor:
        """The map (B, D, h, w) that a scene head reads: the tokens themselves."""
        return tokens

    def pool(self, x: Tensor, pool_type: str | None = None) -> Tensor:
        """Pool a token map (B, D, h, w) or sequence (B, N, D) by attention as (B, D)."""
        return super().pool(x.flatten(2).transpose(1, 2) if x.ndim == 4 else x, pool_type)

    def forward_features(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:  # type: ignore[override]
        """Returns the tokens (B, h*w, D) after the final norm, as timm's method of this name does."""
        return self.forward_tokens(images, wavelengths_um).flatten(2).transpose(1, 2)

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:  # type: ignore[override]
        """Encode images (B, C, H, W) as pooled vectors (B, D)."""
        return self.pool(self.forward_tokens(images, wavelengths_um))

    def to_map(self, tokens: Tensor, images: Tensor) -> Tensor:
        """Lay tokens (B, h*w, D) out as the grid (B, D, h, w) of their images."""
        return tokens.transpose(1, 2).unflatten(2, self.grid_of(images))

    def _run(self, blocks: nn.Sequential, tokens: Tensor) -> Tensor:
        if self.grad_checkpointing and torch.is_grad_enabled() and len(blocks):
            return checkpoint_seq(blocks, tokens)
        return blocks(tokens)
