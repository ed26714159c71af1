"""Tiles of TESSERA as its library downloads them: arrays of NumPy beside a GeoTIFF with their georeference.

``ROOT/global_0.1_degree_representation/YEAR/grid_LON_LAT/grid_LON_LAT.npy`` holds (rows, columns, 128) of int8, a file
``grid_LON_LAT_scales.npy`` beside it (rows, columns) of float32 by which they are multiplied, and
``ROOT/global_0.1_degree_tiff_all/grid_LON_LAT.tiff`` the place (https://github.com/ucam-eo/geotessera). The arrays are
read where they are, as a virtual raster.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from affine import Affine

from core.raster.failures import NotARasterError
from core.raster.gdal_open import opened_gdal

_TYPES = {"int8": "Int8", "uint8": "Byte", "float32": "Float32", "float64": "Float64", "int16": "Int16"}
_PLACES = "global_0.1_degree_tiff_all"
SCALE_BAND = "scale"
"""Name of the band of factors, which also says where there is no vector."""


@dataclass(frozen=True)
class _Array:
    """Header of an array of NumPy."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int


def npy_vrt(path: Path) -> str:
    """Return the XML of a virtual raster of a tile's axes and, where they lie beside it, its scales.

    Args:
        path: the array of the axes.

    Raises:
        NotARasterError: it is no array of three dimensions, it is the scales of another, or it has no georeference.
    """
    array = _header(path)
    if len(array.shape) != 3:
        what = "the scales of a tile" if path.stem.endswith("_scales") else f"an array of {len(array.shape)} dimensions"
        raise NotARasterError(f"{path} is {what}.", hint="Give the array of the embeddings: rows, columns, axes.")
    height, width, axes = array.shape
    crs_wkt, placed = _place_of(path, width, height)
    root = ElementTree.Element("VRTDataset", rasterXSize=str(width), rasterYSize=str(height))
    ElementTree.SubElement(root, "SRS").text = crs_wkt
    ElementTree.SubElement(root, "GeoTransform").text = ", ".join(map(repr, placed.to_gdal()))
    for axis in range(axes):
        _add_band(root, array, f"Tessera_Band_{axis}", axis)
    factors = path.with_name(f"{path.stem}_scales.npy")
    if factors.is_file():
        scales = _header(factors)
        if scales.shape != (height, width):
            raise NotARasterError(
                f"{factors} holds no scale for each pixel: its shape is {scales.shape}.",
                hint="Export the tile as a GeoTIFF: geotessera download --format tiff.",
            )
        _add_band(root, scales, SCALE_BAND, 0)
    return ElementTree.tostring(root, encoding="unicode")


def _header(path: Path) -> _Array:
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(file)
            array = _Array(path, shape, dtype, file.tell())
    except (OSError, ValueError) as problem:
        raise NotARasterError(f"{path} is no array of NumPy that can be read.", hint="Download it again.") from problem
    if fortran or dtype.name not in _TYPES:
        raise NotARasterError(
            f"{path} holds {dtype.name} in an order that is not read.", hint="Save it as a C-ordered array of numbers."
        )
    if path.stat().st_size < array.offset + int(np.prod(shape)) * dtype.itemsize:
        raise NotARasterError(f"{path} is cut short.", hint="Download it again.")
    return array


def _place_of(path: Path, width: int, height: int) -> tuple[str, Affine]:
    """Return reference system (WKT) and transform from the GeoTIFF that belongs to a tile.

    Raises:
        NotARasterError: there is none, or it has another size.
    """
    stem = path.stem
    candidates = [path.with_name(f"{stem}.tiff"), path.with_name(f"{stem}.tif")]
    candidates += [folder / _PLACES / f"{stem}{suffix}" for folder in path.parents for suffix in (".tiff", ".tif")]
    found = next((candidate for candidate in candidates if candidate.is_file()), None)
    if found is None:
        raise NotARasterError(
            f"Nothing says where {path} lies: there is no {_PLACES}/{stem}.tiff above it.",
            hint="Download the tile's landmask with it, or export it as a GeoTIFF.",
        )
    with opened_gdal(found) as place:
        if (place.width, place.height) != (width, height):
            raise NotARasterError(
                f"{found} has {place.width} × {place.height} pixels, {path.name} {width} × {height}.",
                hint="Download both of one release.",
            )
        return (place.crs.to_wkt() if place.crs else ""), place.transform


def _add_band(root: ElementTree.Element, array: _Array, name: str, axis: int) -> None:
    size = array.dtype.itemsize
    axes = array.shape[2] if len(array.shape) == 3 else 1
    number = str(1 + len(root.findall("VRTRasterBand")))
    band = ElementTree.SubElement(
        root, "VRTRasterBand", dataType=_TYPES[array.dtype.name], band=number, subClass="VRTRawRasterBand"
    )
    ElementTree.SubElement(band, "Description").text = name
    ElementTree.SubElement(band, "SourceFilename", relativeToVRT="0").text = str(array.path.resolve())
    ElementTree.SubElement(band, "ImageOffset").text = str(array.offset + axis * size)
    ElementTree.SubElement(band, "PixelOffset").text = str(axes * size)
    ElementTree.SubElement(band, "LineOffset").text = str(axes * size * array.shape[1])
    ElementTree.SubElement(band, "ByteOrder").text = "MSB" if array.dtype.byteorder == ">" else "LSB"
