"""Opening rasters of any kind and reading windows of them, with nodata known and failures in plain words."""

from __future__ import annotations

import hashlib
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window

from core.errors import InputError, SensorError
from core.raster.control_points import on_a_grid
from core.raster.failures import MissingFileError, NotARasterError, open_failure, read_failure, without_password
from core.raster.grid import GridSpec, PixelWindow, pixel_size_m
from core.raster.stack import Member, Stack, folder_stack, stack_vrt
from core.raster.statistics import BandStatistics, sample_windows

_GDAL_FAILURES = (RasterioError, OSError, ValueError, MemoryError)
_FARTHEST = 1e12  # units; larger coordinates and smaller pixels are no places on Earth
_REMOTE = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_HTTP_CONNECTTIMEOUT": "15",
    "GDAL_HTTP_TIMEOUT": "60",
    "GDAL_HTTP_MAX_RETRY": "2",
    "GDAL_HTTP_RETRY_DELAY": "1",
    "GDAL_HTTP_MULTIRANGE": "YES",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "VSI_CACHE": True,
}


@dataclass(frozen=True)
class RasterInfo:
    """What a raster says about itself, without reading pixels.

    Attributes:
        path: as it was asked for.
        grid: reference system, transform and size in pixels, at the resolution it is read at.
        count: number of bands.
        dtypes: NumPy type name of each band.
        nodata: value without data of each band, None where there is none.
        descriptions: name of each band, None where it has none.
        units: physical unit of each band, None where it has none.
        scales: physical value = digital number * scale + offset, as the file declares, of each band.
        offsets: see scales.
        colour_roles: GDAL's colour interpretation of each band ("red", "gray", "alpha", ...).
        tags: metadata of the whole raster, ENVI header included.
        band_tags: metadata of each band.
        driver: GDAL's name of the format.
        files: local files behind it; empty for remote ones.
        has_palette: whether the first band's numbers index colours.
    """

    path: str
    grid: GridSpec
    count: int
    dtypes: tuple[str, ...]
    nodata: tuple[float | None, ...]
    descriptions: tuple[str | None, ...]
    units: tuple[str | None, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    colour_roles: tuple[str, ...]
    tags: Mapping[str, str]
    band_tags: tuple[Mapping[str, str], ...]
    driver: str
    files: tuple[str, ...]
    has_palette: bool

    @property
    def width(self) -> int:
        """Columns."""
        return self.grid.width

    @property
    def height(self) -> int:
        """Rows."""
        return self.grid.height

    @property
    def image_bands(self) -> tuple[int, ...]:
        """1-based numbers of all bands but alpha; a band with a name of its own is no alpha, whatever its role."""
        named = ["alpha" not in (text or "alpha").lower() for text in self.descriptions]
        roles = zip(self.colour_roles, named, strict=True)
        return tuple(index for index, (role, is_named) in enumerate(roles, 1) if role != "alpha" or is_named)

    @property
    def ground_sampling_distance_m(self) -> float | None:
        """Mean side of a pixel on the ground in metres; None without a reference system."""
        sides = pixel_size_m(self.grid)
        return None if sides is None else math.sqrt(sides[0] * sides[1])


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

    def fingerprint(self) -> str:
        """Returns a short hash that changes with the raster: of its files' names, sizes and times, or of a sample."""
        digest = hashlib.sha256(repr((self.grid, self.info.count, self.info.dtypes, self.info.nodata)).encode())
        if self.info.files:
            for name in self.info.files:
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
            values = self._dataset.read(list(indexes), window=window, out_shape=out_shape, resampling=resampling)
            by_alpha = self._alpha is not None and self._alpha not in indexes
            if self._has_mask or (by_alpha and self._alpha_is_mask):
                valid = self._dataset.read_masks(list(indexes), window=window, out_shape=out_shape) > 0
            else:
                valid = np.ones(out_shape, bool)
            if by_alpha and not self._alpha_is_mask:
                valid &= self._dataset.read(self._alpha, window=window, out_shape=shape, resampling=resampling) > 0
        except _GDAL_FAILURES as problem:
            raise read_failure(self.info.path, problem) from problem
        for position, index in enumerate(indexes):
            nodata = self.info.nodata[index - 1]
            if nodata is not None and not math.isnan(nodata):
                valid[position] &= values[position] != np.asarray(nodata).astype(values.dtype)
        if values.dtype.kind == "f":
            valid &= np.isfinite(values)
        return values, valid


@lru_cache(maxsize=64)
def _statistics_of(fingerprint: str) -> dict[int, BandStatistics]:
    """Returns the mutable cache of a local file's statistics: every prompt over a layer opens the file anew."""
    return {}


@contextmanager
def open_raster(path: str | Path, *, resolution: float | None = None) -> Iterator[RasterReader]:
    """Open a raster for reading.

    Args:
        path: a file of any format GDAL reads (an ENVI header also stands for its data file), a folder with one file a
        band
            (Sentinel-2 SAFE and Landsat products included), a NetCDF or HDF5 file or subdataset, or the http(s)
            address of a cloud-optimised GeoTIFF.
        resolution: pixel size to read at, in the raster's units; None for its own. The extent stays exactly the same.

    Yields:
        The open reader.

    Raises:
        MissingFileError: nothing is there.
        NotARasterError: it is no raster, has no bands, or holds complex numbers.
        InputError: its georeference is broken or its parts do not fit together.
    """
    name = os.fspath(path)
    with ExitStack() as stack:
        if _is_remote(name):
            stack.enter_context(rasterio.Env(**_REMOTE))
        file = _open(name, stack)
        dataset = on_a_grid(file, stack)
        info = _describe(name, dataset, resolution)
        yield RasterReader(dataset, info if dataset is file else _as_said_by(file, info))


def _is_remote(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def _open(name: str, stack: ExitStack) -> DatasetReader:
    """Find out what a path means and open it."""
    if not name.strip():
        raise MissingFileError("No raster was named.", hint="Give the path of a raster.")
    if _is_remote(name):
        return _open_gdal(f"/vsicurl/{name}", name, stack)
    if re.match(r"/vsi|<VRT|[A-Za-z][A-Za-z0-9]+:(?![/\\]{2})[\"']?.+", name) and not os.path.exists(name):
        dataset = _open_gdal(name, name, stack)
    elif not os.path.exists(name):
        raise MissingFileError(f"There is no file {name}.", hint="Check the path.")
    elif os.path.isdir(name):
        return _open_folder(Path(name), stack)
    else:
        dataset = _open_gdal(str(_envi_data(Path(name))), name, stack)
    if dataset.count == 0 and dataset.subdatasets:
        return _open_subdatasets(name, dataset.subdatasets, stack)
    return dataset


def _open_gdal(target: str, name: str, stack: ExitStack) -> DatasetReader:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            return stack.enter_context(rasterio.open(target))
        except _GDAL_FAILURES as problem:
            if _is_remote(name):
                _forget_failure(target)
            raise open_failure(name, problem) from problem


def _forget_failure(target: str) -> None:
    """Have GDAL forget that an address failed, so that the next try asks the server; this one asks nobody."""
    with suppress(*_GDAL_FAILURES), rasterio.Env(CPL_VSIL_CURL_NON_CACHED="/vsicurl/"), rasterio.open(target):
        pass


def _as_said_by(file: DatasetReader, info: RasterInfo) -> RasterInfo:
    """Returns the file's metadata about its bands, which warping would lose."""
    told = _describe(info.path, file, None)
    added = (None,) * (info.count - told.count)  # alpha
    return replace(
        info,
        descriptions=(*told.descriptions, *added),
        units=(*told.units, *added),
        tags=told.tags,
        band_tags=(*told.band_tags, *({} for _ in added)),
        driver=told.driver,
        files=told.files,
    )


def _open_vrt(xml: str, name: str, stack: ExitStack) -> DatasetReader:
    memory = stack.enter_context(MemoryFile(xml.encode(), ext=".vrt"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            return stack.enter_context(memory.open())
        except _GDAL_FAILURES as problem:
            raise open_failure(name, problem) from problem


def _open_folder(folder: Path, stack: ExitStack) -> DatasetReader:
    try:
        found = folder_stack(folder)
    except OSError as problem:
        raise MissingFileError(f"The folder {folder} may not be read.", hint="Check its permissions.") from problem
    if len(found.members) == 1:
        return _open_gdal(found.members[0].source, str(folder), stack)
    return _open_vrt(stack_vrt(found), str(folder), stack)


def _open_subdatasets(name: str, subdatasets: Sequence[str], stack: ExitStack) -> DatasetReader:
    """Choose among the variables of a NetCDF or HDF5 file, or stack them where they are one band each on one grid."""
    sizes: dict[str, tuple[int, int, int]] = {}
    for subdataset in subdatasets:
        with ExitStack() as trial:
            try:
                opened = _open_gdal(subdataset, subdataset, trial)
            except InputError:
                continue
            if min(opened.width, opened.height) > 1 and opened.count and opened.dtypes[0] in _NUMERIC:
                sizes[subdataset] = (opened.width, opened.height, opened.count)
    many = [subdataset for subdataset, (_, _, count) in sizes.items() if count > 1]
    chosen = many if many else list(sizes)
    if len(chosen) == 1:
        return _open_gdal(chosen[0], name, stack)
    if chosen and not many and len({sizes[subdataset][:2] for subdataset in chosen}) == 1:
        members = tuple(Member(subdataset, subdataset.rsplit(":", 1)[-1].strip('/"')) for subdataset in chosen)
        return _open_vrt(stack_vrt(Stack(members)), name, stack)
    listed = ", ".join(list(sizes or subdatasets)[:12])
    raise NotARasterError(
        f"{name} holds several rasters that do not make one image.", hint=f"Give one of them as the raster: {listed}."
    )


_NUMERIC = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")


def _envi_data(path: Path) -> Path:
    """Returns the data file of an ENVI header, or the path itself."""
    if path.suffix.lower() != ".hdr":
        return path
    for suffix in ("", ".dat", ".img", ".bsq", ".bil", ".bip", ".raw"):
        candidate = path.with_suffix(suffix)
        if candidate != path and candidate.is_file():
            return candidate
    raise MissingFileError(f"The ENVI header {path} has no data file beside it.", hint="Copy the data file there.")


def _describe(name: str, dataset: DatasetReader, resolution: float | None) -> RasterInfo:
    """Collect what the raster says about itself and refuse what cannot be worked with."""
    shown = without_password(name)
    if dataset.count == 0:
        raise NotARasterError(f"{shown} has no bands.", hint="Give a raster that holds pixels.")
    if any(dtype not in _NUMERIC for dtype in dataset.dtypes):
        odd = next(dtype for dtype in dataset.dtypes if dtype not in _NUMERIC)
        if "complex" in odd:
            raise NotARasterError(
                f"{shown} holds complex numbers.", hint="Turn single-look complex radar into backscatter in dB first."
            )
        raise NotARasterError(f"{shown} holds values of type {odd}.", hint="Convert it to 8, 16 or 32 bits.")
    a, b, c, d, e, f = transform_of(dataset)
    sides = math.hypot(a, d), math.hypot(b, e)
    far = not all(math.isfinite(value) and abs(value) < _FARTHEST for value in (a, b, c, d, e, f))
    if far or min(sides) < 1.0 / _FARTHEST or abs(a * e - b * d) < 1e-9 * sides[0] * sides[1]:
        raise InputError(
            f"The georeference of {shown} is broken: its pixels have no size.",
            hint="Assign a proper transform, for example with gdal_edit.",
        )
    try:
        crs_wkt = dataset.crs.to_wkt() if dataset.crs else None
    except (RasterioError, ValueError):
        crs_wkt = None
    grid = GridSpec(crs_wkt or None, (a, b, c, d, e, f), dataset.width, dataset.height)
    bands = range(1, dataset.count + 1)
    tags = dict(dataset.tags())
    for namespace in ("ENVI", "IMAGERY"):
        tags |= dataset.tags(ns=namespace)
    return RasterInfo(
        path=name,
        grid=grid if resolution is None else grid.at_resolution(resolution),
        count=dataset.count,
        dtypes=tuple(dataset.dtypes),
        nodata=tuple(_usable(value, dtype) for value, dtype in zip(dataset.nodatavals, dataset.dtypes, strict=True)),
        descriptions=tuple(text or None for text in dataset.descriptions),
        units=tuple(text or None for text in dataset.units),
        scales=tuple(float(value) for value in dataset.scales),
        offsets=tuple(float(value) for value in dataset.offsets),
        colour_roles=tuple(role.name for role in dataset.colorinterp),
        tags=tags,
        band_tags=tuple(dataset.tags(index) for index in bands),
        driver=dataset.driver,
        files=() if _is_remote(name) else _local_files(name, dataset),
        has_palette=dataset.colorinterp[0] == ColorInterp.palette,
    )


def transform_of(dataset: DatasetReader) -> tuple[float, ...]:
    """Returns the six numbers that place a dataset's pixels.

    A picture that lies nowhere is placed as QGIS shows it, its top left corner at 0, 0 and y growing upwards, so that
    places and outlines drawn on it there mean the same here. GDAL would count its rows downwards.
    """
    numbers = tuple(float(value) for value in dataset.transform[:6])
    return (1.0, 0.0, 0.0, 0.0, -1.0, 0.0) if numbers == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0) else numbers


def _usable(nodata: float | None, dtype: str) -> float | None:
    """Drop a nodata value that the type cannot hold: it marks nothing."""
    if nodata is None:
        return None
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return float(nodata)
    limits = np.iinfo(kind)
    return float(nodata) if math.isfinite(nodata) and limits.min <= nodata <= limits.max else None


def _local_files(name: str, dataset: DatasetReader) -> tuple[str, ...]:
    """List the files whose change means that the raster changed."""
    files = [file for file in dataset.files if os.path.isfile(file)]
    if os.path.isdir(name):
        files += [
            str(path) for path in Path(name).rglob("*") if path.suffix.lower() in (".tif", ".tiff", ".jp2", ".img")
        ]
    elif not files and os.path.isfile(name):
        files = [name]
    return tuple(sorted(set(files)))
