"""How good a class map is: asks for a reference, has the runtime compare, and shows the answer."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from geolangbind_qgis.gui.accuracy_result import AccuracyResult
from geolangbind_qgis.gui.class_maps import is_class_map
from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.gui.windows import open_dialog
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.class_field import likely_field
from geolangbind_qgis.layers.label_file import label_file
from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.qgis_versions import layer_filters
from geolangbind_qgis.layers.readable import ReadBy
from geolangbind_qgis.layers.results_folder import new_file
from geolangbind_qgis.layers.snapshot import take_snapshot
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import failure_of
from geolangbind_qgis.runtime.client_qt import RuntimeClient


class AccuracyDialog(QDialog):
    """Compares a class map with a reference layer.

    Signals:
        compared: the window with the answer, which is on the screen.

    Args:
        layer: the class map.
        client: the runtime client.
        parent: window.

    Raises:
        ValueError: the layer is no class map, or does not lie in a file; the message says which.
    """

    compared = pyqtSignal(object)

    def __init__(self, layer: QgsRasterLayer, client: RuntimeClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if not is_class_map(layer):
            raise ValueError(tr("This layer is not a map of classes. Choose one that shows classes with a legend."))
        snapshot = take_snapshot(layer)
        if snapshot.read_by is not ReadBy.RUNTIME:
            raise ValueError(tr("{0} is not stored in a file. Save it first.").format(layer.name()))
        self._client, self._map, self._name = client, snapshot.path, layer.name()
        self._request: Any = None
        self.setWindowTitle(tr("Check the accuracy of {0}").format(layer.name()))
        self.reference = QgsMapLayerComboBox(self)
        self.reference.setFilters(layer_filters("PointLayer", "LineLayer", "PolygonLayer", "RasterLayer"))
        self.reference.setExceptedLayerList(_no_references(layer))
        self.reference.setAllowEmptyLayer(True)
        self.reference.setToolTip(tr("Points, lines, polygons or a raster of which you know that they are right"))
        self.field = QgsFieldComboBox(self)
        self.field.setToolTip(tr("The field that holds the class, as a name or a code of the map"))
        hint = QLabel(
            tr(
                "No reference yet? <i>Points to check a class map at</i> in the Processing toolbox draws points to "
                "label."
            ),
            self,
        )
        hint.setWordWrap(True)
        self._bar = QProgressBar(self)
        self._bar.hide()
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._check = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._check.setText(tr("&Check"))
        add_help_button(self.buttons, "landcover.html#accuracy")
        self.buttons.accepted.connect(self.check)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow(tr("&Reference"), self.reference)
        form.addRow(tr("&Field"), self.field)
        box = QVBoxLayout(self)
        box.addLayout(form)
        for widget in (hint, self._bar, self.message):
            box.addWidget(widget)
        box.addStretch(1)
        box.addWidget(self.buttons)
        self.setMinimumWidth(420)
        self.reference.layerChanged.connect(self._on_reference)
        self.reference.setLayer(_likely_reference(self.reference))
        self._on_reference(self.reference.currentLayer())

    def check(self) -> None:
        """Have the map compared; the window with the answer follows."""
        layer = self.reference.currentLayer()
        field = self.field.currentField() if isinstance(layer, QgsVectorLayer) else ""
        if layer is None:
            self.message.setText(tr("Choose a reference."))
            return
        try:
            labels = label_file(layer, field, QgsProject.instance().transformContext())
        except ValueError as problem:
            self.message.setText(str(problem))
            return
        report = str(new_file(f"accuracy {self._name}", ".html"))
        params = protocol.AccuracyParams(map=self._map, reference=labels, field=field or None, report=report)
        self._show_busy(True)
        self._request = self._client.request(
            "accuracy", params, on_result=self._on_result, on_error=self._on_error, on_progress=self._on_progress
        )

    def reject(self) -> None:
        """Close, and stop what runs."""
        if self._request is not None:
            self._request.cancel()
            self._request = None
        super().reject()

    def _on_reference(self, layer: QgsMapLayer | None) -> None:
        """Offer the fields of the reference, the likeliest chosen."""
        vector = isinstance(layer, QgsVectorLayer)
        self.field.setLayer(layer if vector else None)
        self.field.setEnabled(vector)
        if vector:
            self.field.setField(likely_field(layer) or self.field.currentField())
        self._check.setEnabled(layer is not None)

    def _on_progress(self, *report: Any) -> None:  # noqa: ANN401 - fraction, message, seconds left
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * report[0]))

    def _on_result(self, result: dict[str, Any]) -> None:
        if self._request is None:
            return
        self._request = None
        self._show_busy(False)
        window = AccuracyResult(self._name, result, self.parentWidget())
        open_dialog(window, modal=False)
        self.compared.emit(window)
        self.accept()

    def _on_error(self, error: Any) -> None:  # noqa: ANN401 - ErrorInfo
        if self._request is None:
            return
        self._request = None
        self._show_busy(False)
        self.message.setText(failure_of(error).text)

    def _show_busy(self, busy: bool) -> None:
        self._check.setEnabled(not busy)
        self._bar.setRange(0, 0)
        self._bar.setVisible(busy)
        self.message.setText(tr("Comparing map and reference…") if busy else "")


def _no_references(class_map: QgsRasterLayer) -> list[QgsMapLayer]:
    """Layers that cannot be the reference of a map: itself, its source and other results."""
    layers = QgsProject.instance().mapLayers().values()
    pictures = [layer for layer in layers if isinstance(layer, QgsRasterLayer) and layer.bandCount() > 1]
    results = [layer for layer in layers if source_of(layer) and isinstance(layer, QgsRasterLayer)]
    return [class_map, *pictures, *(layer for layer in results if not is_class_map(layer))]


def _likely_reference(combo: QgsMapLayerComboBox) -> QgsMapLayer | None:
    """Returns the first vector layer with a field for the class."""
    offered = [combo.layer(index) for index in range(combo.count())]
    return next((layer for layer in offered if likely_field(layer)), None)
