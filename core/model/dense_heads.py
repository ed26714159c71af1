"""Dense heads: ways to get a vector in text space for every place of an image, not only for the image as a whole.

The text of a SigLIP-like model meets the *pooled* vector; what a single token means in text space is a matter of
choice. Each choice is a ``DenseHead`` in the registry; which one is best is measured, see docs/dense_head.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import ModelError
from core.model.dense_decoder import Decoder
from core.model.interfaces import ImageModel, TextSpaceTrunk


@dataclass(frozen=True)
class DenseHead:
    """A way from images to a map of vectors.

    Attributes:
        name: key of the registry.
        narrow: ``(model, images (B, C, H, W), wavelengths_um (C,)) -> (B, Z, h, w)``.
        projection: the 1 × 1 convolution (Z to D) that follows ``narrow``; None where ``narrow`` is text space already.
        stride: pixels between neighbouring vectors.
        missing: why this model cannot do it; "" where it can.
    """

    name: str
    narrow: Callable[[ImageModel, Tensor, Tensor], Tensor]
    projection: Callable[[ImageModel], nn.Conv2d | None]
    stride: Callable[[ImageModel], int]
    missing: Callable[[ImageModel], str]


def default_head(model: ImageModel) -> str:
    """Return the default head: the configured one, else the decoder, else the value path."""
    if model.config.dense_head:
        return model.config.dense_head
    return "decoder" if model.dense is not None else "value_path"


def get_head(model: ImageModel, name: str | None = None) -> DenseHead:
    """Returns a dense head that this model supports.

    Raises:
        ModelError: there is no such head, or the model lacks its parts.
    """
    name = name or default_head(model)
    if name not in HEADS:
        raise ModelError(f"There is no dense head {name!r}.", hint=f"Choose one of {', '.join(HEADS)}.")
    missing = HEADS[name].missing(model)
    if missing:
        raise ModelError(f"The dense head {name!r} does not fit this model: {missing}.", hint="Leave the head out.")
    return HEADS[name]


def dense_features(
    model: ImageModel, images: Tensor, wavelengths_um: Tensor, head: str | None = None, global_bias: float = 0.0
) -> Tensor:
    """Encode images as a map of vectors in text space.

    Args:
        model: the model.
        images: (B, C, H, W) in model units, H and W multiples of the patch.
        wavelengths_um: (C,) centre wavelengths in µm.
        head: name in the registry; None for the model's default.
        global_bias: this share of the unit-length pooled vector is taken from every unit-length local vector, which
            removes what the whole image says from what each place says (SegEarth-OV).

    Returns:
        (B, D, h, w), not normalised.

    Raises:
        ModelError: the head is unknown or the model lacks its parts.
    """
    chosen = get_head(model, head)
    features = chosen.narrow(model, images, wavelengths_um)
    projection = chosen.projection(model)
    if projection is not None:
        features = projection(features)
    if global_bias:
        pooled = F.normalize(model.visual(images, wavelengths_um).float(), dim=1)
        features = F.normalize(features.float(), dim=1) - global_bias * pooled[:, :, None, None]
    return features


def _tokens(model: ImageModel, images: Tensor, wavelengths_um: Tensor) -> Tensor:
    """Take the tokens as they leave the trunk, through the visual head alone."""
    return _to_text_space(model, model.visual.trunk.forward_tokens(images, wavelengths_um))


def _value_path(model: ImageModel, images: Tensor, wavelengths_um: Tensor) -> Tensor:
    """Pool every token as if it were alone: its value, the pooling's projection and MLP."""
    return _pool_each(model, model.visual.trunk.forward_tokens(images, wavelengths_um))


def _self_self(model: ImageModel, images: Tensor, wavelengths_um: Tensor) -> Tensor:
    """Let tokens of the last block attend to those with a similar query, key or value (SegEarth-OV)."""
    return _attended(model, images, wavelengths_um, parts=(0, 1, 2))


def _query_query(model: ImageModel, images: Tensor, wavelengths_um: Tensor) -> Tensor:
    """Let tokens of the last block attend to those with a similar query (ClearCLIP)."""
    return _attended(model, images, wavelengths_um, parts=(0,))


def _attended(model: ImageModel, images: Tensor, wavelengths_um: Tensor, parts: tuple[int, ...]) -> Tensor:
    """Let tokens attend by some of query, key and value to the same of others; no residual and no MLP follow."""
    trunk = model.visual.trunk
    before, _ = trunk.last_block_input(images, wavelengths_um)
    block: Any = trunk.blocks[-1]
    attention = block.attn
    batch, count, width = before.shape
    qkv = attention.qkv(block.norm1(before)).reshape(batch, count, 3, attention.num_heads, attention.head_dim)
    query_key_value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
    value = query_key_value[2]
    mixed = torch.zeros_like(value)
    for part in (query_key_value[index] for index in parts):
        mixed = mixed + F.scaled_dot_product_attention(part, part, value)
    mixed = attention.proj(mixed.transpose(1, 2).reshape(batch, count, width))
    return _pool_each(model, trunk.to_map(trunk.norm(block.ls1(mixed)), images))


