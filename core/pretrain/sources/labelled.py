"""Tiles with a class per pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator

from core.datasets.labelled_tiles import read_labelled_tiles
from core.errors import TrainingError
from core.learning.augment import random_affine, random_bands, random_blur, random_light, random_noise, random_tint
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates


@dataclass(frozen=True)
class LabelledSettings:
    """How labelled tiles become batches.

    Attributes:
        path: folder or tar of pairs such as ``name.jpg`` / ``name.labels.png``.
        classes: label code to synonyms; other codes are unlabelled.
        names: beginnings of the tile names to train on.
        left_out: beginnings of the tile names that are held out for validation or testing.
        ending: of the label files.
        background: label codes of pixels that show none of the classes in ``absent``; they are negatives of those
            classes' words, and nothing else.
        absent: label codes of the classes that background pixels do not show; all classes where empty.
        crop: side of the images the model sees.
        batch: images a batch.
        wavelengths_um: of the three channels.
        zoom: tile pixels per pixel seen, smallest and largest.
        band_chance: chance that a batch keeps a random subset of the bands.
        blur: largest deviation in pixels of the blur that half of the images get.
        tint: strength of changes of saturation, colour balance and gamma; see ``random_tint``.
    """

    path: str
    classes: Mapping[int, Sequence[str]]
    names: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    ending: str = ".labels.png"
    background: tuple[int, ...] = ()
    absent: tuple[int, ...] = ()
    crop: int = 128
    batch: int = 16
    wavelengths_um: tuple[float, ...] = (0.665, 0.56, 0.49)
    zoom: tuple[float, float] = (0.6, 2.0)
    band_chance: float = 0.1
    blur: float = 0.0
    tint: float = 0.0


class LabelledSource:
    """Random crops of labelled tiles.

    Raises:
        TrainingError: no tile has one of the names.
    """

    def __init__(self, name: str, settings: LabelledSettings, prompts: PromptTemplates) -> None:
        self.name = name
        self.prompts = prompts
        self._settings = settings
        wanted, unwanted = tuple(settings.names), tuple(settings.left_out)
        self._tiles = read_labelled_tiles(
            settings.path,
            lambda stem: stem.startswith(wanted) and not (unwanted and stem.startswith(unwanted)),
            settings.ending,
        )
        if not self._tiles:
            raise TrainingError(f"Source {name}: no tile is named {', '.join(settings.names)}.", hint="Check 'names'.")
        order = [int(code) for code in settings.classes]
        codes = np.full(256, -1, dtype=np.int64)
        codes[order] = np.arange(len(order))
        codes[list(settings.background)] = len(order)
        self._codes = codes
        absent = [order.index(code) for code in settings.absent] or list(range(len(order)))
        self._backgrounds = [absent] if settings.background else []

    def batch(self, rng: Generator) -> Batch:
        """Sample crops of random tiles, rotated and scaled at random."""
        settings = self._settings
        pieces = [self._cut(rng) for _ in range(settings.batch)]
        images = torch.cat([image for image, _ in pieces])
        if settings.blur:
            images = random_blur(images, rng, settings.blur)
        if settings.tint:
            images = random_tint(images, rng, settings.tint)
        bands = random_bands(images.shape[1], rng, settings.band_chance)
        return Batch(
            source=self.name,
            images=random_noise(random_light(images, rng), rng)[:, bands],
            wavelengths_um=torch.tensor(settings.wavelengths_um)[bands],
            words=self.prompts.draw(rng, distractors=8, backgrounds=self._backgrounds),
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
