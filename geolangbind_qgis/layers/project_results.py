"""Moves results beside their project when it is saved, and removes those of unsaved projects when they are closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QCoreApplication, QObject

from geolangbind_qgis.layers.answer import keep_past_answers, past_answers
from geolangbind_qgis.layers.open_raster import point_to
from geolangbind_qgis.layers.results_folder import discard_unsaved, keep, move_result, results_folder, unsaved_results


class ProjectResults(QObject):
    """Moves the results of a project that is saved for the first time into the folder beside it.

    Args:
        chosen_folder: returns the folder that the user set for results; empty for the one of the project.
        keep_all: returns whether results of projects that are closed without being saved stay, too.
        parent: owner.
    """

    def __init__(
        self, chosen_folder: Callable[[], str], keep_all: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._chosen_folder = chosen_folder
        self._keep_all = keep_all
        project = QgsProject.instance()
        project.writeProject.connect(self._on_write)
        project.readProject.connect(self._on_read)
        project.cleared.connect(self._on_closed)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._on_closed)

    def clean_up(self) -> None:
        """Disconnect from the project."""
        project = QgsProject.instance()
        project.writeProject.disconnect(self._on_write)
        project.readProject.disconnect(self._on_read)
        project.cleared.disconnect(self._on_closed)

    def _on_write(self, *_: object) -> None:
        """Move results from the folder of unsaved projects, before QGIS writes the layers' sources."""
        project = QgsProject.instance()
        if not project.absoluteFilePath():
            return
        target, home = results_folder(project, self._chosen_folder()), unsaved_results()
        for layer in project.mapLayers().values():
            moved = {path: move_result(path, target) for path in _files_of(layer) if path.parent.parent == home}
            for new in moved.values():
                keep(new)
            _follow(layer, {str(old): str(new) for old, new in moved.items()}, home, target)

    def _on_closed(self) -> None:
        if not self._keep_all():
            discard_unsaved()

    def _on_read(self, *_: object) -> None:
        """Repair the paths of earlier answers after the project was moved together with its results."""
        for layer in QgsProject.instance().mapLayers().values():
            past = past_answers(layer)
            if past:
                folder = Path(_path(layer)).parent.parent
                keep_past_answers(layer, [replace(each, raster=_found(each.raster, folder)) for each in past])


def _files_of(layer: QgsMapLayer) -> list[Path]:
    """Returns the files of a layer's present and earlier answers, with the sources of virtual rasters."""
    rasters = [_path(layer), *(answer.raster for answer in past_answers(layer))]
    found: dict[Path, None] = {}
    for raster in rasters:
        if not raster or not Path(raster).is_file():
            continue
        found[Path(raster)] = None
        if raster.endswith(".vrt"):
            found.update(dict.fromkeys(_parts(raster)))
    return list(found)


def _parts(raster: str) -> list[Path]:
    """Returns all files that a virtual raster consists of."""
    data = gdal.Open(raster)
    below = [Path(name) for name in (data.GetFileList() if data is not None else []) or [] if name != raster]
    deeper = [part for name in below if name.suffix == ".vrt" for part in _parts(str(name))]
    return [path.resolve() for path in (*below, *deeper)]


def _follow(layer: QgsMapLayer, moved: dict[str, str], home: Path, target: Path) -> None:
    """Update the paths of a layer's raster and earlier answers after a move."""
    path = _path(layer)
    new = moved.get(path) or str(target / Path(path).parent.name / Path(path).name)
    if Path(path).parent.parent == home and Path(new).is_file():
        if isinstance(layer, QgsRasterLayer):
            point_to(layer, new)
        else:
            layer.setDataSource(new + layer.source()[len(path) :], layer.name(), layer.providerType())
    past = past_answers(layer)
    if past:
        keep_past_answers(layer, [replace(each, raster=_found(each.raster, target)) for each in past])


def _found(raster: str, folder: Path) -> str:
    """Returns the path of a raster, or of the file of that name in another results folder."""
    other = folder / Path(raster).parent.name / Path(raster).name
    return str(other) if not Path(raster).is_file() and other.is_file() else raster


def _path(layer: QgsMapLayer) -> str:
    return layer.source().split("|", 1)[0]
