"""The program's folders where the platform has its users' caches and data.

``platformdirs`` would save these twenty lines, but on Windows it has folders of other
names (an author's above the program's, ``Cache`` below it) than those in which users have their feature stores and
models, and it would be one more package in every environment of the runtime.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

NAME = "geolangbind"


def cache_base() -> Path:
    """Returns the folder of data that can be computed or downloaded again."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / NAME
    return _windows_or_xdg("XDG_CACHE_HOME", Path.home() / ".cache")


def data_base() -> Path:
    """Returns the folder of the user's data, such as fine-tuned models."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / NAME
    return _windows_or_xdg("XDG_DATA_HOME", Path.home() / ".local" / "share")


def _windows_or_xdg(variable: str, default: Path) -> Path:
    """A variable that is empty counts as unset, as the XDG Base Directory Specification has it."""
    if sys.platform == "win32":
        variable, default = "LOCALAPPDATA", Path.home() / "AppData" / "Local"
    return Path(os.environ.get(variable) or default) / NAME


def is_private(folder: Path) -> bool:
    """Create a folder if it is missing, and return whether only its owner, the current user, can write to it.

    Code is loaded from it, so other users must not be able to write to it.
    """
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        about = folder.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):  # Windows: the user's own profile
        return True
    return about.st_uid == os.getuid() and not folder.is_symlink() and not about.st_mode & 0o022
