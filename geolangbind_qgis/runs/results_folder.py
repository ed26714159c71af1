"""Where results lie until the user saves them: in QGIS's temporary folder, which goes when QGIS ends."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from qgis.core import QgsProcessingUtils


def new_file(stem: str, ending: str = ".tif") -> Path:
    """Give a path in a fresh folder, so that side files of results never mix.

    Args:
        stem: words for the file name; what file systems dislike is replaced.
        ending: with the dot.
    """
    name = re.sub(r"[^\w-]+", "_", stem).strip("_")[:40] or "result"
    folder = tempfile.mkdtemp(prefix="geolangbind-", dir=QgsProcessingUtils.tempFolder())
    return Path(folder) / f"{name}{ending}"
