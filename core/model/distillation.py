"""Distillation loss between translated features and a teacher's features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

TERM_WEIGHT = 0.1
SIGLIP_WEIGHT = 2.0
"""The published recipe counts a SigLIP teacher twice."""


def distillation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Sum smooth L1, cosine and squared distances, each times 0.1.

    The cosine term compares whole feature maps, flattened and normalised, not single tokens.

    Args:
        student: translated features (B, N, channels).
        teacher: the teacher's features, same shape.

    Returns:
        Scalar.
    """
    cosine = F.cosine_embedding_loss(
        F.normalize(student.flatten(1), dim=1),
        F.normalize(teacher.flatten(1), dim=1),
        torch.ones(len(student), device=student.device),
    )
    return TERM_WEIGHT * (F.smooth_l1_loss(student, teacher) + cosine + F.mse_loss(student, teacher))


def agglomeration_loss(student: dict[str, Tensor], teachers: dict[str, Tensor]) -> Tensor:
    """Sum the losses over the teachers at hand, SigLIP teachers doubled.

    Args:
        student: translated features by teacher name, each (B, N, channels).
        teachers: the teachers' own features by the same names.

    Raises:
        KeyError: a teacher has no translation.
    """
    terms = [
        distillation_loss(student[name], features) * (SIGLIP_WEIGHT if "siglip" in name.lower() else 1.0)
        for name, features in teachers.items()
    ]
    return torch.stack(terms).sum()
