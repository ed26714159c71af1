"""What a source hands to the trainer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from core.train.wording import Drawn


@dataclass(frozen=True)
class Batch:
    """Images of one band set and what is known about them; each part that is present adds its objective.

    Attributes:
        source: name of the source in the recipe.
        images: (B, C, H, W) float32 in model units.
        wavelengths_um: (C,) centre wavelengths in µm.
        words: one text per class, drawn anew for every batch, then texts of things that are not there, and which agree.
        targets: (B,) int64 class of each image; images of the same class are positives of each other's text.
        labels: (B, H, W) int64 class of each pixel; -1 where unknown.
        teacher_images: the same ground in other bands, (B, C', H, W), whose features the model should reproduce.
        teacher_wavelengths_um: (C',) of the teacher's bands.
    """

    source: str
    images: Tensor
    wavelengths_um: Tensor
    words: Drawn | None = None
    targets: Tensor | None = None
    labels: Tensor | None = None
    teacher_images: Tensor | None = None
    teacher_wavelengths_um: Tensor | None = None
