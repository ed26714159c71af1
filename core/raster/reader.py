"""Opens rasters of any format and reads windows of values and validity."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import MaskFlags, Resampling
from rasterio.io import DatasetReader
from rasterio.windows import Window

from core.errors import SensorError
from core.raster.control_points import on_a_grid
from core.raster.datasets import open_dataset
from core.raster.failures import read_failure, without_password
from core.raster.file_tree import pixel_files, tree_of_folder
from core.raster.gdal_open import GDAL_FAILURES
from core.raster.palettes import without_palette
from core.raster.pixel_window import PixelWindow
from core.raster.raster_info import RasterInfo, info_of, with_band_metadata_of
from core.raster.statistics import SAME_BANDS, BandStatistics, Collar, Survey, find_collar, sample_windows

_KEPT_SURVEYS = 64
_SURVEYS: dict[str, Survey] = {}
"""Surveys of local files by fingerprint: every prompt over a layer opens it anew."""


KEEP_COLLAR, MASK_COLLAR = "keep", "mask"


class RasterReader:
    """A raster open for reading, by one thread at a time; made by open_raster."""

    def __init__(self, dataset: DatasetReader, info: RasterInfo) -> None:
        self.info = info
        self.grid = info.grid
        self._dataset = dataset
        self._statistics: dict[int, BandStatistics] = {}
        flags = {flag for band in dataset.mask_flag_enums for flag in band}
        self._has_mask = MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags
        self._alpha = next((index for index, role in enumerate(info.colour_roles, 1) if role == "alpha"), None)
        self._alpha_is_mask = MaskFlags.alpha in flags  # GDAL heeds it in files of two and four bands alone
        self._pixel_files = _files_behind(dataset, info)
        self._collar: Collar | None = None
        self._whole: tuple[RasterReader, PixelWindow] | None = None

    def read(
        self, window: PixelWindow, band_indexes: Sequence[int] | None = None
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Read a window, which may reach outside the raster.

        Args:
            window: pixels of ``self.grid``.
            band_indexes: 1-based bands in the order wanted; None for all but alpha.

        Returns:
            (values (C, h, w) in the raster's own type, valid (h, w)). A pixel is valid where any of the bands has
            data, as GDAL's dataset mask has it; outside the raster values are 0 and valid is False.

        Raises:
            InputError: the pixels cannot be read.
            SensorError: a band number is out of range.
        """
        indexes = self._checked(band_indexes)
        dtype = np.result_type(*(self.info.dtypes[index - 1] for index in indexes))
        values = np.zeros((len(indexes), window.height, window.width), dtype)
        valid = np.zeros((window.height, window.width), bool)
        inside = window.intersection(self.grid.window)
        if inside.is_empty:
            return values, valid
        rows, cols = inside.slices_in(window)
        shape = (inside.height, inside.width)
        values[:, rows, cols], known = self._read_bands(self._native(inside), indexes, shape)
        valid[rows, cols] = known.any(axis=0)
        return values, valid

    def statistics(self, band_indexes: Sequence[int] | None = None) -> tuple[BandStatistics, ...]:
        """Returns raster-wide statistics of bands (default: all but alpha) from an overview or evenly spread probes.

        Raises:
            InputError: the pixels cannot be read.
            SensorError: a band number is out of range.
        """
        indexes = self._checked(band_indexes)
        if not self._statistics and self.info.files:
            self._statistics = _statistics_of(self.fingerprint())
        missing = [index for index in dict.fromkeys(indexes) if index not in self._statistics]
        if missing:
            windows, shape = sample_windows(self._dataset)
            samples: list[list[NDArray[Any]]] = [[] for _ in missing]
            total = 0
            for window in windows:
                size = shape or (int(window.height), int(window.width))
                values, valid = self._read_bands(window, missing, size, Resampling.nearest)
                total += valid[0].size
                for position in range(len(missing)):
                    samples[position].append(values[position][valid[position]])
            for index, sample in zip(missing, samples, strict=True):
                self._statistics[index] = BandStatistics.of(np.concatenate(sample), total)
        return tuple(self._statistics[index] for index in indexes)

    def survey(self) -> Survey:
        """Return statistics of every band over the whole raster, without a collar, and the collar.

        Raises:
            InputError: the pixels cannot be read.
        """
        key = self.fingerprint() if self.info.files else None
        if key is not None and key in _SURVEYS:
            return _SURVEYS[key]
        windows, shape = sample_windows(self._dataset)
        every = list(range(1, self.info.count + 1))
        image = [number - 1 for number in self.info.image_bands]
        samples: list[list[NDArray[Any]]] = [[] for _ in every]
        total = bordering = 0
        value = 0.0
        for window in windows:
            size = shape or (int(window.height), int(window.width))
            values, valid = self._read_bands(window, every, size, Resampling.nearest)
            collar = find_collar(values[image], np.asarray(valid[image].any(axis=0)), connected=len(windows) == 1)
            if collar.any():
                value = float(np.median(values[image][:, collar]))
            total, bordering = total + collar.size, bordering + int(collar.sum())
            for position in range(len(every)):
                samples[position].append(values[position][valid[position] & ~collar])
        bands = tuple(BandStatistics.of(np.concatenate(sample), total) for sample in samples)
        made = Survey(bands, Collar(value, bordering / total) if bordering else None)
        if key is not None:
            _SURVEYS[key] = made
            while len(_SURVEYS) > _KEPT_SURVEYS:
                _SURVEYS.pop(next(iter(_SURVEYS)))
        return made

    def without_collar(self) -> RasterReader:
        """Return a reader of the same raster for which the collar, where there is one, holds no data."""
        collar = self.survey().collar
        reader = RasterReader(self._dataset, self.info)
        reader._collar = collar
        return reader

    def at_own_resolution(self) -> RasterReader:
        """Return a reader of the same raster at the size of its own pixels."""
        size = self._dataset.width, self._dataset.height
        if size == (self.grid.width, self.grid.height):
            return self
        scale = Affine.scale(self.grid.width / size[0], self.grid.height / size[1])
        grid = replace(self.grid, transform=self.grid.transform @ scale, width=size[0], height=size[1])
        return RasterReader(self._dataset, replace(self.info, grid=grid))

    def part(self, window: PixelWindow) -> RasterReader:
        """Return a reader of the same raster for which a window is all there is."""
        part = RasterReader(self._dataset, replace(self.info, grid=self.grid.subgrid(window)))
        part._collar, part._whole = self._collar, (self, window)
        return part

    def fingerprint(self) -> str:
        """Return a short hash that changes with the raster's pixels.

        It is of the names, sizes and times of all files behind it (virtual rasters within virtual rasters, archives),
        or of a sample where there are none.
        """
        if self._whole is not None:
            return self._whole[0].fingerprint()
        grid = (self.grid.crs_wkt, tuple(self.grid.transform)[:6], self.grid.width, self.grid.height)
        digest = hashlib.sha256(repr((grid, self.info.count, self.info.dtypes, self.info.nodata)).encode())
        if self._collar is not None:
            digest.update(repr(self._collar.value).encode())
        if self.info.files:
            for name in self._pixel_files:
                status = os.stat(name)
                digest.update(repr((os.path.abspath(name), status.st_size, status.st_mtime_ns)).encode())
        else:
            digest.update(without_password(self.info.path).encode())
            digest.update(repr(self.statistics((1,))).encode())
        return digest.hexdigest()[:32]

    def _checked(self, band_indexes: Sequence[int] | None) -> list[int]:
        indexes = list(self.info.image_bands if band_indexes is None else band_indexes)
        for index in indexes:
            if not 1 <= index <= self.info.count:
                raise SensorError(
                    f"There is no band {index}: the raster has {self.info.count}.", hint="Band numbers start at 1."
                )
        return indexes

    def _native(self, window: PixelWindow) -> Window:
        """Returns a window of the grid in the file's own pixels."""
        if self._whole is not None:
            whole, place = self._whole
            return whole._native(replace(window, col=window.col + place.col, row=window.row + place.row))
        x, y = self._dataset.width / self.grid.width, self._dataset.height / self.grid.height
        return Window(window.col * x, window.row * y, window.width * x, window.height * y)

    def _read_bands(
        self, window: Window, indexes: Sequence[int], shape: tuple[int, int], resampling: Resampling | None = None
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Read values and validity (C, h, w) of each band."""
        if resampling is None:
            coarser = window.width > shape[1] or window.height > shape[0]
            resampling = Resampling.average if coarser else Resampling.bilinear
            if self.info.has_palette:
                resampling = Resampling.nearest
        out_shape = (len(indexes), *shape)
        try:
            values = self._read_values(window, indexes, shape, resampling)
            by_alpha = self._alpha is not None and self._alpha not in indexes
            if self._has_mask or (by_alpha and self._alpha_is_mask):
                valid = self._dataset.read_masks(list(indexes), window=window, out_shape=out_shape) > 0
            else:
                valid = np.ones(out_shape, bool)
            if by_alpha and not self._alpha_is_mask:
                valid &= self._dataset.read(self._alpha, window=window, out_shape=shape, resampling=resampling) > 0
        except GDAL_FAILURES as problem:
            raise read_failure(self.info.path, problem) from problem
        for position, index in enumerate(indexes):
            nodata = self.info.nodata[index - 1]
            if nodata is not None and not math.isnan(nodata):
                valid[position] &= values[position] != np.asarray(nodata).astype(values.dtype)
        if values.dtype.kind == "f":
            valid &= np.isfinite(values)
        if self._collar is not None:
            valid &= (values == self._collar.value).mean(axis=0) < SAME_BANDS
        return values, valid

    def _read_values(
        self, window: Window, indexes: Sequence[int], shape: tuple[int, int], resampling: Resampling
    ) -> NDArray[Any]:
        """Read values (C, h, w); bands of several types, as virtual rasters have, come in one that holds them all."""
        dtypes = {self.info.dtypes[index - 1] for index in indexes}
        how = {"window": window, "resampling": resampling}
        if len(dtypes) == 1:
            return np.asarray(self._dataset.read(list(indexes), out_shape=(len(indexes), *shape), **how))
        kind = np.result_type(*dtypes)
        return np.stack([self._dataset.read(index, out_shape=shape, **how).astype(kind) for index in indexes])


@lru_cache(maxsize=64)
def _statistics_of(fingerprint: str) -> dict[int, BandStatistics]:
    """Returns the mutable cache of a local file's statistics: every prompt over a layer opens the file anew."""
    return {}


@contextmanager
def open_raster(
    path: str | Path, *, resolution: float | None = None, collar: str = KEEP_COLLAR
) -> Iterator[RasterReader]:
    """Open a raster for reading.

    Args:
        path: a file of any format GDAL reads (an ENVI header also stands for its data file), a folder with one file a
        band
            (Sentinel-2 SAFE and Landsat products included), a NetCDF or HDF5 file or subdataset, or the http(s)
            address of a cloud-optimised GeoTIFF.
        resolution: pixel size to read at, in the raster's units; None for its own. The extent stays exactly the same.
        collar: MASK_COLLAR to take a border of one exact value, such as the black around a picture, for no data;
            KEEP_COLLAR to leave it.

    Yields:
        The open reader.

    Raises:
        MissingFileError: nothing is there.
        NotARasterError: it is no raster, has no bands, or holds complex numbers.
        InputError: its georeference is broken or its parts do not fit together.
    """
    name = os.fspath(path)
    with ExitStack() as stack:
        file = without_palette(name, open_dataset(name, stack), stack)
        dataset = on_a_grid(file, stack)
        info = info_of(name, dataset, resolution)
        reader = RasterReader(dataset, info if dataset is file else with_band_metadata_of(file, info))
        yield reader.without_collar() if collar == MASK_COLLAR else reader


def _files_behind(dataset: DatasetReader, info: RasterInfo) -> tuple[str, ...]:
    """Return the local files that hold the raster's pixels."""
    files = pixel_files(dataset.files or info.files)
    if files and not all(os.path.isdir(file) for file in dataset.files):
        return files
    return tuple(tree_of_folder(info.path)) if os.path.isdir(info.path) else files or info.files
