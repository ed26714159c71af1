"""Chips with one class each: whole-image batches, and mosaics of chips with labels per pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from core.datasets.chips import ChipSet, read_chips
from core.errors import TrainingError
from core.learning.augment import random_affine, random_bands, random_haze, random_light, random_noise
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates


@dataclass(frozen=True)
class ChipSettings:
    """How chips become batches.

    Attributes:
        path: folder or tar of ``Class/name.jpg``.
        size: side the chips are stored at.
        crop: side of the images the model sees.
        batch: images a batch.
        wavelengths_um: of the three channels.
        classes: folder name to synonyms.
        zoom: stored pixels per pixel seen, smallest and largest.
        rotate: any angle, not only quarter turns.
        mosaic: chance that a batch is mosaics of 2 × 2 chips with a class per pixel.
        mosaic_batch: mosaics a batch.
        scattered: classes that do not fill their chip; mosaics leave their pixels unlabelled.
        band_chance: chance that a batch keeps a random subset of the bands.
        aside: every n-th chip is held out for validation; 0 for none.
        haze: path reflectance in blue that is subtracted from half of the images; see ``random_haze``. 0 for none.
    """

    path: str
    size: int
    crop: int
    batch: int
    classes: Mapping[str, Sequence[str]]
    wavelengths_um: tuple[float, ...] = (0.665, 0.56, 0.49)
    zoom: tuple[float, float] = (0.7, 1.0)
    rotate: bool = False
    mosaic: float = 0.0
    mosaic_batch: int = 16
    scattered: tuple[str, ...] = ()
    band_chance: float = 0.15
    haze: float = 0.0
    aside: int = 0


class ChipSource:
    """Chips of one archive.

    Raises:
        TrainingError: the archive holds a class that the recipe does not name.
    """

    def __init__(self, name: str, settings: ChipSettings, prompts: PromptTemplates) -> None:
        self.name = name
        self.prompts = prompts
        self._settings = settings
        self._chips: ChipSet = read_chips(Path(settings.path), settings.size)
        unknown = sorted(set(self._chips.class_names) - set(settings.classes))
        if unknown:
            raise TrainingError(
                f"Source {name}: no words for the class {unknown[0]}.", hint="Add it under 'classes' in the recipe."
            )
        order = list(settings.classes)
        self._class_of = np.array([order.index(folder) for folder in self._chips.class_names])
        self._scattered = np.array([folder in settings.scattered for folder in order])
        everything = np.arange(len(self._chips))
        self._used = everything[everything % settings.aside != 0] if settings.aside else everything

    def batch(self, rng: Generator) -> Batch:
        """Draw whole images or mosaics."""
        mosaic = rng.random() < self._settings.mosaic
        images, targets, labels = self._mosaics(rng) if mosaic else self._singles(rng)
        bands = random_bands(images.shape[1], rng, self._settings.band_chance)
        wavelengths_um = torch.tensor(self._settings.wavelengths_um)
        if self._settings.haze:
            images = random_haze(images, wavelengths_um, rng, self._settings.haze)
        images = random_noise(random_light(images, rng, 0.08), rng, 0.01)[:, bands]
        return Batch(
            source=self.name,
            images=images,
            wavelengths_um=wavelengths_um[bands],
            words=self.prompts.draw(rng, distractors=8 if mosaic else 0),
            targets=targets,
            labels=labels,
        )

    def _singles(self, rng: Generator) -> tuple[Tensor, Tensor, None]:
        chosen = rng.choice(self._used, size=self._settings.batch)
        images, _ = random_affine(
            self._load(chosen), self._settings.crop, rng, zoom=self._settings.zoom, rotate=self._settings.rotate
        )
        return images, self._classes(chosen), None

    def _mosaics(self, rng: Generator) -> tuple[Tensor, None, Tensor]:
        """Join 2 × 2 chips and crop at random, so that the seams are anywhere."""
        count = self._settings.mosaic_batch
        chosen = rng.choice(self._used, size=4 * count)
        chips = self._load(chosen)
        side = self._settings.size
        classes = self._classes(chosen)
        scattered = torch.from_numpy(self._scattered)[classes]
        codes = torch.where(scattered, torch.full_like(classes, -1), classes)
        labels = codes[:, None, None].expand(-1, side, side).reshape(count, 2, 2, side, side)
        grid = (
            chips.reshape(count, 2, 2, -1, side, side).permute(0, 3, 1, 4, 2, 5).reshape(count, -1, 2 * side, 2 * side)
        )
        labels = labels.permute(0, 1, 3, 2, 4).reshape(count, 2 * side, 2 * side)
        images, cut = random_affine(
            grid, 2 * self._settings.crop, rng, zoom=self._settings.zoom, rotate=self._settings.rotate, labels=labels
        )
        assert cut is not None
        return images, None, cut

    def _classes(self, chosen: np.ndarray) -> Tensor:
        return torch.from_numpy(self._class_of[self._chips.targets[chosen]])

    def _load(self, chosen: np.ndarray) -> Tensor:
        pixels = torch.from_numpy(self._chips.images[chosen]).permute(0, 3, 1, 2).float()
        return pixels / 127.5 - 1
