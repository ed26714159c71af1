"""Locations of Python interpreters on each operating system."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .platforms import MACOS, Platform, this_platform
from .translation import tr

OLDEST = (3, 11)
NEWEST = (3, 14)
"""The versions for which the locked packages are published."""

_MAC_STUB = Path("/usr/bin/python3")
"""Opens a window that offers developer tools, and is too old where these are installed."""


def version_range() -> str:
    """Returns the versions that serve, as text."""
    return tr("{0} to {1}").format(f"{OLDEST[0]}.{OLDEST[1]}", f"{NEWEST[0]}.{NEWEST[1]}")


def candidates(platform: Platform | None = None, search_path: str | None = None) -> Iterator[Path]:
    """Yields the interpreters of this computer, each once.

    This process's own come first, then those on the search path, then those of installers that need no administrator.

    Args:
        platform: the system; None for this one.
        search_path: folders of programs; None for those of this process.
    """
    platform = platform or this_platform()
    seen = set()
    for path in (*_own(), *_on_search_path(platform, search_path), *_installed(platform)):
        key = os.path.realpath(path)
        if path.is_file() and key not in seen and not (platform.system == MACOS and path == _MAC_STUB):
            seen.add(key)
            yield path


def _own() -> Iterator[Path]:
    own = Path(sys.executable) if sys.executable else None
    if own is not None and own.name.lower().startswith("python"):
        yield own
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):  # in QGIS, sys.executable may be QGIS itself
        for name in ("python.exe", "python3.exe", "bin/python3"):
            yield Path(prefix) / name


def _on_search_path(platform: Platform, search_path: str | None) -> Iterator[Path]:
    names = [f"python{OLDEST[0]}.{minor}" for minor in _minors()]
    for name in ["python3", *names, "python"]:
        found = shutil.which(name, path=search_path)
        if found and not (platform.is_windows and "WindowsApps" in found):  # Microsoft's stand-ins open the shop
            yield Path(found)


def _installed(platform: Platform) -> Iterator[Path]:
    """Yields the default locations of installers, also if the search path is short, as in desktop programs."""
    variables = platform.variables
    if platform.is_windows:
        for root in (variables.get("LOCALAPPDATA", ""), variables.get("PROGRAMFILES", "")):
            for minor in _minors() if root else ():
                yield Path(root) / "Programs" / "Python" / f"Python3{minor}" / "python.exe"
                yield Path(root) / f"Python3{minor}" / "python.exe"
    home = variables.get("USERPROFILE" if platform.is_windows else "HOME", "")
    if platform.system == MACOS:
        for minor in _minors():
            yield Path(f"/Library/Frameworks/Python.framework/Versions/3.{minor}/bin/python3")
        yield from (Path("/opt/homebrew/bin/python3"), Path("/usr/local/bin/python3"))
    if home:
        yield from _in_home(Path(home), platform)


def _in_home(home: Path, platform: Platform) -> Iterable[Path]:
    """Returns the Pythons of Miniforge, Miniconda, pyenv and uv in a home folder."""
    program = "python.exe" if platform.is_windows else "bin/python3"
    conda = [home / name / program for name in ("miniforge3", "mambaforge", "miniconda3", "anaconda3")]
    versions = [f"3.{minor}" for minor in _minors()]
    managed = (home / ".pyenv" / "versions", home / ".local" / "share" / "uv" / "python")
    found = [path for folder in managed for version in versions for path in sorted(folder.glob(f"*{version}.*"))]
    return [*conda, *(folder / program for folder in found)]


def _minors() -> range:
    return range(NEWEST[1], OLDEST[1] - 1, -1)
