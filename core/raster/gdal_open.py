"""Opens files with GDAL for reading; all code that reads pixels uses these functions."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile

from core.raster.failures import open_failure
from core.raster.object_store import SCHEME, gdal_options, gdal_place, is_bucket
from core.raster.virtual_raster import (
    refuse_service,
    refuse_unsafe,
    refuse_unsafe_companions,
    vrt_text,
)

GDAL_FAILURES = (RasterioError, OSError, ValueError, MemoryError)
"""What rasterio and GDAL raise where a file cannot be read."""
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


def is_remote(name: str) -> bool:
    """Tell whether a name is an address on a server."""
    return name.startswith(("http://", "https://", SCHEME))


def remote_place(name: str) -> str:
    """Return GDAL's name of an address on a server (``/vsicurl/…`` or ``/vsis3/…``)."""
    return gdal_place(name) if is_bucket(name) else f"/vsicurl/{name}"


def remote_settings() -> rasterio.Env:
    """Return GDAL's settings for reading from servers, to be entered."""
    return rasterio.Env(**_REMOTE, **gdal_options())


def open_gdal(target: str, name: str, stack: ExitStack, **options: str) -> DatasetReader:
    """Open a dataset by GDAL's name of it.

    Args:
        target: a file, an address, a sub-dataset or XML of a virtual raster, as GDAL takes it.
        name: what a person called it, for messages.
        stack: closes the dataset.
        options: open options of GDAL's driver.

    Raises:
        MissingFileError, NotARasterError: it does not open.
    """
    virtual = vrt_text(target)
    if virtual is not None:  # before GDAL reaches for what it names
        refuse_unsafe(virtual, target)
    else:
        refuse_service(target)
    refuse_unsafe_companions(target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            dataset = stack.enter_context(rasterio.open(target, **options))
        except GDAL_FAILURES as problem:
            if is_remote(name):
                _forget_failure(target)
            raise open_failure(name, problem) from problem
    if dataset.driver == "VRT" and virtual is None:  # on a server, or in an archive
        refuse_unsafe(dataset.tags(ns="xml:VRT").get("xml:VRT", ""), target)
    return dataset


@contextmanager
def opened_gdal(target: str | Path, **options: str) -> Iterator[DatasetReader]:
    """Open a dataset by GDAL's name of it and close it at the end.

    Args:
        target: a file or anything else that GDAL takes in its place.
        options: open options, or ``driver``.

    Raises:
        MissingFileError, NotARasterError: it does not open.
    """
    with ExitStack() as stack:
        yield open_gdal(str(target), str(target), stack, **options)


def open_vrt(xml: str, name: str, stack: ExitStack) -> DatasetReader:
    """Open the XML of a virtual raster.

    Raises:
        MissingFileError, NotARasterError: it does not open.
    """
    memory = stack.enter_context(MemoryFile(xml.encode(), ext=".vrt"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            return stack.enter_context(memory.open())
        except GDAL_FAILURES as problem:
            raise open_failure(name, problem) from problem


def gdal_name(name: str) -> tuple[str, dict[str, str]]:
    """Return GDAL's name and open options of a raster layer's source as QGIS writes it.

    QGIS appends open options to a path as ``|option:KEY=VALUE`` and credentials as ``|credential:KEY=VALUE``.
    """
    path, *added = re.split(r"\|(?=(?:option|credential):)", name)
    options = dict(
        part.removeprefix("option:").split("=", 1) for part in added if re.match(r"option:[A-Za-z0-9_]+=", part)
    )
    return path.removeprefix("file://"), options


def _forget_failure(target: str) -> None:
    """Clear GDAL's record of a failed address, so that the next try reaches the server; nothing is sent now."""
    with suppress(*GDAL_FAILURES), rasterio.Env(CPL_VSIL_CURL_NON_CACHED="/vsicurl/"), rasterio.open(target):
        pass
