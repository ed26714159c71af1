"""The dock's fine-tuning page: choice of labels and rasters, loss curve, and the resulting model."""

from __future__ import annotations

from contextlib import suppress

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgisInterface, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.catalogue.own_schemes import keep_scheme, scheme_of_classes
from geolangbind_qgis.gui.class_field_combo import ClassFieldCombo
from geolangbind_qgis.gui.finetune_table import finetune_table_html
from geolangbind_qgis.gui.label_drawing import LabelDrawing
from geolangbind_qgis.gui.late_scroll import LateScroll
from geolangbind_qgis.gui.loss_curve import LossCurve
from geolangbind_qgis.gui.narrow import let_shrink
from geolangbind_qgis.gui.run_bar import RunBar
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.class_field import likely_field
from geolangbind_qgis.layers.label_file import class_names, may_hold_labels
from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.qgis_versions import layer_filters
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.runs.finetune import FinetuneRequest, FinetuneRunner
from geolangbind_qgis.session import Session

_LEAST_IMAGES, _MOST_IMAGES = 2, 5
"""Lines of the list of images that are seen at once."""


class FinetunePage(QScrollArea):
    """Collects labels, field and rasters, runs the fine-tuning and shows its progress and result.

    Signals:
        back_wanted: the user wants to go back to the prompts.
        trained: name and title of the new model, which is chosen from now on.
    """

    back_wanted = pyqtSignal()
    trained = pyqtSignal(str, str)

    def __init__(self, session: Session, iface: QgisInterface, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.runner = FinetuneRunner(session, self)
        self.labels = QgsMapLayerComboBox(self)
        self.labels.setFilters(layer_filters("PointLayer", "LineLayer", "PolygonLayer", "RasterLayer"))
        self.labels.setAllowEmptyLayer(True)
        self.labels.setLayer(None)
        self.labels.setToolTip(tr("Points, lines or polygons with a class, or a raster of class codes"))
        self.field = ClassFieldCombo(self)
        self.field.setToolTip(tr("The field that holds the class. Plain words work best: solar panels, not SP."))
        let_shrink(self.labels, self.field)
        self.drawing = LabelDrawing(iface, self)
        self.names = QLineEdit(self)
        self.names.setPlaceholderText(tr("only for codes: 1=water; 2=trees"))
        self.rasters = QListWidget(self)
        self.rasters.setToolTip(tr("Images to train on; several sensors can serve together"))
        self.rasters.setAccessibleName(tr("Images"))
        self.name = QLineEdit(tr("my-model"), self)
        self.steps = QSpinBox(self)
        self.steps.setRange(1, 10_000)
        self.steps.setSingleStep(20)
        self.steps.setValue(protocol.FinetuneParams.steps)
        self.steps.setToolTip(tr("Largest number of training steps; it stops earlier where it no longer improves"))
        self.curve = LossCurve(self)
        self.run_bar = RunBar(self)
        self.run_bar.run_button.setText(tr("&Train"))
        self.run_bar.run_button.setToolTip(
            tr("Train a model on the classes; seconds for one scene, minutes with a large model")
        )
        self.result = QLabel(self)
        self.result.setTextFormat(Qt.TextFormat.RichText)
        self.result.setWordWrap(True)
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._scroll = LateScroll(self)
        self.back_button = QPushButton(tr("&Back to prompts"), self)
        self._build()
        self._connect()
        self._on_labels(self.labels.currentLayer())

    def refresh(self, active: QgsMapLayer | None) -> None:
        """List the rasters of the project with the active one checked."""
        chosen = {layer.id() for layer in self.chosen_rasters()} or ({active.id()} if active is not None else set())
        self.drawing.image = active
        self.rasters.blockSignals(True)
        self.rasters.clear()
        for layer in QgsProject.instance().mapLayers().values():
            if isinstance(layer, QgsRasterLayer) and not source_of(layer):
                item = QListWidgetItem(layer.name(), self.rasters)
                item.setData(Qt.ItemDataRole.UserRole, layer.id())
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                state = Qt.CheckState.Checked if layer.id() in chosen else Qt.CheckState.Unchecked
                item.setCheckState(state)
        self.rasters.blockSignals(False)
        rows = min(max(_LEAST_IMAGES, self.rasters.count()), _MOST_IMAGES)
        line = max(self.rasters.sizeHintForRow(0), self.rasters.fontMetrics().height() + 2)
        self.rasters.setFixedHeight(rows * line + 2 * self.rasters.frameWidth() + 2)
        self._hide_images()
        self._on_labels(self.labels.currentLayer())

    def chosen_rasters(self) -> list[QgsRasterLayer]:
        """Returns the checked rasters; the label raster is left out."""
        items = [self.rasters.item(row) for row in range(self.rasters.count())]
        ticked = [item for item in items if item.checkState() == Qt.CheckState.Checked]
        layers = [QgsProject.instance().mapLayer(item.data(Qt.ItemDataRole.UserRole)) for item in ticked]
        labels = self.labels.currentLayer()
        return [layer for layer in layers if isinstance(layer, QgsRasterLayer) and layer is not labels]

    def run(self) -> None:
        """Start the fine-tuning."""
        if self.runner.busy:
            return
        try:
            self.runner.start(self._request())
        except ValueError as problem:
            self.run_bar.show_idle(str(problem))
            return
        self.curve.clear()
        self.result.clear()
        self.run_bar.show_busy(0.0, tr("Starting the runtime…"))

    def clean_up(self) -> None:
        """Cancel the fine-tuning before the page is removed."""
        self.runner.abandon()

    def _request(self) -> FinetuneRequest:
        """Returns the request that the widgets describe.

        Raises:
            ValueError: something is missing; the message says what.
        """
        labels, rasters = self.labels.currentLayer(), self.chosen_rasters()
        if labels is None:
            raise ValueError(tr("Choose a layer with labels."))
        if not rasters:
            raise ValueError(tr("Select at least one image."))
        field = self.field.currentField() if isinstance(labels, QgsVectorLayer) else ""
        words, name = class_names(self.names.text()), self.name.text().strip()
        return FinetuneRequest(tuple(rasters), labels, field, words, name, self.steps.value())

    def _build(self) -> None:
        content = QWidget(self)
        title = QLabel("<b>" + tr("Train on your classes") + "</b>", content)
        hint = QLabel(tr("Five small polygons per class are enough to begin with."), content)
        hint.setWordWrap(True)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow(tr("&Labels"), self.labels)
        form.addRow("", self.drawing)
        form.addRow(tr("&Field"), self.field)
        form.addRow(tr("Class na&mes"), self.names)
        form.addRow(tr("&Images"), self.rasters)
        form.addRow(tr("&Name"), self.name)
        form.addRow(tr("St&eps at most"), self.steps)
        box = QVBoxLayout(content)
        box.setSpacing(6)
        for widget in (title, hint):
            box.addWidget(widget)
        box.addLayout(form)
        for widget in (self.run_bar, self.curve, self.result):
            box.addWidget(widget)
        box.addStretch(1)
        box.addWidget(self.back_button)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _connect(self) -> None:
        self.labels.layerChanged.connect(self._on_labels)
        self.field.fieldChanged.connect(lambda name: self.drawing.use(self.labels.currentLayer(), name))
        self.drawing.made.connect(self._on_label_layer)
        self.rasters.itemChanged.connect(lambda _: self._hide_images())
        self.run_bar.run_wanted.connect(self.run)
        self.run_bar.cancel_wanted.connect(self.runner.cancel)
        self.back_button.clicked.connect(self.back_wanted)
        self.runner.progressed.connect(self.run_bar.show_busy)
        self.runner.loss_reported.connect(self.curve.add)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)

    def _on_labels(self, layer: QgsMapLayer | None) -> None:
        """List the fields of the layer and select the most likely one."""
        vector = isinstance(layer, QgsVectorLayer)
        self.field.setLayer(layer if vector else None)
        self.field.setEnabled(vector)
        if vector:
            self.field.setField(likely_field(layer) or self.field.currentField())
        self.drawing.use(layer, self.field.currentField())

    def _hide_images(self) -> None:
        """Remove imagery and score layers from the list of label layers."""
        images = [layer.id() for layer in self.chosen_rasters()]
        layers = QgsProject.instance().mapLayers().values()
        chosen = self.labels.currentLayer()
        self.labels.setExceptedLayerList(
            [each for each in layers if each is not chosen and (not may_hold_labels(each) or each.id() in images)]
        )

    def _on_label_layer(self, layer: QgsVectorLayer) -> None:
        """Select a new label layer."""
        self._hide_images()
        self.labels.setLayer(layer)

    def _on_finished(self, result: dict) -> None:
        """Select the new model and show the table."""
        name = str(result.get("name", ""))
        self._session.choose_model(name)
        classes = [str(item.get("name", "")) for item in result.get("classes") or ()]
        if len(classes) > 1:
            with suppress(OSError):  # the classes can be typed in as well
                keep_scheme(scheme_of_classes(tr("Classes of {0}").format(name), classes))
        self.result.setText(finetune_table_html(result))
        seconds = round(float(result.get("seconds") or 0))
        self.run_bar.show_idle(tr("{0} is trained ({1} s) and selected for the next prompts.").format(name, seconds))
        self._scroll.bring_in_sight(self.result)
        self.trained.emit(name, name)

    def _on_failed(self, failure: Failure) -> None:
        self.run_bar.show_idle(tr("Cancelled.") if failure.cancelled else failure.text)
