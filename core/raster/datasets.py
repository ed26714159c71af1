"""Opens rasters by the names that users and QGIS give them: files, folders, products, archives, sub-datasets."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rasterio.io import DatasetReader

from core.errors import InputError
from core.raster.failures import MissingFileError, NotARasterError
from core.raster.gdal_open import gdal_name, is_remote, open_gdal, open_vrt, remote_place, remote_settings
from core.raster.listing import Listing, is_archive_file, list_archive, list_folder
from core.raster.members import Member, Stack, stack_of, subdataset_name
from core.raster.npy_tiles import npy_vrt
from core.raster.stack_vrt import stack_vrt

NUMERIC = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")
"""Types of pixels that can be worked with."""
_CONNECTION = re.compile(r"/vsi|<VRT|<GDAL|vrt://|[A-Za-z][A-Za-z0-9_]+:(?![/\\]{2})[\"']?.+", re.DOTALL)
"""What GDAL takes in place of a path: a driver's prefix, a virtual file system, a virtual raster."""
_PRODUCT_METADATA = re.compile(r"^(MTD_MSIL\w*\.xml|L[COTEM]\d\d_.*_MTL\.(txt|xml|json))$", re.IGNORECASE)
"""Files that stand for the product in whose folder they lie."""
_ENVI_ENDINGS = ("", ".dat", ".img", ".bsq", ".bil", ".bip", ".raw")


def open_dataset(name: str, stack: ExitStack) -> DatasetReader:
    """Open a raster by the name that a user or QGIS gives it.

    Args:
        name: file, ENVI header, folder, product, archive, sub-dataset, address, or anything else that GDAL opens.
        stack: closes what is opened.

    Raises:
        MissingFileError: nothing is there.
        NotARasterError: it is no raster, or holds several that do not make one image.
        InputError: its parts do not fit together.
    """
    if not name.strip():
        raise MissingFileError("No raster was named.", hint="Give the path of a raster.")
    if is_remote(name):
        stack.enter_context(remote_settings())
        return open_gdal(remote_place(name), name, stack)
    path, options = gdal_name(name)
    if os.path.isdir(path):
        return _open_folder(Path(path), stack)
    if os.path.exists(path):
        return _open_file(Path(path), stack, options)
    if not _CONNECTION.match(path):
        raise MissingFileError(f"There is no file {path}.", hint="Check the path.")
    dataset = open_gdal(path, name, stack, **options)
    return _image_of(name, dataset, stack)


def envi_data(path: Path) -> Path:
    """Return the data file of an ENVI header, or the path itself.

    Raises:
        MissingFileError: the header has no data file beside it.
    """
    if path.suffix.lower() != ".hdr":
        return path
    for suffix in _ENVI_ENDINGS:
        candidate = path.with_suffix(suffix)
        if candidate != path and candidate.is_file():
            return candidate
    raise MissingFileError(f"The ENVI header {path} has no data file beside it.", hint="Copy the data file there.")


def _open_file(path: Path, stack: ExitStack, options: dict[str, str]) -> DatasetReader:
    if _PRODUCT_METADATA.match(path.name):
        return _open_members(list_folder(path.parent), str(path), stack)
    if path.suffix.lower() == ".npy":
        return open_vrt(npy_vrt(path), str(path), stack)
    if is_archive_file(path):
        return _open_members(list_archive(path), str(path), stack)
    return _image_of(str(path), open_gdal(str(envi_data(path)), str(path), stack, **options), stack)


def _open_folder(folder: Path, stack: ExitStack) -> DatasetReader:
    """Open a folder as a set of bands, or as the raster that GDAL knows it to be (Zarr, Esri grid, SAFE of radar)."""
    try:
        return _open_members(list_folder(folder), str(folder), stack)
    except NotARasterError as refusal:
        with ExitStack() as trial:
            try:
                dataset = _image_of(str(folder), open_gdal(str(folder), str(folder), trial), trial)
            except NotARasterError as problem:
                raise (problem if "several rasters" in problem.message else refusal) from problem
            stack.push(trial.pop_all())
            return dataset


def _open_members(listing: Listing, name: str, stack: ExitStack) -> DatasetReader:
    found = stack_of(listing)
    if len(found.members) == 1:
        return _image_of(name, open_gdal(found.members[0].source, name, stack), stack)
    return open_vrt(stack_vrt(found), name, stack)


def _image_of(name: str, dataset: DatasetReader, stack: ExitStack) -> DatasetReader:
    """Return the dataset itself, or the image that the sub-datasets of a container make."""
    if dataset.count or not dataset.subdatasets:
        return dataset
    return _open_subdatasets(name, dataset.subdatasets, stack)


def _open_subdatasets(name: str, subdatasets: Sequence[str], stack: ExitStack) -> DatasetReader:
    """Choose among the variables of a container, or stack them where they are one band each on one grid."""
    sizes: dict[str, tuple[int, int, int]] = {}
    for subdataset in subdatasets:
        with ExitStack() as trial:
            try:
                opened = open_gdal(subdataset, subdataset, trial)
            except InputError:
                continue
            if min(opened.width, opened.height) > 1 and opened.count and opened.dtypes[0] in NUMERIC:
                sizes[subdataset] = (opened.width, opened.height, opened.count)
    many = [subdataset for subdataset, (_, _, count) in sizes.items() if count > 1]
    chosen = many if many else list(sizes)
    if len(chosen) == 1:
        return open_gdal(chosen[0], name, stack)
    if chosen and not many and len({sizes[subdataset][:2] for subdataset in chosen}) == 1:
        members = tuple(Member(subdataset, subdataset_name(subdataset)) for subdataset in chosen)
        return open_vrt(stack_vrt(Stack(members)), name, stack)
    listed = ", ".join(list(sizes or subdatasets)[:12])
    raise NotARasterError(
        f"{name} holds several rasters that do not make one image.", hint=f"Give one of them as the raster: {listed}."
    )
