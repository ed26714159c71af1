"""Embedding vectors of labelled pixels, sampled to a size that fits into memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.context import Context
from core.embeddings.pixels import BLOCK, EmbeddingPixels, Vectors
from core.errors import TrainingError
from core.finetune.labels import UNKNOWN, labelled_squares, open_labels
from core.finetune.patches import in_pixels_of
from core.finetune.settings import FinetuneSettings
from core.raster.grid import GridSpec
from core.raster.reader import open_raster
from core.spectral.recognise import recognise

MOST_A_BLOCK = 4096
"""Labelled pixels of a class that are taken of one block; more of one place add little."""
MOST = 200_000
"""Labelled pixels in all."""


@dataclass(frozen=True)
class LabelledVectors:
    """Labelled pixels of all rasters.

    Attributes:
        vectors: (N, D) unit vectors.
        labels: (N,) class of each.
        places: (N, 2) column and row of each pixel on the first raster's grid.
        classes: words of each class.
        remarks: notes on the labels for the user, one sentence each.
    """

    vectors: Vectors
    labels: NDArray[np.int64]
    places: NDArray[np.float64]
    classes: tuple[str, ...]
    remarks: tuple[str, ...]

    def part(self, chosen: NDArray[np.bool_]) -> tuple[Vectors, NDArray[np.int64]]:
        """Return vectors and labels of some of the pixels (N,)."""
        return self.vectors[chosen], self.labels[chosen]


def read_labelled_vectors(settings: FinetuneSettings, rng: Generator, context: Context) -> LabelledVectors:
    """Read the embedding vectors of labelled pixels.

    Args:
        settings: which rasters and labels.
        rng: chooses pixels where there are very many.
        context: cancellation is checked between blocks.

    Raises:
        TrainingError: no label, or one class alone, lies on a pixel with data.
        GeoLangBindError: a raster cannot be read.
    """
    vectors: list[Vectors] = []
    known: list[NDArray[np.int64]] = []
    places: list[NDArray[np.float64]] = []
    first: GridSpec | None = None
    with open_labels(settings.labels, settings.field, settings.names) as labels:
        for source in settings.rasters:
            with open_raster(source.path) as raster:
                recognition = recognise(raster, sensor=source.sensor, bands=source.bands)
                pixels = EmbeddingPixels(raster, recognition)
                first = first or pixels.grid
                for block in labelled_squares(pixels.grid, labels, BLOCK):
                    context.raise_if_cancelled()
                    rows, cols, codes = _chosen(labels.read(pixels.grid, block), rng)
                    if not len(codes):
                        continue
                    found, valid = pixels.read(block)
                    keep = valid[rows, cols]
                    vectors.append(found[:, rows[keep], cols[keep]].T)
                    known.append(codes[keep])
                    places.append(in_pixels_of(first, pixels.grid.subgrid(block), cols[keep], rows[keep]))
        classes, remarks, whereabouts = labels.classes, list(labels.remarks), labels.whereabouts
    every = np.concatenate(known) if known else np.zeros(0, np.int64)
    if not len(every):
        raise TrainingError("No label lies on a pixel that has data.", hint=whereabouts)
    present = np.unique(every)
    if len(present) < 2:
        raise TrainingError(
            f"Of the {len(classes)} classes only {classes[present[0]]} lies on the raster.",
            hint="Label another class on it.",
        )
    missing = [name for index, name in enumerate(classes) if index not in present]
    if missing:
        remarks.append(f"No label of {', '.join(missing)} lies on a raster.")
    order = np.sort(rng.permutation(len(every))[:MOST])
    return LabelledVectors(
        np.ascontiguousarray(np.concatenate(vectors)[order]),
        every[order],
        np.concatenate(places)[order],
        classes,
        tuple(remarks),
    )


def _chosen(drawn: NDArray[np.int64], rng: Generator) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Return rows, columns and classes of labelled pixels (h, w), a random choice of very many of one class."""
    rows, cols = np.nonzero(drawn != UNKNOWN)
    codes = drawn[rows, cols]
    keep = np.zeros(len(codes), bool)
    for code in np.unique(codes):
        (where,) = np.nonzero(codes == code)
        keep[rng.permutation(where)[:MOST_A_BLOCK]] = True
    return rows[keep], cols[keep], codes[keep]
