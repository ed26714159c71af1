"""Tiles with a class per pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator

from core.datasets.labelled_tiles import read_labelled_tiles
from core.errors import TrainingError
from core.learning.augment import random_affine, random_bands, random_light, random_noise
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates


@dataclass(frozen=True)
class LabelledSettings:
    """How labelled tiles become batches.

    Attributes:
        path: folder or tar of ``name.jpg`` / ``name.labels.png`` pairs.
        classes: label code to synonyms; other codes are unlabelled.
        names: beginnings of the tile names to train on.
        crop: side of the images the model sees.
        batch: images a batch.
        wavelengths_um: of the three channels.
        zoom: tile pixels per pixel seen, smallest and largest.
        band_chance: chance that a batch keeps a random subset of the bands.
    """

    path: str
    classes: Mapping[int, Sequence[str]]
    names: tuple[str, ...]
    crop: int = 128
    batch: int = 16
    wavelengths_um: tuple[float, ...] = (0.665, 0.56, 0.49)
    zoom: tuple[float, float] = (0.6, 2.0)
    band_chance: float = 0.1


class LabelledSource:
    """Random cuts of labelled tiles.

    Raises:
        TrainingError: no tile has one of the names.
    """

    def __init__(self, name: str, settings: LabelledSettings, wording: PromptTemplates) -> None:
        self.name = name
        self.wording = wording
        self._settings = settings
        self._tiles = read_labelled_tiles(settings.path, lambda stem: stem.startswith(tuple(settings.names)))
        if not self._tiles:
            raise TrainingError(f"Source {name}: no tile is named {', '.join(settings.names)}.", hint="Check 'names'.")
        codes = np.full(256, -1, dtype=np.int64)
        for index, code in enumerate(settings.classes):
            codes[int(code)] = index
        self._codes = codes

    def batch(self, rng: Generator) -> Batch:
        """Draw cuts of random tiles, turned and scaled at random."""
        pieces = [self._cut(rng) for _ in range(self._settings.batch)]
        images = torch.cat([image for image, _ in pieces])
        bands = random_bands(images.shape[1], rng, self._settings.band_chance)
        return Batch(
            source=self.name,
            images=random_noise(random_light(images, rng), rng)[:, bands],
            wavelengths_um=torch.tensor(self._settings.wavelengths_um)[bands],
            words=self.wording.draw(rng, distractors=8),
            labels=torch.cat([labels for _, labels in pieces]),
        )

    def _cut(self, rng: Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Cut a window somewhat larger than needed first: turning a whole tile would cost far more."""
        settings = self._settings
        tile = self._tiles[rng.integers(len(self._tiles))]
        height, width = tile.labels.shape
        side = int(settings.crop * settings.zoom[1] * 1.2)
        rows, cols = min(side, height), min(side, width)
        row, col = int(rng.integers(height - rows + 1)), int(rng.integers(width - cols + 1))
        window = slice(row, row + rows), slice(col, col + cols)
        image = torch.from_numpy(tile.image[window].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        labels = torch.from_numpy(self._codes[tile.labels[window]])[None]
        cut, known = random_affine(image, settings.crop, rng, zoom=settings.zoom, labels=labels)
        assert known is not None
        return cut, known
