"""Dialog that compares a class map with a reference layer."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.gui.accuracy_result import AccuracyResult
from geolangbind_qgis.gui.class_field_combo import ClassFieldCombo
from geolangbind_qgis.gui.class_maps import is_class_map
from geolangbind_qgis.gui.class_partners import ClassPartners
from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.gui.validation_points import CLASS_FIELD, ValidationPoints
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
from geolangbind_qgis.runs.pending_request import PendingRequest
from geolangbind_qgis.runtime.client_qt import RuntimeClient

_FEWEST_POINTS, _MOST_POINTS, _POINTS = 20, 5000, 200


class AccuracyDialog(QDialog):
    """Compares a class map with a reference layer.

    Signals:
        compared: the window with the answer, which is on the screen.

    Args:
        layer: the class map.
        client: the runtime client.
        parent: window.

    Raises:
        ValueError: the layer is no class map, or has no file; the message states which.
    """

    compared = pyqtSignal(object)

    def __init__(self, layer: QgsRasterLayer, client: RuntimeClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if not is_class_map(layer):
            raise ValueError(tr("This layer is not a map of classes. Choose one that shows classes with a legend."))
        snapshot = take_snapshot(layer)
        if snapshot.read_by is not ReadBy.RUNTIME:
            raise ValueError(tr("{0} is not stored in a file. Save it first.").format(layer.name()))
        self._map, self._name = snapshot.path, layer.name()
        self._request = PendingRequest(client)
        self.setWindowTitle(tr("Check the accuracy of {0}").format(layer.name()))
        self.reference = QgsMapLayerComboBox(self)
        self.reference.setFilters(layer_filters("PointLayer", "LineLayer", "PolygonLayer", "RasterLayer"))
        self.reference.setExceptedLayerList(_no_references(layer))
        self.reference.setAllowEmptyLayer(True)
        self.reference.setToolTip(tr("Points, lines, polygons or a raster of which you know that they are right"))
        self.field = ClassFieldCombo(self)
        self.field.setToolTip(tr("The field that holds the class, as a name or a code of the map"))
        self.partners = ClassPartners(self)
        self.points = ValidationPoints(self._map, self._name, client, self)
        self.points.made.connect(self._on_points)
        self.points.failed.connect(self._on_no_points)
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
        form.addRow(tr("No reference yet?"), self._points_row())
        box = QVBoxLayout(self)
        box.addLayout(form)
        box.addWidget(self.partners, 1)
        for widget in (self._bar, self.message):
            box.addWidget(widget)
        box.addStretch(0)
        box.addWidget(self.buttons)
        self.setMinimumWidth(420)
        self.reference.layerChanged.connect(self._on_reference)
        self.field.fieldChanged.connect(lambda _: self._forget_partners())
        self.reference.setLayer(_likely_reference(self.reference))
        self._on_reference(self.reference.currentLayer())

    def check(self) -> None:
        """Start the comparison; the result window opens when it is finished."""
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
        names = self.partners.names()
        params = protocol.AccuracyParams(self._map, labels, field or None, report, names)
        self._show_busy(True)
        self._request.start(
            "accuracy", params, on_result=self._on_result, on_error=self._on_error, on_progress=self._on_progress
        )

    @property
    def busy(self) -> bool:
        """Whether a request is running."""
        return self._request.busy

    def reject(self) -> None:
        """Close the dialog and cancel running requests."""
        self._request.cancel()
        self.points.cancel()
        super().reject()

    def draw_points(self) -> None:
        """Request a stratified random sample of points that can be labelled and used as reference."""
        self._show_busy(True, tr("Drawing points…"))
        self.points.draw(self.point_count.value())

    def _points_row(self) -> QHBoxLayout:
        """Returns the number of points and the button that draws them."""
        self.point_count = QSpinBox(self)
        self.point_count.setRange(_FEWEST_POINTS, _MOST_POINTS)
        self.point_count.setValue(_POINTS)
        self.point_count.setAccessibleName(tr("Number of points"))
        self.points_button = QPushButton(tr("Create &validation points"), self)
        self.points_button.setAutoDefault(False)
        self.points_button.setToolTip(
            tr("Draw points at random within each class of the map, for you to write down what is really there")
        )
        self.points_button.clicked.connect(self.draw_points)
        row = QHBoxLayout()
        row.addWidget(self.point_count)
        row.addWidget(self.points_button, 1)
        return row

    def _on_points(self, layer: QgsVectorLayer) -> None:
        """Select the sampled points as the reference."""
        self._show_busy(False)
        self.reference.setLayer(layer)
        self.field.setField(CLASS_FIELD)
        self.message.setText(
            tr(
                "{0} points are on the map. Write what is really there into their field “class”, then press Check; "
                "this window may stay open. Points without a class are left out."
            ).format(layer.featureCount())
        )

    def _on_no_points(self, text: str) -> None:
        self._show_busy(False)
        self.message.setText(text)

    def _forget_partners(self) -> None:
        """Clear the matching of class names, because another reference or field was chosen."""
        self.partners.forget()

    def _on_reference(self, layer: QgsMapLayer | None) -> None:
        """List the fields of the reference and select the most likely one."""
        self._forget_partners()
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
        self._show_busy(False)
        alone = [pair["reference"] for pair in result["partners"] if not pair["class"]]
        if alone and self.partners.isHidden():
            self.partners.offer(result["partners"], result["map_classes"])
            self.message.setText(_question(alone))
            self.adjustSize()
            return
        window = AccuracyResult(self._name, result, self.parentWidget())
        open_dialog(window, modal=False)
        self.compared.emit(window)
        self.accept()

    def _on_error(self, error: Any) -> None:  # noqa: ANN401 - ErrorInfo
        self._show_busy(False)
        self.message.setText(failure_of(error).text)

    def _show_busy(self, busy: bool, message: str = "") -> None:
        self._check.setEnabled(not busy)
        self.points_button.setEnabled(not busy)
        self.partners.setEnabled(not busy)
        self._bar.setRange(0, 0)
        self._bar.setVisible(busy)
        self.message.setText((message or tr("Comparing map and reference…")) if busy else "")


def _question(alone: list[str]) -> str:
    """Returns the question about reference classes that the map does not have."""
    listed = ", ".join(alone[:6]) + (", …" if len(alone) > 6 else "")
    return tr(
        "The map has no class of this name: {0}. Choose what it means there; else it counts as an error. Then press "
        "Check again."
    ).format(listed)


def _no_references(class_map: QgsRasterLayer) -> list[QgsMapLayer]:
    """Returns layers that cannot be the reference of a map: itself, its source and other results."""
    layers = QgsProject.instance().mapLayers().values()
    pictures = [layer for layer in layers if isinstance(layer, QgsRasterLayer) and layer.bandCount() > 1]
    results = [layer for layer in layers if source_of(layer) and isinstance(layer, QgsRasterLayer)]
    return [class_map, *pictures, *(layer for layer in results if not is_class_map(layer))]


def _likely_reference(combo: QgsMapLayerComboBox) -> QgsMapLayer | None:
    """Returns the first vector layer with a field for the class."""
    offered = [combo.layer(index) for index in range(combo.count())]
    return next((layer for layer in offered if likely_field(layer)), None)
