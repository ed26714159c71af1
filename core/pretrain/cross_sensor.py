"""Distillation across sensors: features of the same ground from different bands should be equal."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.dense_decoder import Decoder
from core.model.geolangbind import GeoLangBind
from core.model.trunk import Pyramid
from core.pretrain.frozen_parts import evaluation_mode

Encoded = tuple[Tensor, Pyramid]
"""The trunk's output of a batch: tokens (B, width, h, w) and the stem's finer maps by stride."""


def pair_loss(
    model: GeoLangBind, encoded: Encoded, bottleneck: Tensor, other_images: Tensor, other_wavelengths_um: Tensor
) -> Tensor:
    """Returns the mean cosine distance to the features of other bands, of pixels and of whole images, added up.

    Args:
        model: in training mode.
        encoded: tokens (B, width, h, w) and finer maps of the student's images.
        bottleneck: (B, Z, H/2, W/2) of the same.
        other_images: (B, C', H, W) the same ground in the teacher's bands.
        other_wavelengths_um: (C',) of those.
    """
    wanted = _features_as_used(model, other_images, other_wavelengths_um)
    given = _features(model, encoded, bottleneck)
    apart = [(1 - (one * other).sum(1)).mean() for one, other in zip(given, wanted, strict=True)]
    return torch.stack(apart).sum()


def pooled_vectors(model: GeoLangBind, encoded: Encoded) -> Tensor:
    """Returns unit vectors (B, D) float32 of whole images, from tokens (B, width, h, w) and finer maps."""
    return F.normalize(model.visual.whole_image(*encoded).float(), dim=-1)


def _features(model: GeoLangBind, encoded: Encoded, bottleneck: Tensor) -> tuple[Tensor, Tensor]:
    """Returns unit vectors of pixels (B, D, h, w) and of whole images (B, D)."""
    assert isinstance(model.dense, Decoder)
    dense = F.normalize(model.dense.project(bottleneck).float(), dim=1)
    return dense, pooled_vectors(model, encoded)


@torch.no_grad()
def _features_as_used(model: GeoLangBind, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the model's features as at inference: running statistics, no dropped layers."""
    assert isinstance(model.dense, Decoder)
    with evaluation_mode(model):
        encoded = model.visual.trunk.forward_pyramid(images, wavelengths_um)
        return _features(model, encoded, model.dense.bottleneck(*encoded))