def _maka(model: ImageModel, images: Tensor, wavelengths_um: Tensor) -> Tensor:
    """Take what a translator makes of the tokens (a teacher's own tokens, as wide as ours) through the value path."""
    name = _translator_into_text_space(model)
    assert name is not None
    tokens = model.visual.trunk.forward_tokens(images, wavelengths_um)
    translated = model.translators[name](tokens, wavelengths_um)
    grid = round(translated.shape[1] ** 0.5)
    return _pool_each(model, translated.transpose(1, 2).unflatten(2, (grid, grid)))


def _decoder(model: ImageModel, images: Tensor, wavelengths_um: Tensor) -> Tensor:
    """Take the trained decoder's bottleneck, before its linear map into text space."""
    tokens, pyramid = model.visual.trunk.forward_pyramid(images, wavelengths_um)
    return _dense_decoder(model).bottleneck(tokens, pyramid)


def _pool_each(model: ImageModel, tokens: Tensor) -> Tensor:
    """Bring tokens (B, width, h, w) through the attention pooling one by one: a lone token's attention weight is 1."""
    pool = model.visual.trunk.attn_pool
    value = pool.kv(tokens.movedim(1, -1)).chunk(2, dim=-1)[1]
    pooled = pool.proj(value)
    if pool.mlp is not None:
        pooled = pooled + pool.mlp(pool.norm(pooled))
    return _to_text_space(model, pooled.movedim(-1, 1))


def _to_text_space(model: ImageModel, tokens: Tensor) -> Tensor:
    return model.visual.head(tokens.movedim(1, -1)).movedim(-1, 1)


def _translator_into_text_space(model: ImageModel) -> str | None:
    """Name the translator whose teacher is as wide as the trunk, SigLIP's own first."""
    width = model.visual.trunk.embed_dim
    sizes = model.config.translators or {}
    fitting = [name for name in model.translators if sizes.get(name, {}).get("channels") == width]
    return min(fitting, key=lambda name: ("siglip" not in name.lower(), name)) if fitting else None


def _dense_decoder(model: ImageModel) -> Decoder:
    assert isinstance(model.dense, Decoder)
    return model.dense


def _patch(model: ImageModel) -> int:
    return int(model.visual.trunk.token_stride)


def _maka_stride(model: ImageModel) -> int:
    name, sizes = _translator_into_text_space(model), model.config.translators
    assert name is not None
    assert sizes is not None
    return model.config.image_size // int(sizes[name]["grid"])


def _no_projection(model: ImageModel) -> nn.Conv2d | None:
    return None


def _without_attention_pooling(model: ImageModel) -> str:
    return "" if hasattr(model.visual.trunk, "attn_pool") else "its trunk has no attention pooling"


def _of_tokens(name: str, own: Callable[[ImageModel, Tensor, Tensor], Tensor]) -> DenseHead:
    """Make a head that reads tokens: by a trunk that does so itself, else in the way of our vision transformer."""

    def narrow(model: ImageModel, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        trunk = model.visual.trunk
        if isinstance(trunk, TextSpaceTrunk):
            return trunk.text_space_map(images, wavelengths_um, name)
        return own(model, images, wavelengths_um)

    def missing(model: ImageModel) -> str:
        trunk = model.visual.trunk
        if isinstance(trunk, TextSpaceTrunk):
            return "" if name in trunk.dense_heads else "its image tower has no such attention"
        return _without_attention_pooling(model)

    return DenseHead(name, narrow, _no_projection, _patch, missing)


HEADS: dict[str, DenseHead] = {
    head.name: head
    for head in (
        _of_tokens("tokens", _tokens),
        _of_tokens("value_path", _value_path),
        _of_tokens("query_query", _query_query),
        _of_tokens("self_self", _self_self),
        DenseHead(
            "maka",
            _maka,
            _no_projection,
            _maka_stride,
            lambda model: (
                _without_attention_pooling(model)
                or ("" if _translator_into_text_space(model) else "no translator leads into its token space")
            ),
        ),
        DenseHead(
            "decoder",
            _decoder,
            lambda model: _dense_decoder(model).project,
            lambda model: int(model.stride),
            lambda model: "" if model.dense is not None else "it has no trained decoder",
        ),
    )
}
"""All dense heads by name."""
