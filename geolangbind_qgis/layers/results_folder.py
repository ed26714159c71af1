"""Where results lie until the user saves them: in QGIS's temporary folder, which goes when QGIS ends."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from qgis.core import QgsProcessingUtils

_PREFIX = "geolangbind-"


def new_file(stem: str, ending: str = ".tif") -> Path:
    """Returns a path in a fresh folder, so that side files of results never mix.

    Args:
        stem: words for the file name.
        ending: with the dot.
    """
    folder = tempfile.mkdtemp(prefix=_PREFIX, dir=QgsProcessingUtils.tempFolder())
    return Path(folder) / f"{file_stem(stem)}{ending}"


def file_stem(words: str) -> str:
    """Returns words as a file name without ending; what file systems dislike is replaced."""
    return re.sub(r"[^\w-]+", "_", words).strip("_")[:40] or "result"


def discard(path: str | Path) -> None:
    """Remove a file that ``new_file`` named, with all that lies beside it; files of the user's own stay.

    Once no layer shows it: Windows removes no open file, which then goes with QGIS's temporary folder.
    """
    folder = Path(path).parent
    if folder.name.startswith(_PREFIX) and folder.parent == Path(QgsProcessingUtils.tempFolder()):
        shutil.rmtree(folder, ignore_errors=True)
