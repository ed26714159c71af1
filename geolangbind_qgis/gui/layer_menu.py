"""Entries in the context menu of raster layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qgis.core import Qgis, QgsMapLayer, QgsMapLayerType, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface, QgsMessageBarItem
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QAction, QProgressBar, QPushButton

from geolangbind_qgis.catalogue.class_schemes import Scheme, bundled_schemes
from geolangbind_qgis.gui.areas_dialog import show_areas
from geolangbind_qgis.gui.class_maps import is_class_map
from geolangbind_qgis.gui.dock import GeoLangBindDock
from geolangbind_qgis.gui.explain_dialog import ExplainDialog
from geolangbind_qgis.gui.large_map_question import ask_about_large_map
from geolangbind_qgis.gui.run_bar import time_left_text
from geolangbind_qgis.gui.run_size import remember_speed, size_text
from geolangbind_qgis.gui.scheme_editor import SchemeEditor
from geolangbind_qgis.gui.table_dialog import TableDialog
from geolangbind_qgis.gui.windows import open_dialog
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.icons import icon
from geolangbind_qgis.layers.class_areas import ClassArea
from geolangbind_qgis.layers.export_grid import plan_grid, suggested_pixel
from geolangbind_qgis.layers.extents import to_layer_crs, within
from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.readable import ReadBy, can_read
from geolangbind_qgis.layers.recognition import read_reading
from geolangbind_qgis.layers.snapshot import take_snapshot
from geolangbind_qgis.runs.classify import Classifier, ClassifyRequest
from geolangbind_qgis.runs.describe import Describer
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.session import Session

_MENU = "GeoLangBind"

_BAR_WIDTH = 160
"""Of the progress in the message bar, in pixels: more would push the words out of a narrow window."""


@dataclass
class _Shown:
    """Items of a run in the message bar."""

    item: Any
    bar: QProgressBar


class LayerMenu(QObject):
    """Adds "Classify land cover", "Classify with…", "Highlight…" and "Explain this layer" to raster layers.

    Maps of classes have "Check accuracy…" besides.
    """

    def __init__(
        self, iface: QgisInterface, session: Session, dock: GeoLangBindDock, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._iface = iface
        self._session = session
        self._dock = dock
        self._running: dict[Classifier, _Shown | None] = {}
        self._scheme: Scheme | None = None
        self._last_message: QgsMessageBarItem | None = None  # about the last map, or the question before one
        self._asked_about = ""  # id of the layer of that question
        self.explainer = Describer(session, self)
        self.explainer.explained.connect(self._show_explanation)
        self.explainer.failed.connect(lambda _, failure: self._notify(failure))
        self.actions: list[QAction] = []
        for text, name, slot in (
            (tr("Classify land cover"), "classify", self.classify_all),
            (tr("Classify with…"), "classify", self.classify_with),
            (tr("Highlight…"), "geolangbind", self.highlight),
            (tr("Explain this layer"), "explain", self.explain),
            (tr("Check accuracy…"), "classify", self._dock.check_accuracy),
        ):
            action = QAction(icon(name), text, self)
            action.triggered.connect(self._for_current_layer(slot))
            iface.addCustomActionForLayerType(action, _MENU, QgsMapLayerType.RasterLayer, True)
            self.actions.append(action)
        self.accuracy_action = self.actions[-1]
        iface.currentLayerChanged.connect(self._offer_accuracy)
        self._offer_accuracy(iface.activeLayer())
        QgsProject.instance().cleared.connect(self._on_project_cleared)
        QgsProject.instance().layerWillBeRemoved.connect(self._on_layer_will_be_removed)

    @property
    def running(self) -> list[Classifier]:
        """The runs in progress."""
        return list(self._running)

    def classify_all(self, layer: QgsRasterLayer) -> None:
        """Classify a layer with the default scheme; of a large one, say first how large it is."""
        if not self._ready():
            return
        layer_id = layer.id()
        text = self._size_text(layer_id, False)
        if not text:
            self.classify(layer)
            return
        self._close_last_message()
        question = ask_about_large_map(
            self._iface.messageBar(),
            text,
            lambda visible_only: self._classify_if_there(layer_id, visible_only=visible_only),
        )
        self._keep_message(question, layer_id)

    def classify(
        self,
        layer: QgsRasterLayer,
        scheme: Scheme | None = None,
        *,
        visible_only: bool = False,
        confidence: bool = False,
    ) -> None:
        """Classify a layer; by default with the first scheme and the whole layer.

        A layer without pixels of its own (a tile server) is classified where it is in view.
        """
        if not self._ready():
            return
        try:
            request = self._request(layer, scheme, visible_only, confidence)
        except ValueError as problem:
            self._notify(Failure(str(problem)))
            return
        classifier = Classifier(self._session, request, self)
        self._running[classifier] = None
        classifier.progressed.connect(lambda *report: self._on_progress(classifier, *report))
        classifier.remarked.connect(lambda text: self._notify(Failure(text)))
        classifier.finished.connect(
            lambda layer_id, areas, seconds: self._on_classified(classifier, layer_id, areas, seconds)
        )
        classifier.failed.connect(lambda failure: self._on_failed(classifier, failure))
        self._show_progress(classifier)
        classifier.start()

    def classify_with(self, layer: QgsRasterLayer) -> None:
        """Open the scheme editor, then classify."""
        if not self._ready():
            return
        layer_id = layer.id()
        editor = SchemeEditor(
            layer.name(), self._scheme, self._iface.mainWindow(), lambda visible: self._size_text(layer_id, visible)
        )
        editor.accepted.connect(lambda: self._on_scheme(layer_id, editor))
        open_dialog(editor)

    def _on_scheme(self, layer_id: str, editor: SchemeEditor) -> None:
        """Classify with the edited scheme."""
        self._scheme = editor.scheme()
        self._classify_if_there(
            layer_id,
            self._scheme,
            visible_only=editor.visible_only.isChecked(),
            confidence=editor.confidence.isChecked(),
        )

    def _classify_if_there(
        self, layer_id: str, scheme: Scheme | None = None, *, visible_only: bool, confidence: bool = False
    ) -> None:
        """Classify a layer, unless it was removed while a question was open."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if isinstance(layer, QgsRasterLayer):
            self.classify(layer, scheme, visible_only=visible_only, confidence=confidence)

    def _size_text(self, layer_id: str, visible_only: bool) -> str:
        """Returns what is said of a large run before it starts; empty for small ones, and where there will be none."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if not isinstance(layer, QgsRasterLayer):
            return ""
        try:
            pixels = self._request(layer, None, visible_only, False).pixels
        except ValueError:
            return ""
        return size_text(pixels, coarse_first=False)

    def highlight(self, layer: QgsRasterLayer) -> None:
        """Show the dock with the cursor in the prompt field."""
        self._dock.offer_prompt(layer)

    def explain(self, layer: QgsRasterLayer) -> None:
        """Show the runtime's description of the layer."""
        if not self._ready():
            return
        read_by, reason = can_read(layer)
        if read_by is ReadBy.NOBODY:
            self._notify(Failure(reason))
            return
        if read_by is ReadBy.QGIS and not layer.dataProvider().xSize():
            self._show_explanation(layer.id(), {"sensor_title": tr("Pictures from a server: red, green and blue")})
            return
        self.explainer.describe(layer)

    def stop_all(self) -> None:
        """Cancel every run without a message."""
        for classifier in list(self._running):
            classifier.abandon()
            self._drop(classifier)

    def _on_project_cleared(self) -> None:
        """Stop every run of the project that was closed, and say nothing more of its maps."""
        self.stop_all()
        self._close_last_message()

    def _close_last_message(self) -> None:
        if self._last_message is not None:
            self._iface.messageBar().popWidget(self._last_message)

    def clean_up(self) -> None:
        """Remove the menu entries and cancel every run."""
        self._iface.currentLayerChanged.disconnect(self._offer_accuracy)
        QgsProject.instance().cleared.disconnect(self._on_project_cleared)
        QgsProject.instance().layerWillBeRemoved.disconnect(self._on_layer_will_be_removed)
        self.stop_all()
        self.explainer.abandon()
        for action in self.actions:
            self._iface.removeCustomActionForLayerType(action)
            action.deleteLater()
        self.actions = []

    def _for_current_layer(self, slot: Callable[[QgsRasterLayer], None]) -> Callable[..., None]:
        """Returns a slot that passes on the layer of the context menu."""

        def triggered(*_: object) -> None:
            layer = self._iface.activeLayer()
            if isinstance(layer, QgsRasterLayer):
                slot(layer)

        return triggered

    def _offer_accuracy(self, layer: QgsMapLayer | None) -> None:
        """Show the accuracy entry for class maps only."""
        self.accuracy_action.setVisible(is_class_map(layer))

    def _request(
        self, layer: QgsRasterLayer, scheme: Scheme | None, visible_only: bool, confidence: bool
    ) -> ClassifyRequest:
        """Returns the classification request.

        Raises:
            ValueError: the layer cannot be read, is a result, or is out of view.
        """
        if source_of(layer):
            raise ValueError(tr("This layer is a result. Choose the image it was made from."))
        snapshot = take_snapshot(layer)
        chosen = scheme or next(iter(bundled_schemes()), None)
        if chosen is None:
            raise ValueError(tr("The plugin is incomplete: its class schemes are missing. Install it again."))
        view = self._iface.mapCanvas().mapSettings()
        extent, grid = None, None
        if visible_only or not snapshot.width:
            box = to_layer_crs(
                view.visibleExtent(), view.destinationCrs(), snapshot.crs, QgsProject.instance().transformContext()
            )
            extent = within(box, snapshot.extent)
        if snapshot.provider is not None:
            part = extent or snapshot.extent
            pixel = suggested_pixel(snapshot.provider, part, part.width() / max(1, view.outputSize().width()))
            height = snapshot.extent.height() / snapshot.height if snapshot.height else 0.0
            grid = plan_grid(part, (snapshot.extent.xMinimum(), snapshot.extent.yMaximum()), pixel, height)
        return ClassifyRequest(snapshot, read_reading(layer), chosen, extent, None, grid, confidence)

    def _ready(self) -> bool:
        """Whether there is a runtime; if not, a message offers to install it."""
        if self._session.is_set_up:
            return True
        self._dock.setUserVisible(True)
        self._dock.show_runtime_page(True)
        return False

    def _show_progress(self, classifier: Classifier) -> None:
        """Show a progress bar with a Cancel button in the message bar."""
        message_bar = self._iface.messageBar()
        item = message_bar.createMessage("GeoLangBind", tr("Classifying {0}…").format(classifier.request.snapshot.name))
        bar = QProgressBar(item)
        bar.setRange(0, 0)
        bar.setMaximumWidth(_BAR_WIDTH)
        item.setToolTip(classifier.request.snapshot.name)
        cancel = QPushButton(tr("Cancel"), item)
        cancel.clicked.connect(classifier.cancel)
        item.layout().addWidget(bar)
        item.layout().addWidget(cancel)
        shown = _Shown(item, bar)
        item.destroyed.connect(lambda *_: self._forget_item(classifier))
        message_bar.pushWidget(item, Qgis.MessageLevel.Info)
        self._running[classifier] = shown

    def _forget_item(self, classifier: Classifier) -> None:
        """Discard the message item that the user closed; the run continues."""
        if classifier in self._running:
            self._running[classifier] = None

    def _on_progress(self, classifier: Classifier, fraction: float, message: str, seconds_left: float | None) -> None:
        shown = self._running.get(classifier)
        if shown is None:
            return
        shown.bar.setRange(0, 1000 if fraction > 0 else 0)
        shown.bar.setValue(round(1000 * fraction))
        left = f" · {time_left_text(seconds_left)}" if seconds_left is not None else ""
        shown.item.setText(f"{message}{left}")

    def _on_classified(self, classifier: Classifier, layer_id: str, areas: list[ClassArea], seconds: float) -> None:
        self._drop(classifier)
        remember_speed(classifier.request.pixels, seconds)
        name = classifier.request.snapshot.name
        message_bar = self._iface.messageBar()
        self._close_last_message()
        # Without the layer's name, which pushes the buttons out of a narrow window.
        item = message_bar.createMessage("GeoLangBind", tr("Classified in {0} s.").format(number_text(seconds, 1)))
        item.setToolTip(name)
        if areas:
            button = QPushButton(tr("Areas…"), item)
            button.clicked.connect(lambda: self.show_areas(name, areas))
            item.layout().addWidget(button)
        check = QPushButton(tr("Check accuracy…"), item)
        check.clicked.connect(lambda: self._check_accuracy(layer_id))
        item.layout().addWidget(check)
        self._keep_message(message_bar.pushWidget(item, Qgis.MessageLevel.Success, 0))

    def _keep_message(self, item: QgsMessageBarItem, asked_about: str = "") -> None:
        """Remember the message, which the next one replaces and which goes with the project.

        Args:
            item: the message.
            asked_about: id of the layer of a question, which goes with the layer, too.
        """
        self._last_message, self._asked_about = item, asked_about
        item.destroyed.connect(lambda *_: self._forget_message(item))

    def _forget_message(self, item: object) -> None:
        """Discard the last message, which the user closed."""
        if self._last_message is item:
            self._last_message = None

    def _check_accuracy(self, layer_id: str) -> None:
        """Check the accuracy of a map, if it is still in the project."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if isinstance(layer, QgsRasterLayer):
            self._dock.check_accuracy(layer)

    def show_areas(self, name: str, areas: list[ClassArea]) -> TableDialog:
        """Open the areas table."""
        return show_areas(name, areas, self._iface.mainWindow())

    def _on_failed(self, classifier: Classifier, failure: Failure) -> None:
        self._drop(classifier)
        if not failure.cancelled:
            self._notify(failure)

    def _drop(self, classifier: Classifier) -> None:
        shown = self._running.pop(classifier, None)
        if shown is not None:
            self._iface.messageBar().popWidget(shown.item)
        classifier.deleteLater()

    def _on_layer_will_be_removed(self, layer_id: str) -> None:
        for classifier in list(self._running):
            if classifier.request.snapshot.layer_id == layer_id:
                classifier.abandon()
                self._drop(classifier)
        if self._asked_about == layer_id:
            self._close_last_message()

    def _show_explanation(self, layer_id: str, result: dict) -> None:
        layer = QgsProject.instance().mapLayer(layer_id)
        if layer is not None:
            dialog = ExplainDialog(layer.name(), can_read(layer)[1], result, self._iface.mainWindow())
            open_dialog(dialog, modal=False)

    def _notify(self, failure: Failure) -> None:
        self._iface.messageBar().pushMessage("GeoLangBind", failure.text, Qgis.MessageLevel.Warning)
