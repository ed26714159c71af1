"""Inputs of pixel classifiers at labelled pixels, computed by the model before it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from core.context import Context
from core.dense.pixel_inputs import pixel_inputs
from core.dense.upsample import guide_bands, guide_image, upsample_scores
from core.finetune.objective import FinetuneObjective
from core.finetune.patches import LabelledRaster
from core.finetune.score import HeldOutPixels
from core.model.geolangbind import GeoLangBind

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


def sample_pixels(
    model: GeoLangBind,
    objective: FinetuneObjective,
    raster: LabelledRaster,
    directions: Tensor,
    rng: Generator,
    context: Context,
) -> PixelSamples:
    """Compute the inputs at the labelled pixels of a raster, a random choice where there are very many.

    Args:
        model: the model, in evaluation mode.
        objective: its classes.
        raster: labelled raster.
        directions: see ``directions_of``.
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
        inputs.append(inputs_at(model, objective, raster, patch.image, directions, patch.col_row[own]))
        labels.append(patch.labels[own])
        places.append(patch.places[own])
    return PixelSamples(torch.cat(inputs), np.concatenate(labels), np.concatenate(places))


def held_out_inputs(
    model: GeoLangBind, objective: FinetuneObjective, pixels: HeldOutPixels, directions: Tensor
) -> list[tuple[LabelledRaster, Tensor]]:
    """Returns the inputs (N, F) of held-out pixels, part by part, with their raster."""
    return [
        (raster, inputs_at(model, objective, raster, image, directions, col_row))
        for raster, image, col_row, _ in pixels.parts
    ]


@torch.no_grad()
def inputs_at(
    model: GeoLangBind,
    objective: FinetuneObjective,
    raster: LabelledRaster,
    image: Tensor,
    directions: Tensor,
    col_row: NDArray[np.int64],
) -> Tensor:
    """Returns the inputs (N, F) of pixels (N, 2) of a patch (C, S, S), upsampled as for a map."""
    features = _cell_features(model, objective, raster, image)
    along = torch.einsum("nd,dhw->nhw", directions, features)
    whole = image.float()
    upsampled = upsample_scores(
        along,
        torch.ones(along.shape[1:], dtype=torch.bool),
        guide_image(whole, guide_bands(raster.recognition.band_set)),
        torch.ones(whole.shape[1:], dtype=torch.bool),
        objective.head.stride(model),
    )
    wavelengths = raster.recognition.wavelengths_um
    inputs = pixel_inputs(whole.numpy(), wavelengths, upsampled.numpy(), len(objective.classes), objective.temperature)
    return torch.from_numpy(inputs[:, col_row[:, 1], col_row[:, 0]].T.copy())


def _cell_features(model: GeoLangBind, objective: FinetuneObjective, raster: LabelledRaster, image: Tensor) -> Tensor:
    """Returns the unit features (D, h, w) of a patch's cells."""
    with model.autocast():
        images = image[None].to(model.device, torch.float32)
        narrow = objective.head.narrow(model, images, raster.wavelengths_um)[0].float()
    return F.normalize(objective.in_text_space(model, narrow.movedim(0, -1)), dim=-1).movedim(-1, 0).cpu()
