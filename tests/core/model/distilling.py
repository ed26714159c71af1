"""Distillation in a few steps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from core.model.distillation import agglomeration_loss
from core.model.geolangbind import GeoLangBind


def losses_of_distilling(
    student: GeoLangBind, images: Tensor, wavelengths_um: Tensor, targets: Mapping[str, Tensor], steps: int = 30
) -> list[float]:
    """Train a student's translators on the teachers' features ``targets``; returns the loss of every step."""
    optimiser = torch.optim.Adam(student.parameters(), lr=3e-3)
    losses = []
    for _ in range(steps):
        translated = student.translate(student.encode_tokens(images, wavelengths_um), wavelengths_um)
        loss = agglomeration_loss(translated, targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
