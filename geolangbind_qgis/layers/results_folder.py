"""Folders of files: temporary files in QGIS's temporary folder, results in a folder that stays.

Results of a saved project lie in a folder beside it, those of a project that was never saved in the user's profile,
and they move beside the project when it is saved; so a project that is opened again finds them.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from qgis.core import QgsApplication, QgsProcessingUtils, QgsProject

_PREFIX = "geolangbind-"
_BESIDE_PROJECT = "_geolangbind"

_unsaved: set[Path] = set()
"""Folders that this session made for a project that was not saved yet."""


def new_file(stem: str, ending: str = ".tif") -> Path:
    """Returns a path in a fresh temporary folder, so that side files never mix.

    Args:
        stem: words for the file name.
        ending: with the dot.
    """
    return _in_fresh_folder(QgsProcessingUtils.tempFolder(), stem, ending)


def new_result(stem: str, ending: str = ".tif", chosen_folder: str = "") -> Path:
    """Returns a path for a result that stays, in a fresh folder.

    Args:
        stem: words for the file name.
        ending: with the dot.
        chosen_folder: the folder that the user set for results; empty for the one of the project.
    """
    folder = results_folder(QgsProject.instance(), chosen_folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _in_fresh_folder(str(folder), stem, ending)
    except OSError:  # a project on a medium that cannot be written
        unsaved_results().mkdir(parents=True, exist_ok=True)
        path = _in_fresh_folder(str(unsaved_results()), stem, ending)
    if path.parent.parent == unsaved_results():
        _unsaved.add(path.parent)
    return path


def results_folder(project: QgsProject, chosen_folder: str = "") -> Path:
    """Returns the folder for the results of a project."""
    if chosen_folder:
        return Path(chosen_folder)
    saved = project.absoluteFilePath()
    if not saved:
        return unsaved_results()
    return Path(saved).with_name(Path(saved).stem + _BESIDE_PROJECT)


def unsaved_results() -> Path:
    """Returns the folder for results of projects that were not saved yet."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "geolangbind" / "results"


def is_result(path: Path) -> bool:
    """Whether a path is one that this module named."""
    return path.parent.name.startswith(_PREFIX)


def file_stem(words: str) -> str:
    """Returns text as a file name without suffix; characters that file systems reject are replaced."""
    return re.sub(r"[^\w-]+", "_", words).strip("_")[:40] or "result"


def discard(path: str | Path) -> None:
    """Delete a file named by this module and its folder; the user's own files are not touched.

    Once no layer shows it: Windows removes no open file, which then stays until QGIS ends.
    """
    folder = Path(path).parent
    if folder.name.startswith(_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def move_result(path: Path, target: Path) -> Path:
    """Move a result and its companion files into another results folder.

    Returns:
        The new path; the old one where it cannot be moved, for instance to another disk while it is open.
    """
    folder = path.parent
    if not folder.name.startswith(_PREFIX) or folder.parent == target or not folder.is_dir():
        return path
    try:
        target.mkdir(parents=True, exist_ok=True)
        folder.replace(target / folder.name)
    except OSError:
        return path
    return target / folder.name / path.name


def keep(path: Path) -> None:
    """Exempt a result from removal when its project is closed."""
    _unsaved.discard(path.parent)


def discard_unsaved() -> None:
    """Delete the results of this session that belong to no saved project."""
    for folder in list(_unsaved):
        shutil.rmtree(folder, ignore_errors=True)
        _unsaved.discard(folder)


def _in_fresh_folder(parent: str, stem: str, ending: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)) / f"{file_stem(stem)}{ending}"
