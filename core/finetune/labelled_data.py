"""The user's rasters and labels, divided into training, validation and test pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.context import Context
from core.errors import TrainingError
from core.finetune.block_split import TEST, TRAINING, VALIDATION, BlockSplit, split_blocks
from core.finetune.labels import LabelSet
from core.finetune.patches import LabelledRaster, read_patches
from core.finetune.settings import FinetuneSettings

Masks = list[list[NDArray[np.bool_]]]
"""For each raster and each of its patches a mask of its labelled pixels (N,)."""


@dataclass(frozen=True)
class LabelledData:
    """Labelled parts of rasters and the roles of their pixels.

    Attributes:
        rasters: those on which labels lie.
        classes: words of each class.
        split: blocks held out.
        remarks: remarks for the user about the labels, one sentence each.
    """

    rasters: tuple[LabelledRaster, ...]
    classes: tuple[str, ...]
    split: BlockSplit
    remarks: tuple[str, ...]

    @property
    def training(self) -> Masks:
        """Training pixels during model selection."""
        return self._masks(TRAINING, refit=False)

    @property
    def refit_training(self) -> Masks:
        """Training pixels of the refit: those of the validation blocks, too."""
        return self._masks(TRAINING, refit=True)

    @property
    def validation(self) -> Masks:
        """Pixels for model selection, each in one patch alone."""
        return self._own(self._masks(VALIDATION, refit=False))

    @property
    def test(self) -> Masks:
        """Pixels for testing, each in one patch alone."""
        return self._own(self._masks(TEST, refit=True))

    def counts(self, masks: Masks) -> NDArray[np.int64]:
        """Number of pixels of each class (classes,) in masks, each counted once."""
        counts = np.zeros(len(self.classes), np.int64)
        for raster, chosen in zip(self.rasters, masks, strict=True):
            for patch, mask in zip(raster.patches, chosen, strict=True):
                np.add.at(counts, patch.labels[mask & patch.own], 1)
        return counts

    def _masks(self, role: int, *, refit: bool) -> Masks:
        roles = self.split.refit_roles if refit else self.split.roles
        return [[roles(patch.places) == role for patch in raster.patches] for raster in self.rasters]

    def _own(self, masks: Masks) -> Masks:
        return [
            [mask & patch.own for mask, patch in zip(of_raster, raster.patches, strict=True)]
            for of_raster, raster in zip(masks, self.rasters, strict=True)
        ]


def read_labelled_data(
    settings: FinetuneSettings,
    labels: LabelSet,
    crop: int,
    margin: int,
    rng: Generator,
    *,
    placeholders: str | None = None,
    context: Context | None = None,
) -> LabelledData:
    """Read rasters and labels and divide the ground.

    Args:
        settings: names the rasters.
        labels: open.
        crop: side in pixels of a training crop.
        margin: pixels around it that a patch shows too.
        rng: chooses patches where there are too many, and blocks.
        placeholders: the model's table of wavelengths for bands that have none; see ``read_patches``.
        context: cancellation is checked between patches.

    Raises:
        TrainingError: the labels cannot be learnt from.
        GeoLangBindError: a raster cannot be read or recognised.
    """
    rasters = read_patches(
        settings.rasters, labels, crop + 2 * margin, margin, rng, placeholders=placeholders, context=context
    )
    classes, remarks = labels.classes, list(labels.remarks)
    seen = [raster.source for raster in rasters]
    unlabelled = [source.path for source in settings.rasters if source not in seen]
    if unlabelled:
        remarks.append(f"No label lies on {', '.join(unlabelled)}.")
    missing = _missing_classes(rasters, classes)
    if missing:
        remarks.append(f"No label of {', '.join(missing)} lies on a raster.")
    places = np.concatenate([patch.places[patch.own] for raster in rasters for patch in raster.patches])
    known = np.concatenate([patch.labels[patch.own] for raster in rasters for patch in raster.patches])
    return LabelledData(tuple(rasters), classes, split_blocks(places, known, len(classes), rng), tuple(remarks))


def _missing_classes(rasters: Sequence[LabelledRaster], classes: Sequence[str]) -> list[str]:
    """Classes of which no label lies on a raster.

    Raises:
        TrainingError: one class alone does.
    """
    found = {int(label) for raster in rasters for patch in raster.patches for label in np.unique(patch.labels)}
    if len(found) < 2:
        only = classes[next(iter(found))]
        raise TrainingError(
            f"Of the {len(classes)} classes only {only} lies on the raster.", hint="Label another class on it."
        )
    return [name for index, name in enumerate(classes) if index not in found]
