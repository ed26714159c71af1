"""Metadata of a raster without its pixels, and refusal of rasters that cannot be processed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from core.errors import InputError
from core.raster.datasets import NUMERIC
from core.raster.failures import NotARasterError, read_failure, without_password
from core.raster.file_tree import named_files
from core.raster.gdal_open import gdal_name, is_remote
from core.raster.grid import GridSpec
from core.raster.pixel_areas import pixel_size_m

_FARTHEST = 1e12  # units; larger coordinates and smaller pixels are no places on Earth
_NO_METADATA = re.compile(r"^(xml:|json:|IMAGE_STRUCTURE$|DERIVED_SUBDATASETS$|SUBDATASETS$|COLOR_PROFILE$|RPC$)")
"""Domains of GDAL's metadata that do not describe the bands in plain text."""


@dataclass(frozen=True)
class RasterInfo:
    """Metadata of a raster, without reading pixels.

    Attributes:
        path: as it was requested.
        grid: reference system, transform and size in pixels, at the resolution it is read at.
        count: number of bands.
        dtypes: NumPy type name of each band.
        nodata: value without data of each band, None where there is none.
        descriptions: name of each band, None where it has none.
        units: physical unit of each band, None where it has none.
        scales: physical value = digital number * scale + offset, as the file declares, of each band.
        offsets: see scales.
        colour_roles: GDAL's colour interpretation of each band ("red", "gray", "alpha", ...).
        tags: metadata of the whole raster from all domains that hold plain text, ENVI header included.
        band_tags: metadata of each band, likewise.
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


def info_of(name: str, dataset: DatasetReader, resolution: float | None) -> RasterInfo:
    """Return the metadata of an open dataset.

    Args:
        name: what the user called it.
        dataset: open.
        resolution: pixel size it is read at, in the raster's units; None for its own.

    Raises:
        NotARasterError: it has no bands, or holds complex numbers.
        InputError: its georeference is broken.
    """
    _check_bands(name, dataset)
    grid = _grid_of(name, dataset)
    try:
        return _described(name, dataset, grid if resolution is None else grid.at_resolution(resolution))
    except InputError:
        raise
    except Exception as problem:  # GDAL's own error classes share no public base
        raise read_failure(name, problem) from problem


def _described(name: str, dataset: DatasetReader, grid: GridSpec) -> RasterInfo:
    return RasterInfo(
        path=name,
        grid=grid,
        count=dataset.count,
        dtypes=tuple(dataset.dtypes),
        nodata=tuple(_usable(value, dtype) for value, dtype in zip(dataset.nodatavals, dataset.dtypes, strict=True)),
        descriptions=tuple(text or None for text in dataset.descriptions),
        units=tuple(text or None for text in dataset.units),
        scales=tuple(float(value) for value in dataset.scales),
        offsets=tuple(float(value) for value in dataset.offsets),
        colour_roles=tuple(role.name for role in dataset.colorinterp),
        tags=_tags_of(dataset, 0),
        band_tags=tuple(_tags_of(dataset, index) for index in range(1, dataset.count + 1)),
        driver=dataset.driver,
        files=() if is_remote(name) else named_files(gdal_name(name)[0], dataset.files),
        has_palette=dataset.colorinterp[0] == ColorInterp.palette,
    )


def with_band_metadata_of(file: DatasetReader, info: RasterInfo) -> RasterInfo:
    """Return a warped raster's metadata with the band metadata of its file, which warping loses."""
    told = info_of(info.path, file, None)
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


def transform_of(dataset: DatasetReader) -> Affine:
    """Return the transform of a dataset's pixels.

    An image without georeference gets the transform that QGIS shows it with: top left corner at (0, 0), y growing
    upwards, so that coordinates drawn in QGIS are valid here. GDAL's own default counts rows downwards.
    """
    placed = Affine(*(float(value) for value in dataset.transform[:6]))
    return Affine(1.0, 0.0, 0.0, 0.0, -1.0, 0.0) if placed == Affine.identity() else placed


def _check_bands(name: str, dataset: DatasetReader) -> None:
    shown = without_password(name)
    if dataset.count == 0:
        raise NotARasterError(f"{shown} has no bands.", hint="Give a raster that holds pixels.")
    odd = next((dtype for dtype in dataset.dtypes if dtype not in NUMERIC), None)
    if odd is not None and "complex" in odd:
        raise NotARasterError(
            f"{shown} holds complex numbers.", hint="Turn single-look complex radar into backscatter in dB first."
        )
    if odd is not None:
        raise NotARasterError(f"{shown} holds values of type {odd}.", hint="Convert it to 8, 16 or 32 bits.")


def _grid_of(name: str, dataset: DatasetReader) -> GridSpec:
    placed = transform_of(dataset)
    sides = math.hypot(placed.a, placed.d), math.hypot(placed.b, placed.e)
    far = not all(math.isfinite(value) and abs(value) < _FARTHEST for value in placed[:6])
    if far or min(sides) < 1.0 / _FARTHEST or abs(placed.determinant) < 1e-9 * sides[0] * sides[1]:
        raise InputError(
            f"The georeference of {without_password(name)} is broken: its pixels have no size.",
            hint="Assign a proper transform, for example with gdal_edit.",
        )
    try:
        crs_wkt = dataset.crs.to_wkt() if dataset.crs else None
    except (RasterioError, ValueError):
        crs_wkt = None
    return GridSpec(crs_wkt or None, placed, dataset.width, dataset.height)


def _tags_of(dataset: DatasetReader, band: int) -> dict[str, str]:
    """Return the metadata of a band, or of the whole for 0, of every domain that holds plain text."""
    tags: dict[str, str] = {}
    for domain in ("", *dataset.tag_namespaces(band)):
        if not _NO_METADATA.match(domain):
            tags |= dataset.tags(band, ns=domain or None)
    return tags


def _usable(nodata: float | None, dtype: str) -> float | None:
    """Return a nodata value, or None where the type cannot hold it: it marks nothing."""
    if nodata is None:
        return None
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return float(nodata)
    limits = np.iinfo(kind)
    return float(nodata) if math.isfinite(nodata) and limits.min <= nodata <= limits.max else None
