"""Results are written whole or not at all: made in a hidden folder beside the target and moved there at the end."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import OutputError

GEOTIFF = (".tif", ".tiff")
GEOPACKAGE = (".gpkg",)
VECTOR = (".gpkg", ".shp", ".geojson", ".fgb", ".json")
TABLE = (".csv",)
"""Endings of results, lower case."""

_COMPANIONS = {".gpkg": ("-wal", "-shm", "-journal"), ".tif": (".ovr", ".msk"), ".tiff": (".ovr", ".msk")}
"""Companions of a replaced file by its ending: journals, overviews and masks, which readers would take for those of the
new file."""

_INDEXES_OF_SHAPEFILES = (".qix", ".sbn", ".sbx", ".idm", ".ind")

_STALE_AFTER_S = 24 * 3600
_LITTLE_BYTES = 8 << 20


@contextmanager
def staging(target: str | Path, suffixes: Sequence[str], sources: Sequence[str] = ()) -> Iterator[Path]:
    """Yields a folder to make a result in; on a clean exit every file in it is moved beside the target.

    The file that is named like the target is moved last, so that it is never there without its companions.

    Args:
        target: where the result goes.
        suffixes: endings that are allowed, lower case.
        sources: inputs, which must not be overwritten.

    Yields:
        An empty folder on the same file system.

    Raises:
        OutputError: the target cannot be written; nothing is left behind.
    """
    path = Path(target)
    check_target(path, suffixes, sources)
    try:
        _remove_stale(path)
        folder = Path(tempfile.mkdtemp(prefix=_prefix(path), dir=path.parent))
    except OSError as problem:
        raise output_failure(path, problem) from problem
    try:
        yield folder
        for made in sorted(folder.iterdir(), key=lambda item: item.name == path.name):
            if made.name == path.name:
                _remove_companions(path)
            os.replace(made, path.parent / made.name)
    except OSError as problem:
        raise output_failure(path, problem) from problem
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def output_failure(path: Path, problem: BaseException) -> OutputError:
    """Say in plain words why a result cannot be written."""
    # GDAL's own errors have numbers, too, and others.
    number = problem.errno if isinstance(problem, OSError) else None
    text = str(problem)
    full = number in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) or "No space left" in text or "too large" in text
    if full or (number is None and _nearly_full(path.absolute().parent)):
        return OutputError(
            f"The disk is full: {path} was not written.", hint="Free some space or choose another folder."
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or "Permission denied" in text:
        return OutputError(
            f"{path} may not be written.", hint="Choose another folder, or close the program that has the file open."
        )
    return OutputError(f"{path} could not be written.", hint="Is there enough space on the disk? Try another folder.")


def _nearly_full(folder: Path) -> bool:
    """Whether the disk is nearly full: GDAL seldom names the reason of a failed write."""
    try:
        return shutil.disk_usage(folder).free < _LITTLE_BYTES
    except OSError:
        return False


def check_target(path: Path, suffixes: Sequence[str], sources: Sequence[str] = ()) -> None:
    """Refuse a target by its name: see ``staging``.

    Raises:
        OutputError: another ending, a folder, a missing folder, or an input.
    """
    if path.suffix.lower() not in suffixes:
        raise OutputError(f"{path} must end in {' or '.join(suffixes)}.", hint="Change the name of the output.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder.", hint="Give the name of a file.")
    if not path.parent.is_dir():
        raise OutputError(f"There is no folder {path.parent}.", hint="Make it first or choose another one.")
    if path.exists() and any(os.path.exists(source) and os.path.samefile(path, source) for source in sources):
        raise OutputError(f"{path} is the input itself.", hint="Choose another name for the output.")


def _remove_companions(path: Path) -> None:
    for ending in _COMPANIONS.get(path.suffix.lower(), ()):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    if path.suffix.lower() == ".shp":
        for ending in _INDEXES_OF_SHAPEFILES:
            path.with_suffix(ending).unlink(missing_ok=True)


def _prefix(path: Path) -> str:
    return f".{path.name}.part-"


def _remove_stale(path: Path) -> None:
    """Remove the staging folder of a run that was killed long ago."""
    for left in path.parent.glob(f"{_prefix(path)}*"):
        if left.is_dir() and time.time() - left.stat().st_mtime > _STALE_AFTER_S:
            shutil.rmtree(left, ignore_errors=True)
