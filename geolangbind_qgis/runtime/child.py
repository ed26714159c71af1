"""Environment of child processes, without QGIS's Python, PROJ, GDAL and Qt variables, which break other Pythons."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

FOREIGN_PREFIXES = ("PYTHON", "PROJ_", "GDAL_", "QT_", "QML", "QGIS_", "OSGEO4W", "DYLD_", "CONDA_", "GISBASE", "GRASS")
FOREIGN_NAMES = frozenset({"VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "OGR_DRIVER_PATH", "GEOTIFF_CSV", "SSL_CERT_DIR"})
WANTED_PREFIXES = ("GDAL_HTTP_",)
"""Network settings for remote rasters are the person's own and stay."""

LIBRARY_PATHS = ("LD_LIBRARY_PATH",) if os.name != "nt" else ("PATH",)


def child_environment(
    base: Mapping[str, str] | None = None, *, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Returns the environment for a child process.

    Args:
        base: the environment to clean; the process's own where None.
        extra: variables to add afterwards, for instance a proxy's.
    """
    inherited = os.environ if base is None else base
    kept = {name: value for name, value in inherited.items() if not _is_foreign(name)}
    for name in LIBRARY_PATHS:
        if name in kept:
            kept[name] = _without_gdal_folders(kept[name])
            if not kept[name]:
                del kept[name]
    kept.update(extra or {})
    return kept


def _is_foreign(name: str) -> bool:
    upper = name.upper()
    if upper.startswith(WANTED_PREFIXES):
        return False
    return upper in FOREIGN_NAMES or upper.startswith(FOREIGN_PREFIXES)


def _without_gdal_folders(search_path: str) -> str:
    """Drop folders with another GDAL, PROJ or Qt in them, as QGIS bundles put on the search path."""
    folders = search_path.split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder and not _holds_gdal(Path(folder)))


def _holds_gdal(folder: Path) -> bool:
    try:
        names = [entry.name.lower() for entry in os.scandir(folder)]
    except OSError:
        return False
    foreign = ("libgdal", "gdal", "libproj", "proj_", "libqt5core", "libqt6core", "qt5core", "qt6core")
    return any(name.startswith(foreign) and (".so" in name or ".dll" in name or ".dylib" in name) for name in names)
