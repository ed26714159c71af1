"""Distillation of a teacher's vectors in text space: of images, of cells, and of the similarities between images."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

SHARPNESS = 20.0
"""Scale of similarities between images of a batch before their softmax."""


def mimicry_loss(pooled: Tensor, dense: Tensor | None, teacher: Tensor) -> Tensor:
    """Cosine distances to a teacher's vectors, and the divergence of the images' similarities among themselves.

    Vectors of one model lie in a narrow cone, so that cosine distances alone are small from the start; the similarities
    within a batch, as in TinyCLIP, are distilled as well.

    Args:
        pooled: unit vectors (B, D) of whole images.
        dense: the student's map (B, D, h, w) in text space; None where it has no decoder.
        teacher: (B, 1 + grid², D), unit vectors of the teacher: the pooled one, then those of the cells.

    Returns:
        Scalar.
    """
    wanted = teacher[:, 0].float()
    loss = (1 - (pooled * wanted).sum(1)).mean() + _relation(pooled, wanted)
    if dense is None or teacher.shape[1] == 1:
        return loss
    side = round((teacher.shape[1] - 1) ** 0.5)
    places = F.normalize(F.adaptive_avg_pool2d(dense.float(), side).flatten(2).transpose(1, 2), dim=2)
    given = teacher[:, 1:].float()
    return loss + (1 - (places * given).sum(2)).mean() + _relation(places.flatten(0, 1), given.flatten(0, 1))


def _relation(student: Tensor, teacher: Tensor) -> Tensor:
    """Divergence of the softmax of similarities (N, N) to the teacher's; one vector's own is left out."""
    if len(student) < 2:
        return student.sum() * 0.0
    own = F.one_hot(_positions(student), len(student)).bool()
    given = (SHARPNESS * student @ student.T).masked_fill(own, float("-inf"))
    wanted = (SHARPNESS * teacher @ teacher.T).masked_fill(own, float("-inf"))
    target = wanted.softmax(1)
    difference = wanted.log_softmax(1).masked_fill(own, 0.0) - given.log_softmax(1).masked_fill(own, 0.0)
    return (target * difference).sum(1).mean()


def _positions(vectors: Tensor) -> Tensor:
    return vectors.new_ones(len(vectors)).cumsum(0).long() - 1
