"""Inputs of pixel classifiers at labelled pixels, computed by the model before it learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from core.context import Context
from core.dense.cache import open_cache
from core.dense.features import open_features
from core.dense.pixel_inputs import InputPixels
from core.finetune.objective import FinetuneObjective
from core.finetune.patches import LabelledRaster, Patch
from core.model.geolangbind import GeoLangBind
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster

COMPONENTS = 16
"""Principal directions of the dense features beside the classes' words."""
PATCHES_FOR_DIRECTIONS, CELLS_A_PATCH = 16, 1024
MOST_PATCHES = 400
PIXELS_A_PATCH = 1024


@dataclass(frozen=True)
class PixelSamples:
    """Labelled pixels of one raster.

    Attributes:
        inputs: (N, F) float32.
        labels: (N,) their classes.
        places: (N, 2) column and row on the first raster.
    """

    inputs: Tensor
    labels: NDArray[np.int64]
    places: NDArray[np.float64]


@torch.no_grad()
def directions_of(
    model: GeoLangBind, objective: FinetuneObjective, rasters: Sequence[LabelledRaster], rng: Generator
) -> Tensor:
    """Returns unit vectors (K + ``COMPONENTS``, D): the classes' words, then the features' principal directions."""
    every = [(raster, patch) for raster in rasters for patch in raster.patches]
    cells = []
    for number in rng.permutation(len(every))[:PATCHES_FOR_DIRECTIONS]:
        raster, patch = every[number]
        found = _cell_features(model, objective, raster, patch.image).flatten(1).T
        cells.append(found[torch.from_numpy(rng.permutation(len(found))[:CELLS_A_PATCH])])
    features = torch.cat(cells).double()
    features = features - features.mean(0)
    principal = torch.linalg.eigh(features.T @ features).eigenvectors.flip(1)[:, :COMPONENTS]
    return torch.cat([objective.classes.float().cpu(), principal.T.float()])


@contextmanager
def input_pixels(
    model: GeoLangBind, objective: FinetuneObjective, raster: LabelledRaster, directions: Tensor, context: Context
) -> Iterator[InputPixels]:
    """Open a raster's inputs, computed as for a map of it; dense features that are stored serve.

    Args:
        model: the model, in evaluation mode.
        objective: its classes.
        raster: labelled raster.
        directions: see ``directions_of``.
        context: cancellation is checked between two batches.
    """
    with open_raster(raster.source.path, collar=raster.source.collar) as file:
        features = open_features(model, file, raster.recognition, store=open_cache(), context=context)
        yield InputPixels(features, directions, len(objective.classes), objective.temperature)


def sample_pixels(pixels: InputPixels, raster: LabelledRaster, rng: Generator, context: Context) -> PixelSamples:
    """Compute the inputs at the labelled pixels of a raster, a random choice where there are very many.

    Args:
        pixels: inputs of the raster.
        raster: its labels.
        rng: of patches and pixels.
        context: progress; cancellation is checked before every patch.
    """
    inputs, labels, places = [], [], []
    chosen = rng.permutation(len(raster.patches))[:MOST_PATCHES]
    for number, place in enumerate(chosen):
        context.raise_if_cancelled()
        context.progress(number / len(chosen), "Encoding the labelled places")
        patch = raster.patches[place]
        own = rng.permutation(np.flatnonzero(patch.own))[:PIXELS_A_PATCH]
        inputs.append(inputs_at(pixels, patch, own))
        labels.append(patch.labels[own])
        places.append(patch.places[own])
    return PixelSamples(torch.cat(inputs), np.concatenate(labels), np.concatenate(places))


def inputs_at(pixels: InputPixels, patch: Patch, wanted: NDArray[np.intp]) -> Tensor:
    """Returns the inputs (N, F) of labelled pixels of a patch by their numbers (N,)."""
    places = patch.col_row[wanted] + np.array(patch.corner)
    first, last = places.min(0), places.max(0)
    window = PixelWindow(int(first[0]), int(first[1]), *(int(length) for length in last - first + 1))
    inputs, _ = pixels.read_inputs(window)
    col, row = (places - first).T
    return torch.from_numpy(inputs[:, row, col].T.copy())


def _cell_features(model: GeoLangBind, objective: FinetuneObjective, raster: LabelledRaster, image: Tensor) -> Tensor:
    """Returns the unit features (D, h, w) of a patch's cells."""
    with model.autocast():
        images = image[None].to(model.device, torch.float32)
        narrow = objective.head.narrow(model, images, raster.wavelengths_um)[0].float()
    return F.normalize(objective.in_text_space(model, narrow.movedim(0, -1)), dim=-1).movedim(-1, 0).cpu()
