"""The platform's folder for caches."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_base() -> Path:
    """Returns this program's folder in the platform's own place for caches."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "geolangbind"
