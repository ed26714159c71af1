"""A batch of training data."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.errors import TrainingError
from core.pretrain.prompt_templates import SampledTexts


@dataclass(frozen=True)
class Share:
    """One process's part of every batch.

    Attributes:
        rank: number of the process.
        count: how many processes there are.
    """

    rank: int = 0
    count: int = 1

    def of(self, items: int) -> slice:
        """Returns the items of a batch that belong to this process.

        Raises:
            TrainingError: the batch cannot be divided evenly.
        """
        if items % self.count:
            raise TrainingError(
                f"A batch of {items} cannot be shared out evenly to {self.count} processes.",
                hint="Choose a batch that is a multiple of the processes.",
            )
        each = items // self.count
        return slice(self.rank * each, (self.rank + 1) * each)


@dataclass(frozen=True)
class Batch:
    """Images of one band set with their annotations; each annotation that is present adds its objective.

    Attributes:
        source: name of the source in the recipe.
        images: (B, C, H, W) float32 in model units.
        wavelengths_um: (C,) centre wavelengths in µm.
        words: one sampled text per class, then distractors, and their agreement with the classes.
        targets: (B,) int64 class of each image; images of the same class are positives of each other's text.
        captions: a text for each image, where there are no classes; equal texts are positives of each other's image.
        labels: (B, H, W) int64 class of each pixel; -1 where unknown.
        teacher_images: the same ground in other bands, (B, C', H, W), whose features the model should reproduce.
        teacher_wavelengths_um: (C',) of the teacher's bands.
    """

    source: str
    images: Tensor
    wavelengths_um: Tensor
    words: SampledTexts | None = None
    targets: Tensor | None = None
    captions: tuple[str, ...] | None = None
    labels: Tensor | None = None
    teacher_images: Tensor | None = None
    teacher_wavelengths_um: Tensor | None = None

    def part(self, items: slice) -> Batch:
        """Returns some of the images with their labels and metadata."""
        per_image = ("images", "targets", "captions", "labels", "teacher_images")
        parts: dict[str, Any] = {
            name: None if (value := getattr(self, name)) is None else value[items] for name in per_image
        }
        return dataclasses.replace(self, **parts)

    def to(self, device: torch.device) -> Batch:
        """Returns the batch on a device; wavelengths stay on the CPU, where reading them needs no synchronisation."""
        moved = ("images", "targets", "labels", "teacher_images")
        values: dict[str, Any] = {
            name: None if (value := getattr(self, name)) is None else value.to(device) for name in moved
        }
        return dataclasses.replace(self, **values)
