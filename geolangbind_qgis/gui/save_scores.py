"""Keeping a result as a file of the user's own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from geolangbind_qgis import settings
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.copy_file import CopyFileTask
from geolangbind_qgis.layers.open_raster import point_to
from geolangbind_qgis.layers.overlays import KEPT
from geolangbind_qgis.layers.results_folder import file_stem

_running: list[CopyFileTask] = []  # QGIS's task manager does not keep the Python side of a task alive


def ask_and_save_scores(layer: QgsRasterLayer, iface: QgisInterface, parent: QWidget) -> None:
    """Ask for a file, copy the raster there, and let the layer show the copy."""
    folder = Path(settings.value("save_folder", str(Path.home())))
    name, _ = QFileDialog.getSaveFileName(
        parent, tr("Save the raster as"), str(folder / f"{file_stem(layer.name())}.tif"), tr("GeoTIFF (*.tif)")
    )
    if name:
        target = Path(name) if name.lower().endswith((".tif", ".tiff")) else Path(name + ".tif")
        settings.remember("save_folder", str(target.parent))
        save_scores(layer, target, iface)


def save_scores(layer: QgsRasterLayer, target: Path, iface: QgisInterface) -> CopyFileTask:
    """Copy the layer's raster to a file and point the layer to it."""
    task = CopyFileTask(Path(layer.source().split("|", 1)[0]), target)
    _running.append(task)
    task.taskCompleted.connect(partial(_on_saved, task, layer.id(), iface))
    task.taskTerminated.connect(partial(_on_problem, task, iface))
    QgsApplication.taskManager().addTask(task)
    return task


def _on_saved(task: CopyFileTask, layer_id: str, iface: QgisInterface) -> None:
    _running.remove(task)
    project = QgsProject.instance()
    saved = project.mapLayer(layer_id)
    if saved is not None:
        raster = saved.source()
        for layer in project.mapLayers().values():  # all prompts of a run lie in one file
            if isinstance(layer, QgsRasterLayer) and layer.source() == raster:
                point_to(layer, str(task.target))
                layer.setCustomProperty(KEPT, True)
                layer.triggerRepaint()
    iface.messageBar().pushMessage("GeoLangBind", tr("Saved as {0}.").format(task.target), Qgis.MessageLevel.Success)


def _on_problem(task: CopyFileTask, iface: QgisInterface) -> None:
    _running.remove(task)
    if task.problem:
        iface.messageBar().pushMessage("GeoLangBind", task.problem, Qgis.MessageLevel.Warning)
