"""Labelled parts of rasters, sampled to a size that fits into memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from rasterio.warp import transform as transform_coordinates
from torch import Tensor

from core.context import Context
from core.errors import TrainingError
from core.finetune.labels import LabelSet, labelled_squares
from core.protocol import Source
from core.raster.ellipsoid import parsed_crs
from core.raster.grid import GridSpec
from core.raster.pixel_window import PixelWindow
from core.raster.reader import RasterReader, open_raster
from core.spectral.recognise import Recognition, recognise

BUDGET_BYTES = 1 << 30
"""Memory of all patches together; beyond it, patches are sampled at random."""
MOST_SQUARES = 20_000
"""About the number of squares of one area that are tried; a spread choice of more."""


@dataclass(frozen=True)
class Patch:
    """A square of one raster and the labelled pixels in it.

    Attributes:
        corner: column and row of its first pixel in the raster.
        image: (C, S, S) float16 in model units; 0 where there is no data.
        col_row: (N, 2) column and row of the labelled pixels inside the patch.
        labels: (N,) class of each.
        places: (N, 2) column and row of the same pixels in the first raster.
        own: (N,) whether the pixel lies in the part of the patch outside its margin, which no other patch has.
    """

    corner: tuple[int, int]
    image: Tensor
    col_row: NDArray[np.int64]
    labels: NDArray[np.int64]
    places: NDArray[np.float64]
    own: NDArray[np.bool_]


@dataclass(frozen=True)
class LabelledRaster:
    """Labelled patches of a raster, with its bands.

    Attributes:
        source: as the user named it.
        recognition: its bands.
        patches: the labelled parts.
    """

    source: Source
    recognition: Recognition
    patches: tuple[Patch, ...]

    @property
    def wavelengths_um(self) -> Tensor:
        """Centre wavelengths (C,) in µm."""
        return torch.tensor(self.recognition.wavelengths_um, dtype=torch.float32)


def read_patches(
    sources: Sequence[Source],
    labels: LabelSet,
    side: int,
    margin: int,
    rng: Generator,
    *,
    placeholders: str | None = None,
    context: Context | None = None,
) -> list[LabelledRaster]:
    """Read the labelled parts of rasters.

    Args:
        sources: the rasters.
        labels: drawn onto each raster's own grid.
        side: of a patch in pixels, margin included.
        margin: pixels around a patch that overlap its neighbours.
        rng: chooses patches where there are too many.
        placeholders: the model's table of wavelengths for bands that have none of their own (radar, height), as in
            inference; None for the sensors' own.
        context: cancellation is checked between patches.

    Returns:
        The rasters that labels overlap.

    Raises:
        TrainingError: no label lies on any raster.
        GeoLangBindError: a raster cannot be read or recognised.
    """
    rasters: list[LabelledRaster] = []
    first: GridSpec | None = None
    for source in sources:
        with open_raster(source.path, collar=source.collar) as raster:
            first = first or raster.grid
            recognition = recognise(
                raster,
                sensor=source.sensor,
                bands=source.bands,
                wavelengths_um=source.wavelengths_um,
                scaling=source.scaling,
            ).with_placeholders(placeholders)
            size = 2 * side * side * len(recognition.band_indexes)
            most = max(4, BUDGET_BYTES // len(sources) // size)
            squares = labelled_squares(raster.grid, labels, side - 2 * margin, MOST_SQUARES)
            patches = []
            for number in rng.permutation(len(squares)):
                if context is not None:
                    context.raise_if_cancelled()
                patch = _read_patch(raster, recognition, labels, squares[number], side, first)
                if patch is not None:
                    patches.append(patch)
                if len(patches) == most:
                    break
        if patches:
            rasters.append(LabelledRaster(source, recognition, tuple(patches)))
    if not rasters:
        raise TrainingError("No label lies on a pixel that has data.", hint=labels.whereabouts)
    return rasters


def _read_patch(
    raster: RasterReader,
    recognition: Recognition,
    labels: LabelSet,
    own: PixelWindow,
    side: int,
    first: GridSpec,
) -> Patch | None:
    """Read the patch of ``side`` pixels around a square; None where it has no labelled, valid pixel."""
    window = _around(own, side, raster.grid)
    drawn = labels.read(raster.grid, window)
    rows, cols = own.slices_in(window)
    if (drawn[rows, cols] < 0).all():
        return None
    values, valid = raster.read(window, recognition.band_indexes)
    known = (drawn >= 0) & valid
    row, col = np.nonzero(known)
    inside = (row >= rows.start) & (row < rows.stop) & (col >= cols.start) & (col < cols.stop)
    if not inside.any():
        return None
    return Patch(
        corner=(window.col, window.row),
        image=torch.from_numpy(recognition.scaling.to_model(values, valid)).half(),
        col_row=np.stack([col, row], axis=1).astype(np.int64),
        labels=drawn[known],
        places=in_pixels_of(first, raster.grid.subgrid(window), col, row),
        own=inside,
    )


def _around(own: PixelWindow, side: int, grid: GridSpec) -> PixelWindow:
    """A square around a window that stays inside the grid where the grid is large enough."""
    col, row = own.col - (side - own.width) // 2, own.row - (side - own.height) // 2
    col = min(max(col, 0), max(0, grid.width - side))
    row = min(max(row, 0), max(0, grid.height - side))
    return PixelWindow(col, row, side, side)


def in_pixels_of(
    first: GridSpec, grid: GridSpec, cols: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Returns the centres of pixels of one grid as (column, row) of another."""
    x, y = grid.centres(cols, rows)
    if grid.crs_wkt != first.crs_wkt and grid.crs_wkt is not None and first.crs_wkt is not None:
        moved = transform_coordinates(parsed_crs(grid.crs_wkt), parsed_crs(first.crs_wkt), x, y)
        x, y = np.asarray(moved[0]), np.asarray(moved[1])
    return np.stack(first.pixels(x, y), axis=1)
