"""The local files behind a raster, through nested virtual rasters, archives and folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import InputError
from core.raster.gdal_open import opened_gdal

_NO_PIXELS = re.compile(
    r"\.(aux\.xml|qml|qmd|qlr|sld|prj|[a-z]{2,4}w|wld|txt|html?|md|pdf|csv|cpg|lock)$", re.IGNORECASE
)
"""Companions that say how a raster is shown or where it lies; what of them counts is in the raster's description."""
_IN_ARCHIVE = re.compile(r"^/vsi(?:zip|tar|gzip|7z|rar)/\{?(?P<path>[^{}]*?\.(?:zip|kmz|tar|tgz|gz|7z|rar))\}?(?:/|$)")
_VIRTUAL = (".vrt", ".gti", ".gti.gpkg")
_RASTERS = (".tif", ".tiff", ".jp2", ".img")


def pixel_files(files: Sequence[str]) -> tuple[str, ...]:
    """Return the local files whose pixels a raster shows.

    Args:
        files: files that GDAL names for the raster.

    Returns:
        Absolute paths, sorted; archives for what lies within them; the files behind virtual rasters at any depth.
    """
    found: set[str] = set()
    waiting = list(files)
    while waiting:
        local = _local(waiting.pop())
        if local is None or local in found or _NO_PIXELS.search(local):
            continue
        found.add(local)
        if local.lower().endswith(_VIRTUAL):
            waiting += _sources(local)
    return tuple(sorted(found))


def named_files(name: str, files: Sequence[str]) -> tuple[str, ...]:
    """Return the local files that a raster is made of, companions included: none of them may be written over.

    Args:
        name: what the user called the raster.
        files: files that GDAL names for it.
    """
    found = {local for file in files if (local := _local(file)) is not None}
    if os.path.isdir(name):
        found |= {str(path) for path in Path(name).rglob("*") if path.suffix.lower() in _RASTERS}
    elif not found and os.path.isfile(name):
        found = {name}
    return tuple(sorted(found))


def tree_of_folder(folder: str) -> Iterator[str]:
    """Yield all files below a folder that a format keeps its pixels in (Zarr, Esri grid)."""
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            yield os.path.join(place, name)


def _local(file: str) -> str | None:
    """Return the file on this machine's disk that holds a file of GDAL's; None where there is none."""
    packed = _IN_ARCHIVE.match(file)
    path = packed["path"] if packed else file
    return path if os.path.isfile(path) else None


def _sources(virtual: str) -> list[str]:
    """Return the files that a virtual raster names; none where it does not open."""
    try:
        with opened_gdal(virtual) as dataset:
            return [file for file in dataset.files if os.path.abspath(file) != os.path.abspath(virtual)]
    except InputError:
        return []
