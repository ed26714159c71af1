"""The GeoLangBind dock: brings the pages, the runs and the map together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface, QgsDockWidget
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from geolangbind_qgis import settings
from geolangbind_qgis.gui.accuracy_dialog import AccuracyDialog
from geolangbind_qgis.gui.areas_dialog import show_areas
from geolangbind_qgis.gui.class_maps import class_maps_of
from geolangbind_qgis.gui.diagnostics_text import diagnostics_text
from geolangbind_qgis.gui.help import open_help
from geolangbind_qgis.gui.polygons_dialog import PolygonsDialog
from geolangbind_qgis.gui.recognition_dialog import RecognitionDialog
from geolangbind_qgis.gui.save_scores import ask_and_save_scores
from geolangbind_qgis.gui.search_page import SearchPage
from geolangbind_qgis.gui.setup_page import SetupPage
from geolangbind_qgis.gui.statistics_dialog import StatisticsDialog
from geolangbind_qgis.gui.status_line import StatusLine
from geolangbind_qgis.gui.teach_page import TeachPage
from geolangbind_qgis.gui.windows import open_dialog
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.layers.class_areas import read_areas
from geolangbind_qgis.layers.overlays import overlays_of
from geolangbind_qgis.layers.placement import SOURCE
from geolangbind_qgis.layers.recognition import Reading, Recognised, keep_reading, read_reading
from geolangbind_qgis.layers.score_histogram import ScoreHistogramTask
from geolangbind_qgis.layers.score_style import shown_band
from geolangbind_qgis.runs.describe import Describer
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.runs.highlight import Highlighter, HighlightRequest
from geolangbind_qgis.runtime.client_qt import RuntimeState
from geolangbind_qgis.session import DEFAULT_MODEL, Session

_LEAST_WIDTH, _LEAST_LETTERS = 300, 30
"""Of the dock, in pixels and in letters, which may be large; what is wider than the dock cannot be reached."""


class GeoLangBindDock(QgsDockWidget):
    """Where prompts are typed and results are looked at.

    Signals:
        environment_changed: the runtime was set up or removed.
    """

    environment_changed = pyqtSignal()

    def __init__(self, iface: QgisInterface, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("GeoLangBind", parent)
        self.setObjectName("GeoLangBindDock")
        self._iface = iface
        self._session = session
        self._recognised: dict[str, Recognised] = {}
        self._tasks: list[ScoreHistogramTask] = []
        self._counting: list[str] = []
        self._searched = ""  # id of the layer that the closing word is about
        self._clicked_meanwhile = False
        self._layers_changed = QTimer(self)  # of many changes at once the last one counts
        self._layers_changed.setSingleShot(True)
        self._layers_changed.timeout.connect(lambda: self._count_missing(self._show_results()))
        self.highlighter = Highlighter(session, self)
        self.describer = Describer(session, self)
        self.page = SearchPage(iface.mapCanvas(), self)
        self.setup = SetupPage(session, self)
        self.teach = TeachPage(session, self)
        self.status = StatusLine(self)
        self._stack = QStackedWidget(self)
        for page in (self.page, self.setup, self.teach):
            self._stack.addWidget(page)
        content = QWidget(self)
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 2)
        box.setSpacing(2)
        box.addWidget(self._stack, 1)
        box.addWidget(self.status)
        self.setWidget(content)
        self.setMinimumWidth(max(_LEAST_WIDTH, _LEAST_LETTERS * self.fontMetrics().averageCharWidth()))
        self._connect()
        self._on_runtime_changed()
        self.page.follow(iface.activeLayer())
        self._on_layer(self.page.layer())
        if not session.is_set_up:
            self.show_runtime_page(True)

    def run(self) -> None:
        """Start looking for the prompts."""
        if self.highlighter.busy:
            return
        if not self._session.is_set_up:
            self.show_runtime_page(True)
            return
        request = self._request(self.page.request)
        if request is not None:
            settings.remember_prompts([text for text, _ in request.prompts])
            self.page.prompts.refresh_words()
            self._start(request)

    def run_by_example(self) -> None:
        """Start looking for what the examples show; a click during a run is answered right after it."""
        if self.highlighter.busy:
            self._clicked_meanwhile = True
            return
        self._clicked_meanwhile = False
        if not self._session.is_set_up:
            self.show_runtime_page(True)
            return
        if not self.page.examples.positives() and not self.page.examples.negatives():
            return
        request = self._request(self.page.request_by_example)
        if request is not None:
            self._start(request)

    def _request(self, ask: Callable[[], HighlightRequest]) -> HighlightRequest | None:
        """Returns the request of the page; None where something is missing, which is reported."""
        try:
            return ask()
        except ValueError as problem:
            self.page.run_bar.show_idle(str(problem))
            return None

    def _start(self, request: HighlightRequest) -> None:
        starting = self._session.state is not RuntimeState.READY
        self.page.run_bar.show_busy(0.0, tr("Starting the runtime…") if starting else tr("Looking…"))
        self.highlighter.start(request)

    def look_for(self, layer: QgsMapLayer) -> None:
        """Show the prompt for a layer, as the layer's menu asks."""
        self.show_runtime_page(not self._session.is_set_up)
        self.page.follow(layer)
        self.setUserVisible(True)
        self.page.prompts.focus()

    def show_runtime_page(self, show: bool) -> None:
        """Switch between the search page and the runtime's page."""
        self._stack.setCurrentWidget(self.setup if show else self.page)
        self.status.runtime_button.setChecked(show)
        self.status.teach_button.setChecked(False)
        if show:
            self.setup.refresh()

    def show_teach_page(self, show: bool) -> None:
        """Switch between the search page and the page that teaches classes."""
        if show and not self._session.is_set_up:
            self.show_runtime_page(True)
            return
        self.show_runtime_page(False)
        self.status.teach_button.setChecked(show)
        if show:
            self.teach.refresh(self.page.layer())
            self._stack.setCurrentWidget(self.teach)

    def clean_up(self) -> None:
        """Stop all work and let go of the map, before the plugin goes."""
        self.highlighter.abandon()
        self.describer.abandon()
        self.setup.clean_up()
        self.teach.clean_up()
        for task in list(self._tasks):
            task.abandon()
        project = QgsProject.instance()
        project.layersRemoved.disconnect(self._on_layers_removed)
        project.layerWillBeRemoved.disconnect(self._on_layer_will_be_removed)
        project.layerTreeRoot().layerOrderChanged.disconnect(self._layers_changed.start)
        project.cleared.disconnect(self._on_project_cleared)
        project.readProject.disconnect(self._look_again)
        project.layersAdded.disconnect(self._watch)
        for layer in project.mapLayers().values():
            with suppress(TypeError):  # one that was there before the dock
                layer.customPropertyChanged.disconnect(self._on_property_changed)
        self._iface.currentLayerChanged.disconnect(self.page.follow)
        self._session.runtime_changed.disconnect(self._on_runtime_changed)
        self._layers_changed.stop()
        self.page.clean_up()

    def _connect(self) -> None:
        """Wire everything up."""
        page = self.page
        self._iface.currentLayerChanged.connect(page.follow)
        page.layer_changed.connect(self._on_layer)
        page.prompts.submitted.connect(self.run)
        page.examples.changed.connect(self.run_by_example)
        page.run_bar.run_wanted.connect(self.run)
        page.run_bar.cancel_wanted.connect(self.highlighter.cancel)
        page.recognition.edit_wanted.connect(self._edit_reading)
        page.model.activated.connect(self._on_model)
        page.result.save_wanted.connect(self._save_scores)
        page.result.polygons_wanted.connect(self._make_polygons)
        page.result.statistics_wanted.connect(self._show_statistics)
        page.class_maps.areas_wanted.connect(
            lambda layer: show_areas(layer.name(), read_areas(layer), self._iface.mainWindow())
        )
        page.class_maps.save_wanted.connect(lambda layer: ask_and_save_scores(layer, self._iface, self))
        page.class_maps.accuracy_wanted.connect(self.check_accuracy)
        page.class_maps.polygons_wanted.connect(self._make_polygons_of)
        self.highlighter.progressed.connect(page.run_bar.show_busy)
        self.highlighter.remarked.connect(
            lambda text: self._iface.messageBar().pushMessage("GeoLangBind", text, Qgis.MessageLevel.Warning)
        )
        self.highlighter.shown.connect(self._on_shown)
        self.highlighter.finished.connect(self._on_finished)
        self.highlighter.failed.connect(self._on_failed)
        self.describer.described.connect(self._on_described)
        self.describer.failed.connect(self._on_describe_failed)
        self.status.runtime_wanted.connect(
            lambda: self.show_runtime_page(self._stack.currentWidget() is not self.setup)
        )
        self.status.teach_wanted.connect(lambda: self.show_teach_page(self._stack.currentWidget() is not self.teach))
        self.teach.back_wanted.connect(lambda: self.show_teach_page(False))
        self.teach.taught.connect(self._on_taught)
        self.status.help_wanted.connect(lambda: open_help())
        self.setup.environment_changed.connect(self._on_environment_changed)
        self.setup.diagnostics_wanted.connect(
            lambda: self.setup.copy_diagnostics(diagnostics_text(self._session, self.page.layer()))
        )
        self._session.runtime_changed.connect(self._on_runtime_changed)
        project = QgsProject.instance()
        project.layersRemoved.connect(self._on_layers_removed)
        project.layerWillBeRemoved.connect(self._on_layer_will_be_removed)
        project.layerTreeRoot().layerOrderChanged.connect(self._layers_changed.start)
        project.cleared.connect(self._on_project_cleared)
        project.readProject.connect(self._look_again)
        project.layersAdded.connect(self._watch)

    # What the layer is ------------------------------------------------------------------------------------------

    def _on_layer(self, layer: QgsMapLayer | None) -> None:
        """Show what the layer is and what was found on it."""
        chosen = layer.id() if layer is not None else ""
        if chosen != self._searched and not self.highlighter.busy:
            self.page.run_bar.show_idle("")  # "Done in 0.7 s." was about another layer
        self._searched = chosen
        self._count_missing(self._show_results())
        if isinstance(layer, QgsRasterLayer):
            known = self._recognised.get(layer.id())
            if known is not None:
                self.page.recognition.show_recognised(known, read_reading(layer).is_own)
            elif self.isVisible() or self._session.state is RuntimeState.READY:
                self.describer.describe(layer)

    def _on_described(self, layer_id: str, found: Recognised) -> None:
        self._recognised[layer_id] = found
        layer = self.page.layer()
        if layer is not None and layer.id() == layer_id:
            self.page.recognition.show_recognised(found, read_reading(layer).is_own)

    def _on_describe_failed(self, layer_id: str, failure: Failure) -> None:
        layer = self.page.layer()
        if layer is not None and layer.id() == layer_id and not failure.cancelled:
            self.page.recognition.show_text(failure.text, editable=True)

    def _edit_reading(self) -> None:
        """Let the user correct what was recognised."""
        layer = self.page.layer()
        if layer is None:
            return
        dialog = RecognitionDialog(layer.bandCount(), read_reading(layer), self._recognised.get(layer.id()), self)
        dialog.accepted.connect(lambda: self._on_reading(layer.id(), dialog.reading()))
        open_dialog(dialog)

    def _on_reading(self, layer_id: str, reading: Reading) -> None:
        """Keep the correction, and have the layer described anew."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if isinstance(layer, QgsRasterLayer):
            keep_reading(layer, reading)
            self._recognised.pop(layer_id, None)
            self.describer.describe(layer)

    # Runs -------------------------------------------------------------------------------------------------------

    def _on_shown(self, layer_ids: list[str]) -> None:
        """Offer the overlays as soon as a coarse answer is on the map."""
        layer = self.page.layer()
        if layer is not None:
            self.page.result.set_results(overlays_of(QgsProject.instance(), layer.id()))
        if layer_ids:
            self.page.result.choose(layer_ids[0])

    def _on_finished(self, layer_ids: list[str], seconds: float) -> None:
        self.page.run_bar.show_idle(tr("Done in {0} s.").format(number_text(seconds, 1)))
        for layer_id in layer_ids:
            self.page.result.forget(layer_id)
            layer = QgsProject.instance().mapLayer(layer_id)
            if isinstance(layer, QgsRasterLayer):
                self._count(layer)
        if self._clicked_meanwhile:
            self.run_by_example()

    def _on_failed(self, failure: Failure) -> None:
        self._clicked_meanwhile = False
        self.page.run_bar.show_idle(tr("Cancelled.") if failure.cancelled else failure.message)
        if not failure.cancelled:
            self._iface.messageBar().pushMessage("GeoLangBind", failure.text, Qgis.MessageLevel.Warning)

    def _count_missing(self, layers: list[QgsRasterLayer]) -> None:
        """Count areas of results that were opened with the project."""
        for layer in layers:
            counted = layer.id() in self._counting or self.page.result.knows(layer.id())
            if not counted and not self.highlighter.busy:
                self._count(layer)

    def _count(self, layer: QgsRasterLayer) -> None:
        """Count the area at each score, in the background."""
        project = QgsProject.instance()
        shown = partial(self.page.result.show_histogram, layer.id())
        self._counting.append(layer.id())
        task = ScoreHistogramTask(
            layer.dataProvider(),
            shown_band(layer),
            layer.crs(),
            project.transformContext(),
            project.ellipsoid(),
            shown,
        )
        task.taskCompleted.connect(partial(self._drop_task, task, layer.id()))
        task.taskTerminated.connect(partial(self._drop_task, task, layer.id()))
        self._tasks.append(task)
        QgsApplication.taskManager().addTask(task)

    def _drop_task(self, task: ScoreHistogramTask, layer_id: str) -> None:
        if task in self._tasks:
            self._tasks.remove(task)
            self._counting.remove(layer_id)

    # What is made of results --------------------------------------------------------------------------------------

    def _save_scores(self) -> None:
        layer = self.page.result.layer()
        if layer is not None:
            ask_and_save_scores(layer, self._iface, self)

    def _make_polygons(self) -> None:
        self._make_polygons_of(self.page.result.layer())

    def _make_polygons_of(self, layer: QgsRasterLayer | None) -> None:
        client = self._session.client
        if layer is not None and client is not None:
            open_dialog(PolygonsDialog(layer, client, self._iface, self))

    def _show_statistics(self) -> None:
        layers = [
            QgsProject.instance().mapLayer(self.page.result.results.itemData(i))
            for i in range(self.page.result.results.count())
        ]
        found = [layer for layer in layers if layer is not None]
        open_dialog(StatisticsDialog(found, self.page.result.histograms(), self), modal=False)

    def _show_results(self) -> list[QgsRasterLayer]:
        """Offer what was found on the chosen layer, and its land-cover maps; give the former."""
        self.page.hide_results()  # Processing says only after it added a layer that it is a result
        project, layer = QgsProject.instance(), self.page.layer()
        found = overlays_of(project, layer.id()) if layer is not None else []
        self.page.result.set_results(found)
        self.page.class_maps.set_maps(class_maps_of(project, layer))
        return found

    def check_accuracy(self, layer: QgsRasterLayer) -> AccuracyDialog | None:
        """Ask what a class map is to be compared with; None where it cannot be, which is then said."""
        client = self._session.client
        if client is None:
            self.setUserVisible(True)
            self.show_runtime_page(True)
            return None
        try:
            dialog = AccuracyDialog(layer, client, self._iface.mainWindow())
        except ValueError as problem:
            self._iface.messageBar().pushMessage("GeoLangBind", str(problem), Qgis.MessageLevel.Warning)
            return None
        open_dialog(dialog)
        return dialog

    # The runtime and the project ------------------------------------------------------------------------------------

    def _on_runtime_changed(self) -> None:
        """Show the device, and the models that the runtime knows."""
        label, kind = self._session.device_label()
        if not self._session.is_set_up:
            label = tr("Runtime not set up")
        elif self._session.state is RuntimeState.STARTING:
            label = tr("Runtime starting…")
        elif self._session.state is RuntimeState.STOPPED:
            label = tr("Runtime at rest")
        self.status.show_device(label, kind if self._session.state is RuntimeState.READY else "")
        self._show_models()
        layer = self.page.layer()
        if self._session.state is RuntimeState.READY and layer is not None and layer.id() not in self._recognised:
            self.describer.describe(layer)

    def _show_models(self) -> None:
        """Fill the list of models with those that can be used."""
        combo = self.page.model
        models: list[dict[str, Any]] = [
            item for item in self._session.facts.get("models") or [] if isinstance(item, dict)
        ]
        names = {
            str(item.get("name")): str(item.get("title") or item.get("name"))
            for item in models
            if item.get("available", True)
        }
        names.setdefault(DEFAULT_MODEL, DEFAULT_MODEL)
        combo.clear()
        for name, title in names.items():
            combo.addItem(title, name)
        combo.setCurrentIndex(max(0, combo.findData(self._session.model)))

    def _on_model(self) -> None:
        """Use another model; what is recognised depends on it."""
        self._session.choose_model(self.page.model.currentData())
        self._recognised.clear()
        self._on_layer(self.page.layer())

    def _on_taught(self, name: str, title: str) -> None:
        """Offer the new model, chosen for the next prompts."""
        if self.page.model.findData(name) < 0:
            self.page.model.addItem(title, name)
        self._session.facts.setdefault("models", []).append({"name": name, "title": title, "available": True})
        self.page.model.setCurrentIndex(self.page.model.findData(name))
        self._on_model()

    def _on_environment_changed(self) -> None:
        self._recognised.clear()
        self.environment_changed.emit()

    def _on_layer_will_be_removed(self, layer_id: str) -> None:
        """Stop the run whose layer goes away."""
        if layer_id == self.highlighter.source_layer_id:
            self.highlighter.cancel()

    def _on_layers_removed(self, layer_ids: list[str]) -> None:
        for layer_id in layer_ids:
            self._recognised.pop(layer_id, None)
            self.page.result.forget(layer_id)
        self._layers_changed.start()

    def _watch(self, layers: list[QgsMapLayer]) -> None:
        """Hear of it when a layer that is there already is said to be a result, as Processing does."""
        for layer in layers:
            layer.customPropertyChanged.connect(self._on_property_changed)

    def _on_property_changed(self, key: str) -> None:
        if key == SOURCE:
            self._layers_changed.start()

    def _look_again(self, *_: object) -> None:
        """Look for results again: while layers are read one by one, they are not all there yet."""
        self._layers_changed.start()

    def _on_project_cleared(self) -> None:
        """Stop everything that belonged to the project that was closed."""
        if self.highlighter.busy:
            self.highlighter.cancel()
            self.highlighter.abandon()
            self.page.run_bar.show_idle("")
        self._recognised.clear()
