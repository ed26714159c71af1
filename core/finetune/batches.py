"""Random crops of labelled patches, each with labelled pixels and pixels for the rehearsal loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from core.finetune.patches import LabelledRaster, Patch
from core.learning.augment import random_light, random_noise

LABELLED, REHEARSAL = 48, 32
"""Pixels of a crop with a labelled class, and pixels of the rehearsal loss."""


@dataclass(frozen=True)
class FinetuneBatch:
    """Crops of one raster.

    Attributes:
        images: (B, C, S, S) in model units.
        wavelengths_um: (C,).
        col_row: (B, LABELLED + REHEARSAL, 2) column and row of pixels.
        labels: (B, LABELLED) class of the first pixels.
    """

    images: Tensor
    wavelengths_um: Tensor
    col_row: Tensor
    labels: Tensor


class FinetuneBatches:
    """Samples batches in which all classes are equally frequent.

    Args:
        rasters: labelled rasters; each batch is of one of them.
        usable: for each raster, for each patch, the mask of its training pixels (N,).
        crop: side of a crop in pixels.
        batch: crops a batch.
    """

    def __init__(
        self, rasters: Sequence[LabelledRaster], usable: Sequence[Sequence[NDArray[np.bool_]]], crop: int, batch: int
    ) -> None:
        self._rasters = rasters
        self._usable = usable
        self._crop = crop
        self._batch = batch
        self._holders: list[dict[int, list[int]]] = []
        for raster, masks in zip(rasters, usable, strict=True):
            holders: dict[int, list[int]] = {}
            for number, (patch, mask) in enumerate(zip(raster.patches, masks, strict=True)):
                for label in np.unique(patch.labels[mask]):
                    holders.setdefault(int(label), []).append(number)
            self._holders.append(holders)
        self._numbers = [number for number, holders in enumerate(self._holders) if holders]

    def draw(self, rng: Generator) -> FinetuneBatch:
        """Draw a batch of one raster."""
        number = self._numbers[rng.integers(len(self._numbers))]
        raster, holders = self._rasters[number], self._holders[number]
        classes = sorted(holders)
        order = rng.permutation(len(classes))
        cuts = []
        for item in range(self._batch):
            label = classes[order[item % len(classes)]]
            chosen = holders[label][rng.integers(len(holders[label]))]
            cuts.append(self._cut(raster.patches[chosen], self._usable[number][chosen], label, rng))
        images = torch.stack([image for image, _, _ in cuts])
        return FinetuneBatch(
            images=random_noise(random_light(images, rng, 0.04), rng, 0.01),
            wavelengths_um=raster.wavelengths_um,
            col_row=torch.from_numpy(np.stack([pixels for _, pixels, _ in cuts])),
            labels=torch.from_numpy(np.stack([labels for _, _, labels in cuts])),
        )

    def _cut(
        self, patch: Patch, usable: NDArray[np.bool_], label: int, rng: Generator
    ) -> tuple[Tensor, NDArray[np.int64], NDArray[np.int64]]:
        """Return a crop around a random pixel of a class, with random rotation by quarter turns and flip."""
        side, crop = patch.image.shape[-1], self._crop
        pixels, labels = patch.col_row[usable], patch.labels[usable]
        centre = pixels[rng.choice(np.flatnonzero(labels == label))]
        lowest = np.maximum(centre - crop + 1, 0)
        highest = np.minimum(centre, side - crop)
        corner = rng.integers(lowest, highest + 1)
        inside = ((pixels >= corner) & (pixels < corner + crop)).all(1)
        pixels, labels = pixels[inside] - corner, labels[inside]
        labelled = _balanced(labels, LABELLED, rng)
        every = np.concatenate([pixels[labelled], rng.integers(crop, size=(REHEARSAL, 2))])
        image = patch.image[:, corner[1] : corner[1] + crop, corner[0] : corner[0] + crop].float()
        if rng.random() < 0.5:
            image, every = image.flip(2), np.stack([crop - 1 - every[:, 0], every[:, 1]], axis=1)
        if rng.random() < 0.5:
            image, every = image.flip(1), np.stack([every[:, 0], crop - 1 - every[:, 1]], axis=1)
        if rng.random() < 0.5:
            image, every = image.transpose(1, 2), every[:, ::-1]
        return image, np.ascontiguousarray(every), labels[labelled]


def _balanced(labels: NDArray[np.int64], count: int, rng: Generator) -> NDArray[np.intp]:
    """Return random positions in ``labels``, balanced over classes."""
    found, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    chances = 1.0 / (sizes[inverse] * len(found))
    return rng.choice(len(labels), count, p=chances)
