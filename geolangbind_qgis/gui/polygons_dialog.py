"""Dialog that converts a result to polygons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsProject,
    QgsRasterLayer,
    QgsRendererCategory,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.gui import QgisInterface, QgsFileWidget
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis import settings
from geolangbind_qgis.gui.class_maps import is_class_map
from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.layers.extents import pixel_metres
from geolangbind_qgis.layers.placement import add_above_source, source_of
from geolangbind_qgis.layers.results_folder import new_result
from geolangbind_qgis.layers.score_style import read_score_style, shown_band
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import failure_of
from geolangbind_qgis.runs.pending_request import PendingRequest
from geolangbind_qgis.runtime.client_qt import RuntimeClient

_LEAST_PIXELS = 10
"""Patches of fewer pixels are specks."""

_FORMATS = (
    ("GeoPackage", "gpkg"),
    ("ESRI Shapefile", "shp"),
    ("GeoJSON", "geojson"),
    ("FlatGeobuf", "fgb"),
    ("COCO", "json"),
)


class PolygonsDialog(QDialog):
    """Collects the options of polygonisation, runs it, and adds the polygons as a layer.

    Args:
        layer: a score layer or a class map.
        client: the runtime client.
        iface: QGIS's interface.
        parent: window.
    """

    def __init__(
        self,
        layer: QgsRasterLayer,
        client: RuntimeClient,
        iface: QgisInterface,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Polygons of {0}").format(layer.name()))
        self._iface = iface
        self._name = layer.name()
        self._raster = layer.source().split("|", 1)[0]
        self._band = shown_band(layer)
        self._crs = layer.crs()
        self._source_id = source_of(layer)
        self._style = read_score_style(layer)
        self._of_classes = is_class_map(layer)
        self._legend = class_legend(layer) if self._of_classes else {}
        self._request = PendingRequest(client)
        self.min_area = _metres(" m²", 10_000_000, tr("Smaller patches and holes are left out"))
        self.simplify = _metres(" m", 10_000, tr("Outlines may move by this much to save points; 0 keeps every step"))
        pixel = pixel_metres(layer, QgsProject.instance())
        for field in (self.min_area, self.simplify):
            field.setEnabled(pixel > 0)
        self.min_area.setValue(_rounded(pixel * pixel * _LEAST_PIXELS))
        self.simplify.setValue(round(pixel / 2, 2))
        self.smooth = QCheckBox(tr("S&mooth outlines"), self)
        self.smooth.setChecked(True)
        self.right_angles = QCheckBox(tr("Right &angles (buildings)"), self)
        self.right_angles.setToolTip(tr("Every side follows one of two directions; neighbours keep their border"))
        self.right_angles.toggled.connect(lambda on: self.smooth.setEnabled(not on))
        self.separate = QCheckBox(tr("S&eparate objects that touch"), self)
        self.separate.setToolTip(tr("Cuts where the scores or the widths of a polygon dip"))
        self.separate.setVisible(not self._of_classes)
        project_crs = QgsProject.instance().crs()
        self.in_project_crs = QCheckBox(tr("In the &project's reference system ({0})").format(project_crs.authid()))
        self._project_crs = project_crs.authid() or project_crs.toWkt()
        self.in_project_crs.setVisible(project_crs.isValid() and layer.crs().isValid() and project_crs != layer.crs())
        self.file = QgsFileWidget(self)
        self.file.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.file.setFilter(";;".join(f"{name} (*.{ending})" for name, ending in _FORMATS))
        self.file.lineEdit().setPlaceholderText(tr("[results folder]"))
        self._message = QLabel(self)
        self._message.setWordWrap(True)
        form = QFormLayout()
        if not self._of_classes:
            form.addRow(tr("Threshold"), QLabel(number_text(self._style.threshold, 3), self))
        form.addRow(tr("&Least area"), self.min_area)
        form.addRow(tr("&Simplify by"), self.simplify)
        for choice in (self.smooth, self.right_angles, self.separate, self.in_project_crs):
            form.addRow("", choice)
        form.addRow(tr("Save to"), self.file)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("&Make polygons"))
        add_help_button(self._buttons, "prompts.html")
        self._buttons.accepted.connect(self.make)
        self._buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addLayout(form)
        box.addWidget(self._message)
        box.addWidget(self._buttons)
        self.setMinimumWidth(380)

    def make(self) -> None:
        """Start the polygonisation; the dialog closes when the layer was added."""
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(False)
        self._message.setText(tr("Drawing outlines…"))
        output = self.file.filePath() or str(new_result(self._name, ".gpkg", settings.results_folder()))
        params = protocol.PolygoniseParams(
            raster=self._raster,
            output=output,
            threshold=None if self._of_classes else self._style.threshold,
            band=self._band,
            min_area_m2=self.min_area.value(),
            simplify_m=self.simplify.value(),
            smooth=self.smooth.isChecked() and not self.right_angles.isChecked(),
            separate=self.separate.isChecked() and not self._of_classes,
            right_angles=self.right_angles.isChecked(),
            vector_crs=self._project_crs if self.in_project_crs.isChecked() else None,
        )
        self._request.start(
            "polygonise", params, on_result=lambda result: self._on_result(result, output), on_error=self._on_error
        )

    @property
    def busy(self) -> bool:
        """Whether the polygonisation is running."""
        return self._request.busy

    def reject(self) -> None:
        """Close the dialog and cancel the request."""
        self._request.cancel()
        super().reject()

    def _on_result(self, result: dict, output: str) -> None:
        path, count = str(result.get("output") or output), int(result["polygons"])
        if count == 0:
            self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(True)
            self._message.setText(tr("Nothing is left at this threshold and least area."))
            return
        if not path.endswith(".json"):  # COCO's labels lie in pixels
            self._add_layer(path)
        text = tr("{0} polygons in {1}.").format(count, Path(path).name)
        self._iface.messageBar().pushMessage("GeoLangBind", text, Qgis.MessageLevel.Success)
        self.accept()

    def _add_layer(self, path: str) -> None:
        """Add the polygons to the project."""
        layer = QgsVectorLayer(path, tr("{0} (polygons)").format(self._name), "ogr")
        if not layer.crs().isValid():
            layer.setCrs(self._crs)  # GeoPackage calls none "undefined", from which QGIS finds no way to the map's
        if self._of_classes:
            layer.setRenderer(class_renderer(layer, self._legend))
        else:
            layer.setRenderer(QgsSingleSymbolRenderer(_outline(self._style.colour)))
        add_above_source(QgsProject.instance(), layer, self._source_id)

    def _on_error(self, error: Any) -> None:  # noqa: ANN401 - ErrorInfo
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(True)
        self._message.setText(failure_of(error).text)


def _metres(suffix: str, most: float, tip: str) -> QDoubleSpinBox:
    """Returns an input field for a length or an area."""
    box = QDoubleSpinBox()
    box.setRange(0, most)
    box.setDecimals(2)
    box.setSuffix(suffix)
    box.setToolTip(tip)
    return box


def _rounded(area_m2: float) -> float:
    """Returns an area with two significant digits: 1000 for 1001.3."""
    return float(f"{area_m2:.2g}") if area_m2 > 0 else 0.0


def class_legend(layer: QgsRasterLayer) -> dict[int, tuple[str, str]]:
    """Returns label and colour (#rrggbb) of every code that a class map shows."""
    return {int(each.value): (each.label, each.color.name()) for each in layer.renderer().classes()}


def class_renderer(layer: QgsVectorLayer, legend: dict[int, tuple[str, str]]) -> QgsCategorizedSymbolRenderer:
    """Returns a categorised renderer in the colours of a class map, for the codes that occur."""
    codes = sorted(layer.uniqueValues(layer.fields().indexOf("code")))
    shown = {code: legend.get(code, (str(code), "#808080")) for code in codes}
    categories = [QgsRendererCategory(code, _outline(colour), label) for code, (label, colour) in shown.items()]
    return QgsCategorizedSymbolRenderer("code", categories)


def _outline(colour: str) -> QgsFillSymbol:
    """Returns a strong outline over a weak fill."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return QgsFillSymbol.createSimple(
        {"color": f"{red},{green},{blue},50", "outline_color": f"{red},{green},{blue},255", "outline_width": "0.5"}
    )
