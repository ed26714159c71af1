"""Saving a result to a file chosen by the user."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qgis.core import Qgis, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from geolangbind_qgis import settings
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.copy_file import Band, CopyFileTask
from geolangbind_qgis.layers.open_raster import point_to
from geolangbind_qgis.layers.overlays import KEPT, answered_together, show_raster
from geolangbind_qgis.layers.results_folder import file_stem
from geolangbind_qgis.layers.score_style import shown_band


def ask_and_save_scores(layer: QgsRasterLayer, iface: QgisInterface, parent: QWidget) -> None:
    """Show the file dialog, copy the raster, and point the layer to the copy."""
    folder = Path(settings.value("save_folder", str(Path.home())))
    name, _ = QFileDialog.getSaveFileName(
        parent, tr("Save the raster as"), str(folder / f"{file_stem(layer.name())}.tif"), tr("GeoTIFF (*.tif)")
    )
    if name:
        target = Path(name) if name.lower().endswith((".tif", ".tiff")) else Path(name + ".tif")
        settings.remember("save_folder", str(target.parent))
        save_scores(layer, target, iface)


def save_scores(layer: QgsRasterLayer, target: Path, iface: QgisInterface) -> CopyFileTask:
    """Copy the scores of all prompts of a run into one file and point their layers to it."""
    layers = answered_together(QgsProject.instance(), layer)
    rasters = {_raster(each) for each in layers}
    apart = len(rasters) > 1  # an answer for a part was merged with an older one, each prompt for itself
    bands = [Band(_raster(each), shown_band(each), each.name()) for each in layers] if apart else []
    shown = {each.id(): number if apart else None for number, each in enumerate(layers, start=1)}
    task = CopyFileTask(_raster(layer), target, bands)
    task.completed.connect(partial(_on_saved, task, shown, iface))
    task.terminated.connect(partial(_on_problem, task, iface))
    bar = iface.messageBar()
    saving = bar.pushWidget(bar.createMessage("GeoLangBind", tr("Saving {0}…").format(target.name)))
    for end in (task.completed, task.terminated):
        end.connect(lambda: bar.popWidget(saving) if saving in bar.items() else None)
    task.start()
    return task


def _on_saved(task: CopyFileTask, shown: dict[str, int | None], iface: QgisInterface) -> None:
    """Point layers to the saved file.

    Args:
        task: the copy.
        shown: band by id of the layer; None for the band that it shows already.
        iface: QGIS's interface.
    """
    for layer_id, band in shown.items():
        layer = QgsProject.instance().mapLayer(layer_id)
        if isinstance(layer, QgsRasterLayer):
            if band is None:
                point_to(layer, str(task.target))
            else:
                show_raster(layer, str(task.target), band)
            layer.setCustomProperty(KEPT, True)
            layer.triggerRepaint()
    iface.messageBar().pushMessage("GeoLangBind", tr("Saved as {0}.").format(task.target), Qgis.MessageLevel.Success)


def _raster(layer: QgsRasterLayer) -> Path:
    return Path(layer.source().split("|", 1)[0])


def _on_problem(task: CopyFileTask, iface: QgisInterface) -> None:
    if task.problem:
        iface.messageBar().pushMessage("GeoLangBind", task.problem, Qgis.MessageLevel.Warning)
