"""The image towers of open_clip's models as dense feature extractors, family by family.

Every tower returns open_clip's own pooled vector for images of its own size, and maps of vectors in text space for
images of any size: positions are interpolated, and the last block's attention is changed as the dense head asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from timm.layers.format import Format
from timm.layers.pos_embed import resample_abs_pos_embed
from timm.models.convnext import ConvNeXt
from timm.models.eva import Eva, EvaBlock
from timm.models.vision_transformer import VisionTransformer as TimmViT
from torch import Tensor, nn

from core.errors import ModelError

TOKENS, VALUE_PATH = "tokens", "value_path"
QUERY_QUERY, SELF_SELF = "query_query", "self_self"
ATTENTION_HEADS = (TOKENS, VALUE_PATH, QUERY_QUERY, SELF_SELF)


class ImageTower(nn.Module):
    """An open_clip image tower.

    Args:
        tower: open_clip's module; its parameters keep their names.

    Attributes:
        stride: pixels between tokens.
        heads: names of the dense heads that it can do.
        best_head: the default.
    """

    stride: int
    heads: tuple[str, ...] = ATTENTION_HEADS
    best_head = SELF_SELF

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, images: Tensor) -> Tensor:
        """Encode normalised images (B, C, H, W) of the model's own size as pooled vectors (B, D)."""
        pooled = self.tower(images)
        return pooled[0] if isinstance(pooled, tuple) else pooled

    def dense(self, images: Tensor, head: str) -> Tensor:
        """Encode normalised images (B, C, H, W) of any size as maps (B, D, h, w) in text space.

        Args:
            images: H and W multiples of the stride.
            head: TOKENS: tokens as they leave the last block, as if pooled alone; VALUE_PATH: each token attends to
                itself alone in the last block (MaskCLIP); QUERY_QUERY: to those with a similar query, without residual
                and MLP (ClearCLIP); SELF_SELF: to those with similar query, key or value, likewise (SegEarth-OV).
        """
        before, prefix, rope = self.before_last(images)
        block = self.last_block()
        if head == TOKENS:
            after = self.run_block(block, before, rope)
        else:
            inside = _norm_before(block, before)
            parts = self.query_key_value(block, inside)
            mixed = self.project(block, _mixed(parts, head, prefix))
            after = self.finish_block(block, before + mixed) if head == VALUE_PATH else mixed
        height, width = images.shape[-2] // self.stride, images.shape[-1] // self.stride
        return self.into_text_space(after[:, prefix:]).transpose(1, 2).unflatten(2, (height, width))

    def before_last(self, images: Tensor) -> tuple[Tensor, int, Tensor | None]:
        """Returns the tokens (B, P + N, W) that enter the last block, P, and the rotary embedding if there is one."""
        raise NotImplementedError

    def last_block(self) -> Any:  # noqa: ANN401 - a block of open_clip or timm
        """Returns the last transformer block."""
        raise NotImplementedError

    def run_block(self, block: Any, tokens: Tensor, rope: Tensor | None) -> Tensor:  # noqa: ANN401
        """Run a block as it is."""
        return block(tokens) if rope is None else block(tokens, rope=rope)

    def query_key_value(self, block: Any, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        """Returns queries, keys and values (B, heads, N, d) of a block's attention, without positions in them."""
        raise NotImplementedError

    def project(self, block: Any, mixed: Tensor) -> Tensor:  # noqa: ANN401
        """Bring mixed values (B, N, heads * d) through a block's projection and its scale."""
        raise NotImplementedError

    def finish_block(self, block: Any, tokens: Tensor) -> Tensor:  # noqa: ANN401
        """Add a block's MLP."""
        raise NotImplementedError

    def into_text_space(self, tokens: Tensor) -> Tensor:
        """Bring tokens (B, N, W), each as if it were pooled alone, into text space (B, N, D)."""
        raise NotImplementedError


class OpenClipViT(ImageTower):
    """open_clip's own vision transformer with a class token (CLIP, FarSLIP, RemoteCLIP, Llama3-MS-CLIP)."""

    def __init__(self, tower: Any) -> None:  # noqa: ANN401 - open_clip.transformer.VisionTransformer
        super().__init__(tower)
        if tower.attn_pool is not None:
            raise ModelError("Models that pool by attention queries (CoCa) are not supported.")
        self.stride = int(tower.patch_size[0])

    def before_last(self, images: Tensor) -> tuple[Tensor, int, Tensor | None]:
        """See ``ImageTower``."""
        tower: Any = self.tower
        patches = tower.conv1(images)
        grid = list(patches.shape[-2:])
        tokens = patches.flatten(2).transpose(1, 2)
        own = tower.class_embedding.to(tokens.dtype).expand(len(tokens), 1, -1)
        positions = resample_abs_pos_embed(
            tower.positional_embedding[None], new_size=grid, old_size=list(tower.grid_size), num_prefix_tokens=1
        )
        tokens = tower.ln_pre(torch.cat([own, tokens], dim=1) + positions.to(tokens.dtype))
        for block in tower.transformer.resblocks[:-1]:
            tokens = block(tokens)
        return tokens, 1, None

    def last_block(self) -> Any:  # noqa: ANN401
        """See ``ImageTower``."""
        tower: Any = self.tower
        return tower.transformer.resblocks[-1]

    def query_key_value(self, block: Any, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        """See ``ImageTower``."""
        attention = block.attn
        joined = F.linear(tokens, attention.in_proj_weight, attention.in_proj_bias)
        return _split(joined, attention.num_heads)

    def project(self, block: Any, mixed: Tensor) -> Tensor:  # noqa: ANN401
        """See ``ImageTower``."""
        scaled: Tensor = block.ls_1(block.attn.out_proj(mixed))
        return scaled

    def finish_block(self, block: Any, tokens: Tensor) -> Tensor:  # noqa: ANN401
        """See ``ImageTower``."""
        return tokens + block.ls_2(block.mlp(block.ln_2(tokens)))

    def into_text_space(self, tokens: Tensor) -> Tensor:
        """See ``ImageTower``."""
        tower: Any = self.tower
        normed: Tensor = tower.ln_post(tokens)
        return normed if tower.proj is None else normed @ tower.proj.to(normed.dtype)


class _TimmTower(ImageTower):
    """A timm trunk behind open_clip's head; positions are timm's own, interpolated to any size."""

    def __init__(self, tower: Any) -> None:  # noqa: ANN401 - open_clip.timm_model.TimmModel
        super().__init__(tower)
        trunk = tower.trunk
        self.stride = int(trunk.patch_embed.patch_size[0])
        trunk.dynamic_img_size = True
        trunk.patch_embed.strict_img_size = False
        trunk.patch_embed.flatten = False
        trunk.patch_embed.output_fmt = Format.NHWC

    @property
    def trunk(self) -> Any:  # noqa: ANN401
        """Timm's module."""
        tower: Any = self.tower
        return tower.trunk

    def last_block(self) -> Any:  # noqa: ANN401
        """See ``ImageTower``."""
        return self.trunk.blocks[-1]

    def _head(self, vectors: Tensor) -> Tensor:
        """Bring pooled vectors (..., W) through timm's and open_clip's heads."""
        tower: Any = self.tower
        projected: Tensor = tower.head(self.trunk.head(self.trunk.head_drop(self.trunk.fc_norm(vectors))))
        return projected


class SiglipViT(_TimmTower):
    """timm's vision transformer with attention pooling (SigLIP, SigLIP 2)."""

    best_head = VALUE_PATH

    def before_last(self, images: Tensor) -> tuple[Tensor, int, Tensor | None]:
        """See ``ImageTower``."""
        trunk = self.trunk
        tokens = trunk.norm_pre(trunk._pos_embed(trunk.patch_embed(images)))
        return trunk.blocks[:-1](tokens), int(trunk.num_prefix_tokens), None

    def dense(self, images: Tensor, head: str) -> Tensor:
        """Encode images; the value path of this family is that of the attention pooling, not of the last block."""
        return super().dense(images, TOKENS if head == VALUE_PATH else head)

    def query_key_value(self, block: Any, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        """See ``ImageTower``."""
        query, key, value = _split(block.attn.qkv(tokens), block.attn.num_heads)
        return block.attn.q_norm(query), block.attn.k_norm(key), value

    def project(self, block: Any, mixed: Tensor) -> Tensor:  # noqa: ANN401
        """See ``ImageTower``."""
        scaled: Tensor = block.ls1(block.attn.proj(mixed))
        return scaled

    def finish_block(self, block: Any, tokens: Tensor) -> Tensor:  # noqa: ANN401
        """See ``ImageTower``."""
        return tokens + block.ls2(block.mlp(block.norm2(tokens)))

    def into_text_space(self, tokens: Tensor) -> Tensor:
        """Pool every token as if it were alone: its value, the pooling's projection and MLP."""
        pool = self.trunk.attn_pool
        value = pool.kv(self.trunk.norm(tokens)).chunk(2, dim=-1)[1]
        pooled = pool.proj(value)
        if pool.mlp is not None:
            pooled = pooled + pool.mlp(pool.norm(pooled))
        return self._head(pooled)


class EvaViT(_TimmTower):
    """timm's EVA and EVA-02 with a class token (EVA-CLIP)."""

    def __init__(self, tower: Any) -> None:  # noqa: ANN401
        super().__init__(tower)
        if not isinstance(self.trunk.blocks[-1], EvaBlock):
            self.heads = (TOKENS,)
            self.best_head = TOKENS
        if self.trunk.rope is not None:
            self.trunk.rope._use_cached_embed = False  # the cache holds the positions of one size

    def before_last(self, images: Tensor) -> tuple[Tensor, int, Tensor | None]:
        """See ``ImageTower``."""
        trunk = self.trunk
        tokens, rope = trunk._pos_embed(trunk.patch_embed(images))
        tokens = trunk.norm_pre(tokens)
        for block in trunk.blocks[:-1]:
            tokens = block(tokens, rope=rope)
        return tokens, int(trunk.num_prefix_tokens), rope

    def query_key_value(self, block: Any, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        """See ``ImageTower``."""
        attention = block.attn
        if attention.qkv is not None:
            bias = None
            if attention.q_bias is not None:
                bias = torch.cat((attention.q_bias, torch.zeros_like(attention.v_bias), attention.v_bias))
            query, key, value = _split(F.linear(tokens, attention.qkv.weight, bias), attention.num_heads)
        else:
            layers = (attention.q_proj, attention.k_proj, attention.v_proj)
            query, key, value = (_heads(layer(tokens), attention.num_heads) for layer in layers)
        return attention.q_norm(query), attention.k_norm(key), value

    def project(self, block: Any, mixed: Tensor) -> Tensor:  # noqa: ANN401
        """See ``ImageTower``."""
        projected: Tensor = block.attn.proj(block.attn.norm(mixed))
        return projected if block.gamma_1 is None else block.gamma_1 * projected

    def finish_block(self, block: Any, tokens: Tensor) -> Tensor:  # noqa: ANN401
        """See ``ImageTower``."""
        added = block.mlp(block.norm2(tokens))
        return tokens + (added if block.gamma_2 is None else block.gamma_2 * added)

    def into_text_space(self, tokens: Tensor) -> Tensor:
        """See ``ImageTower``."""
        return self._head(self.trunk.norm(tokens))


class ConvNeXtTower(ImageTower):
    """timm's ConvNeXt: every place of its last map goes through norm and projection as if it were the mean."""

    heads = (TOKENS, VALUE_PATH)
    best_head = VALUE_PATH

    def __init__(self, tower: Any) -> None:  # noqa: ANN401 - open_clip.timm_model.TimmModel
        super().__init__(tower)
        self.stride = int(tower.trunk.feature_info[-1]["reduction"])

    def dense(self, images: Tensor, head: str) -> Tensor:
        """See ``ImageTower``; both heads are the same here."""
        tower: Any = self.tower
        last = tower.trunk.head.norm(tower.trunk.forward_features(images))
        projected: Tensor = tower.head(tower.trunk.head.fc(last.movedim(1, -1)))
        return projected.movedim(-1, 1)


def image_tower(tower: nn.Module) -> ImageTower:
    """Returns the dense extractor of an open_clip image tower.

    Raises:
        ModelError: its family is not known.
    """
    from open_clip.timm_model import TimmModel
    from open_clip.transformer import VisionTransformer

    if isinstance(tower, VisionTransformer):
        return OpenClipViT(tower)
    if isinstance(tower, TimmModel):
        trunk: Any = tower.trunk
        if isinstance(trunk, Eva):
            return EvaViT(tower)
        if isinstance(trunk, TimmViT) and trunk.attn_pool is not None:
            return SiglipViT(tower)
        if isinstance(trunk, ConvNeXt):
            return ConvNeXtTower(tower)
        tower = trunk
    raise ModelError(
        f"Image towers of the kind {type(tower).__name__} are not supported.",
        hint="Supported are CLIP's and SigLIP's vision transformers, EVA and ConvNeXt.",
    )


def _mixed(parts: Sequence[Tensor], head: str, prefix: int) -> Tensor:
    """Mix values (B, heads, P + N, d) by the attention that a head asks for; gives (B, P + N, heads * d)."""
    query, key, value = parts
    if head == VALUE_PATH:
        mixed = value
    elif head == QUERY_QUERY:
        mixed = _attended(query, value, prefix)
    else:
        mixed = sum((_attended(part, value, prefix) for part in (query, key, value)), torch.zeros_like(value))
    return mixed.transpose(1, 2).flatten(2)


def _attended(part: Tensor, value: Tensor, prefix: int) -> Tensor:
    """Let tokens attend to those like themselves; class tokens are no places, and stay out of it."""
    places = F.scaled_dot_product_attention(part[:, :, prefix:], part[:, :, prefix:], value[:, :, prefix:])
    return torch.cat([value[:, :, :prefix], places], dim=2)


def _norm_before(block: Any, tokens: Tensor) -> Tensor:  # noqa: ANN401 - a block of open_clip or timm
    norm = block.ln_1 if hasattr(block, "ln_1") else block.norm1
    normed: Tensor = norm(tokens)
    return normed


def _split(joined: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cut (B, N, 3 * heads * d) into queries, keys and values (B, heads, N, d)."""
    query, key, value = (_heads(part, heads) for part in joined.chunk(3, dim=-1))
    return query, key, value


def _heads(tokens: Tensor, heads: int) -> Tensor:
    return tokens.unflatten(2, (heads, -1)).transpose(1, 2)
