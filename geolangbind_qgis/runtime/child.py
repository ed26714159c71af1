"""Environment variables of child processes, without QGIS's Python, PROJ, GDAL and Qt, which break other Pythons."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .platforms import Platform, this_platform

FOREIGN_PREFIXES = ("PYTHON", "PROJ_", "GDAL_", "QT_", "QML", "QGIS_", "OSGEO4W", "DYLD_", "CONDA_", "GISBASE", "GRASS")
FOREIGN_NAMES = frozenset({"VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "OGR_DRIVER_PATH", "GEOTIFF_CSV", "SSL_CERT_DIR"})
WANTED_PREFIXES = ("GDAL_HTTP_",)
"""Prefixes of variables that are passed on: the user's network settings for remote rasters."""


def child_environment(
    base: Mapping[str, str] | None = None,
    *,
    extra: Mapping[str, str] | None = None,
    platform: Platform | None = None,
) -> dict[str, str]:
    """Returns the environment for a child process.

    Args:
        base: the environment to clean; the process's own where None.
        extra: variables to add afterwards, for instance a proxy's.
        platform: the system it is for; None for this one.
    """
    platform = platform or this_platform()
    inherited = os.environ if base is None else base
    kept = {name: value for name, value in inherited.items() if not _is_foreign(name)}
    name = platform.library_path
    if name in kept:
        kept[name] = _without_gdal_folders(kept[name], platform.path_separator)
        if not kept[name]:
            del kept[name]
    kept.update(extra or {})
    return kept


def _is_foreign(name: str) -> bool:
    upper = name.upper()
    if upper.startswith(WANTED_PREFIXES):
        return False
    return upper in FOREIGN_NAMES or upper.startswith(FOREIGN_PREFIXES)


def _without_gdal_folders(search_path: str, separator: str) -> str:
    """Returns the search path without folders of another GDAL, PROJ or Qt, which QGIS bundles add."""
    folders = search_path.split(separator)
    return separator.join(folder for folder in folders if folder and not _holds_gdal(Path(folder)))


def _holds_gdal(folder: Path) -> bool:
    try:
        names = [entry.name.lower() for entry in os.scandir(folder)]
    except OSError:
        return False
    foreign = ("libgdal", "gdal", "libproj", "proj_", "libqt5core", "libqt6core", "qt5core", "qt6core")
    return any(name.startswith(foreign) and (".so" in name or ".dll" in name or ".dylib" in name) for name in names)
