"""Unit vectors of a raster of embeddings by window, at its own resolution or averaged to a coarser one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject

from core.errors import InputError, SensorError
from core.raster.ellipsoid import parsed_crs
from core.raster.grid import GridSpec
from core.raster.npy_tiles import SCALE_BAND
from core.raster.pixel_window import PixelWindow
from core.raster.reader import RasterReader
from core.spectral.embeddings import EmbeddingLayout, unit_length
from core.spectral.recognise import Recognition

BLOCK = 256
"""Side in pixels of what is read at once: 128 axes of it take 32 MiB."""
_PATCH, _PATCHES = 16, 12
"""Side in pixels of the patches that a sample is taken from, and how many of them a side of the raster."""

Place = tuple[float, float]
Vectors = NDArray[np.float32]


class EmbeddingPixels:
    """Unit vectors of a raster of embeddings.

    Args:
        raster: open, at the resolution to read.
        recognition: says which bands hold the axes and how they are stored.

    Raises:
        SensorError: the raster holds no embeddings.
    """

    def __init__(self, raster: RasterReader, recognition: Recognition) -> None:
        if recognition.embedding is None:
            raise SensorError(f"{raster.info.path} holds no embeddings.", hint="Name their layout with --sensor.")
        self.layout: EmbeddingLayout = recognition.embedding
        self.grid = raster.grid
        self.dimensions = len(recognition.band_indexes)
        self._own = raster.at_own_resolution()
        self._bands = recognition.band_indexes
        names = raster.info.descriptions
        self._scale_band = names.index(SCALE_BAND) + 1 if SCALE_BAND in names else None

    def read(self, window: PixelWindow) -> tuple[Vectors, NDArray[np.bool_]]:
        """Read a window of the grid.

        Args:
            window: in pixels; may reach outside the raster.

        Returns:
            Unit vectors (D, h, w) float32, 0 where there is no data, and valid (h, w).

        Raises:
            InputError: the pixels cannot be read.
        """
        if self._own.grid == self.grid:
            return self._read_own(window)
        x, y = self._own.grid.width / self.grid.width, self._own.grid.height / self.grid.height
        left, top = math.floor(window.col * x), math.floor(window.row * y)
        right, bottom = math.ceil(window.col_stop * x), math.ceil(window.row_stop * y)
        finer = PixelWindow(left, top, right - left, bottom - top)
        vectors, valid = self._read_own(finer)
        return _averaged(vectors, valid, self._own.grid.subgrid(finer), self.grid.subgrid(window))

    def blocks(self, window: PixelWindow) -> Iterator[tuple[PixelWindow, Vectors, NDArray[np.bool_]]]:
        """Read a window of the grid block by block.

        Yields:
            The pixels covered, their unit vectors (D, h, w) and valid (h, w).
        """
        for block in window.blocks(BLOCK, BLOCK):
            yield block, *self.read(block)

    def at(self, places: Sequence[Place]) -> Vectors:
        """Return the unit vectors (N, D) at places (x, y) in the raster's reference system.

        Raises:
            InputError: a place lies outside the raster or where it has no data.
        """
        found = []
        for x, y in places:
            col, row = self.grid.pixel(x, y)
            if not (0 <= col < self.grid.width and 0 <= row < self.grid.height):
                raise InputError(f"The place {x:g}, {y:g} lies outside the raster.", hint="Give x, y in its CRS.")
            vectors, valid = self.read(PixelWindow(int(col), int(row), 1, 1))
            if not valid.any():
                raise InputError(f"There is no data at {x:g}, {y:g}.", hint="Point at a place with data.")
            found.append(vectors[:, 0, 0])
        return np.stack(found) if found else np.zeros((0, self.dimensions), np.float32)

    def sample(self, count: int, seed: int = 0) -> Vectors:
        """Return unit vectors (N, D) of at most ``count`` pixels, spread evenly over the raster; always the same.

        Raises:
            InputError: no sampled pixel holds data.
        """
        rng = np.random.default_rng(seed)
        drawn = []
        for patch in self.patches():
            vectors, valid = self.read(patch)
            drawn.append(vectors[:, valid].T)
        every = np.concatenate(drawn)
        if not len(every):
            raise InputError("The raster holds no vectors: every pixel looked at is nodata.", hint="Check the file.")
        return np.asarray(every[np.sort(rng.permutation(len(every))[:count])])

    def patches(self, window: PixelWindow | None = None, side: int = _PATCH) -> list[PixelWindow]:
        """Return patches spread evenly over a window of the grid, or over all of it."""
        whole = window or self.grid.window
        cols = sorted({int(col) for col in np.linspace(0, max(0, whole.width - side), _PATCHES)})
        rows = sorted({int(row) for row in np.linspace(0, max(0, whole.height - side), _PATCHES)})
        return [
            PixelWindow(whole.col + col, whole.row + row, side, side).intersection(whole)
            for row in rows
            for col in cols
        ]

    def _read_own(self, window: PixelWindow) -> tuple[Vectors, NDArray[np.bool_]]:
        stored, known = self._own.read(window, self._bands)
        vectors, valid = self.layout.vectors(stored)
        valid &= known
        if self._scale_band is not None:
            scales, _ = self._own.read(window, (self._scale_band,))
            with np.errstate(invalid="ignore"):
                valid &= np.isfinite(scales[0]) & (scales[0] > 0)
        return np.where(valid, vectors, np.float32(0)), valid


def _averaged(
    vectors: Vectors, valid: NDArray[np.bool_], source: GridSpec, target: GridSpec
) -> tuple[Vectors, NDArray[np.bool_]]:
    """Return the mean direction of the vectors in every pixel of a coarser grid."""
    crs = parsed_crs(source.crs_wkt) if source.crs_wkt else "EPSG:3857"
    made = np.full((len(vectors), target.height, target.width), np.nan, np.float32)
    reproject(
        np.where(valid, vectors, np.float32(np.nan)),
        made,
        src_transform=source.transform,
        src_crs=crs,
        src_nodata=math.nan,
        dst_transform=target.transform,
        dst_crs=crs,
        dst_nodata=math.nan,
        resampling=Resampling.average,
    )
    known = np.asarray(np.isfinite(made).all(axis=0))
    return unit_length(np.where(known, made, np.float32(0)), known)
