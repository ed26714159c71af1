"""The GeoLangBind dock: its pages and the runs that they start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsRasterLayer, QgsRectangle
from qgis.gui import QgisInterface, QgsDockWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from geolangbind_qgis import settings
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.area_counter import AreaCounter
from geolangbind_qgis.gui.canvas_refresh import CanvasRefresh
from geolangbind_qgis.gui.class_maps import class_maps_of
from geolangbind_qgis.gui.computed_outline import ComputedOutline
from geolangbind_qgis.gui.diagnostics_text import diagnostics_text
from geolangbind_qgis.gui.dock_tour import dock_steps
from geolangbind_qgis.gui.finetune_page import FinetunePage
from geolangbind_qgis.gui.help import open_help
from geolangbind_qgis.gui.layer_buttons import LayerButtons
from geolangbind_qgis.gui.layer_descriptions import LayerDescriptions
from geolangbind_qgis.gui.missing_message import MissingMessage
from geolangbind_qgis.gui.model_choice import ModelChoice
from geolangbind_qgis.gui.project_watch import ProjectWatch
from geolangbind_qgis.gui.result_actions import ResultActions
from geolangbind_qgis.gui.run_size import remember_speed
from geolangbind_qgis.gui.search_page import SearchPage
from geolangbind_qgis.gui.setup_page import SetupPage
from geolangbind_qgis.gui.status_line import StatusLine
from geolangbind_qgis.gui.suggestions import Suggestions
from geolangbind_qgis.gui.tour import Tour, tour_was_seen
from geolangbind_qgis.heartbeat import Heartbeat
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.layers.answer import read_answer
from geolangbind_qgis.layers.missing_results import is_missing
from geolangbind_qgis.layers.overlays import find_overlay, overlays_of
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.runs.highlight import Highlighter, HighlightRequest
from geolangbind_qgis.runtime.client_qt import RuntimeState
from geolangbind_qgis.session import Session

_LEAST_WIDTH, _LEAST_LETTERS = 300, 30
"""Of the dock, in pixels and in letters, which may be large; what is wider than the dock cannot be reached."""


class GeoLangBindDock(QgsDockWidget):
    """Dock for entering prompts and inspecting results.

    Signals:
        environment_changed: the runtime was set up or removed.
    """

    environment_changed = pyqtSignal()

    def __init__(self, iface: QgisInterface, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("GeoLangBind", parent)
        self.setObjectName("GeoLangBindDock")
        self._iface = iface
        self._session = session
        self._message_layer = ""  # id of the layer that the last message of the run bar is about
        self._clicked_meanwhile = False
        self.highlighter = Highlighter(session, self)
        self.page = SearchPage(iface.mapCanvas(), self)
        self.setup = SetupPage(session, self)
        self.finetune = FinetunePage(session, iface, self)
        self.status = StatusLine(self)
        self.descriptions = LayerDescriptions(session, self.page, self)
        self.layer_buttons = LayerButtons(self.page, self.descriptions, iface, self)
        self.models = ModelChoice(session, self.page.model, self)
        self.areas = AreaCounter(self)
        self.suggestions = Suggestions(session, self.highlighter, self)
        self.drawing = CanvasRefresh(iface.mapCanvas(), self)
        self.outline = ComputedOutline(iface.mapCanvas())
        self._pixels = 0  # of the run
        self.heartbeat = Heartbeat(parent=self)
        self._waiting = False  # for the set-up, to run what was asked for
        self.actions_on_results = ResultActions(session, self.page, iface, self)
        self.project = ProjectWatch(self)
        self.missing = MissingMessage(iface, self.recompute, self)
        self._stack = QStackedWidget(self)
        for page in (self.page, self.setup, self.finetune):
            self._stack.addWidget(page)
        content = QWidget(self)
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 2)
        box.setSpacing(2)
        self.tour = Tour(lambda: dock_steps(self.page), content)
        box.addWidget(self._stack, 1)
        box.addWidget(self.tour)
        box.addWidget(self.status)
        self.setWidget(content)
        self.setMinimumWidth(max(_LEAST_WIDTH, _LEAST_LETTERS * self.fontMetrics().averageCharWidth()))
        self._connect_runs()
        self._connect_pages()
        self._connect_project()
        self._on_runtime_changed()
        self.page.follow(iface.activeLayer())
        self._on_layer(self.page.layer())
        if not session.is_set_up:
            self.show_runtime_page(True)

    @property
    def current_page(self) -> QWidget:
        """The page that is shown."""
        return self._stack.currentWidget()

    def run(self) -> None:
        """Start a highlight run of the prompts."""
        if self.highlighter.busy:
            return
        if not self._session.is_set_up:
            self._waiting = True
            self.show_runtime_page(True)
            return
        request = self._request(self.page.request)
        if request is not None:
            settings.remember_prompts([text for text, _ in request.prompts])
            self.page.prompts.refresh_words()
            self._start(request)

    def run_all(self) -> None:
        """Start a highlight run of the prompts together with the examples."""
        examples = self.page.examples
        if examples.any_positive and (examples.with_words.isChecked() or not self.page.prompts.prompts()):
            self.run_by_example()
            return
        self.run()
        self._clicked_meanwhile = self.highlighter.busy and examples.any_positive  # right after the prompts

    def run_by_example(self) -> None:
        """Start a highlight run of the examples; a click during a run starts another run right after it."""
        if self.highlighter.busy:
            self._clicked_meanwhile = True
            return
        self._clicked_meanwhile = False
        if not self._session.is_set_up:
            self.show_runtime_page(True)
            return
        if not self.page.examples.any:
            return
        request = self._request(self.page.request_by_example)
        if request is not None:
            self._start(request)

    def recompute(self, layer: QgsRasterLayer) -> None:
        """Recompute a result whose file is missing."""
        answer = read_answer(layer)
        if answer is None or self.highlighter.busy:
            return
        self.page.follow(layer)
        self.page.prompts.set_prompts([answer.prompt])
        self.page.prompts.set_negatives(list(answer.exclusions))
        chosen = self.page.area.area
        self.page.area.choose(Area.LAYER)
        request = self._request(self.page.request)
        self.page.area.choose(chosen)  # the next run is for what the user chose
        if request is not None:
            extent = QgsRectangle(*answer.extent) if answer.extent is not None else None
            self._start(replace(request, extent=extent, resolution=answer.resolution))

    def offer_prompt(self, layer: QgsMapLayer) -> None:
        """Select a layer and put the cursor into the prompt; called by the layer's menu."""
        self.show_runtime_page(not self._session.is_set_up)
        self.page.follow(layer)
        self.setUserVisible(True)
        self.page.prompts.focus()

    def show_runtime_page(self, show: bool) -> None:
        """Switch between the search page and the runtime's page."""
        self._stack.setCurrentWidget(self.setup if show else self.page)
        self.status.runtime_button.setChecked(show)
        self.status.finetune_button.setChecked(False)
        if show:
            self.setup.refresh()

    def show_finetune_page(self, show: bool) -> None:
        """Switch between the search page and the fine-tuning page."""
        if show and not self._session.is_set_up:
            self.show_runtime_page(True)
            return
        self.show_runtime_page(False)
        self.status.finetune_button.setChecked(show)
        if show:
            self.finetune.refresh(self.page.layer())
            self._stack.setCurrentWidget(self.finetune)

    def manage_models(self) -> None:
        """Open the dialog of models."""
        if not self.models.manage(self._iface.mainWindow()):
            self._show_setup()

    def start_tour(self) -> None:
        """Start the tour of the search page."""
        self.show_runtime_page(False)
        self.setUserVisible(True)
        self.tour.start()

    def check_accuracy(self, layer: QgsRasterLayer) -> QWidget | None:
        """Open the accuracy dialog of a class map; returns None if the map cannot be compared."""
        return self.actions_on_results.check_accuracy(layer)

    def clean_up(self) -> None:
        """Stop all work and disconnect from the map canvas, before the plugin is unloaded."""
        self.highlighter.abandon()
        self.heartbeat.close()
        self.descriptions.clean_up()
        self.setup.clean_up()
        self.finetune.clean_up()
        self.areas.abandon()
        self.suggestions.abandon()
        self.drawing.clean_up()
        self.outline.clean_up()
        self.project.clean_up()
        self.missing.clean_up()
        self._iface.currentLayerChanged.disconnect(self.page.follow)
        self._session.runtime_changed.disconnect(self._on_runtime_changed)
        self.page.clean_up()

    def _connect_runs(self) -> None:
        """Connect the signals that start runs and report their results."""
        page = self.page
        page.prompts.submitted.connect(self.run)
        page.examples.changed.connect(self.run_by_example)
        page.run_bar.run_wanted.connect(self.run_all)
        page.run_bar.cancel_wanted.connect(self.highlighter.cancel)
        self.highlighter.progressed.connect(page.run_bar.show_busy)
        self.highlighter.remarked.connect(self._warn)
        self.highlighter.shown.connect(self._on_shown)
        self.highlighter.finished.connect(self._on_finished)
        self.highlighter.failed.connect(self._on_failed)
        self.areas.counted.connect(page.result.show_histogram)
        self.areas.counted.connect(self.suggestions.request_if_empty)
        self.suggestions.found.connect(page.result.show_suggestions)
        page.result.word_wanted.connect(self._run_word)
        page.area.view_moved.connect(self._follow_view)
        page.result.recompute_wanted.connect(self.recompute)
        page.result.answer_changed.connect(self._on_answer_changed)
        page.result.chosen.connect(lambda: self.outline.show(page.result.layer()))
        self.setup.start_wanted.connect(self._on_start_wanted)

    def _connect_pages(self) -> None:
        """Connect the signals that switch pages."""
        self.status.runtime_wanted.connect(lambda: self.show_runtime_page(self.current_page is not self.setup))
        self.status.finetune_wanted.connect(lambda: self.show_finetune_page(self.current_page is not self.finetune))
        self.status.help_wanted.connect(lambda: open_help())
        self.page.models_wanted.connect(self.manage_models)
        self.tour.step_shown.connect(self.page.ensureWidgetVisible)
        self.finetune.back_wanted.connect(lambda: self.show_finetune_page(False))
        self.finetune.trained.connect(self.models.add)
        self.setup.environment_changed.connect(self._on_environment_changed)
        self.setup.diagnostics_wanted.connect(
            lambda: self.setup.copy_diagnostics(
                diagnostics_text(self._session, self.page.layer(), self.heartbeat.stalls)
            )
        )
        self.actions_on_results.runtime_needed.connect(self._show_setup)

    def _connect_project(self) -> None:
        """Connect the signals of layers, project and runtime."""
        self._iface.currentLayerChanged.connect(self.page.follow)
        self._session.runtime_changed.connect(self._on_runtime_changed)
        self.page.layer_changed.connect(self._on_layer)
        self.page.layer_changed.connect(lambda _: self.tour.refresh())
        self.models.changed.connect(self._on_model)
        self.project.results_changed.connect(lambda: self._count_missing(self._show_results()))
        self.project.layer_will_be_removed.connect(self._on_layer_will_be_removed)
        self.project.layers_removed.connect(self._on_layers_removed)
        self.project.cleared.connect(self._on_project_cleared)
        self.project.opened.connect(self.missing.update)
        self.highlighter.finished.connect(lambda *_: self.missing.compute_next())
        self.highlighter.failed.connect(lambda *_: self.missing.stop())

    # Runs -------------------------------------------------------------------------------------------------------

    def _request(self, collect: Callable[[], HighlightRequest]) -> HighlightRequest | None:
        """Returns the request of the search page; None if input is missing, which the run bar reports."""
        try:
            return collect()
        except ValueError as problem:
            self.page.run_bar.show_idle(str(problem))
            return None

    def _start(self, request: HighlightRequest) -> None:
        starting = self._session.state is not RuntimeState.READY
        self.page.run_bar.show_busy(0.0, tr("Starting the runtime…") if starting else tr("Looking…"))
        self.page.result.show_preview(True)
        self._pixels = self.page.pixels()
        self.heartbeat.start()
        self.highlighter.start(request)

    def _on_shown(self, layer_ids: list[str]) -> None:
        """List the overlays as soon as a preview is on the map."""
        layer = self.page.layer()
        if layer is not None:
            self.page.result.set_results(overlays_of(QgsProject.instance(), layer.id()))
        self.tour.show_last()
        if layer_ids:
            self.page.result.choose(layer_ids[0])
            self.page.bring_threshold_in_sight()

    def _on_finished(self, layer_ids: list[str], seconds: float) -> None:
        self.page.run_bar.show_idle(tr("Done in {0} s.").format(number_text(seconds, 1)))
        remember_speed(self._pixels, seconds)
        for layer_id in layer_ids:
            self.page.result.forget(layer_id)
        self.page.result.show_preview(False)
        self._show_results()
        found = map(QgsProject.instance().mapLayer, layer_ids)
        layers = [layer for layer in found if isinstance(layer, QgsRasterLayer)]
        for layer in layers:
            self.areas.count(layer)
        self.drawing.draw(layers)
        self.heartbeat.stop()
        if self._clicked_meanwhile:
            self.run_by_example()

    def _run_word(self, prompt: str, word: str) -> None:
        """Run a suggested word in place of a prompt without matches."""
        self.page.prompts.replace(prompt, word)
        self.run()

    def _on_failed(self, failure: Failure) -> None:
        self._clicked_meanwhile = False
        self.heartbeat.stop()
        self.page.result.show_preview(False)
        self.page.run_bar.show_idle(tr("Cancelled.") if failure.cancelled else failure.message)
        if not failure.cancelled:
            self._warn(failure.text)

    def _on_answer_changed(self, layer_id: str) -> None:
        """Recount and redraw a layer that shows an earlier answer."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if isinstance(layer, QgsRasterLayer):
            self.areas.count(layer)
            self.drawing.draw([layer])

    def _follow_view(self) -> None:
        """Run the prompts for the visible extent, unless it was answered already."""
        layer = self.page.layer()
        if self.highlighter.busy or layer is None or not self._session.is_set_up:
            return
        try:
            request = self.page.request()
        except ValueError:
            return
        project = QgsProject.instance()
        found = [find_overlay(project, layer.id(), text) for text, _ in request.prompts]
        if request.extent is None or all(each is not None and each.extent().contains(request.extent) for each in found):
            return
        self._start(request)

    def _count_missing(self, layers: list[QgsRasterLayer]) -> None:
        """Count areas of results that were loaded with the project."""
        if self.highlighter.busy:
            return
        for layer in layers:
            if (
                not is_missing(layer)
                and not self.areas.is_counting(layer.id())
                and not self.page.result.knows(layer.id())
            ):
                self.areas.count(layer)

    def _show_results(self) -> list[QgsRasterLayer]:
        """List the results on the chosen layer and its land-cover maps; returns the former."""
        self.page.hide_results()  # Processing says only after it added a layer that it is a result
        project, layer = QgsProject.instance(), self.page.layer()
        found = overlays_of(project, layer.id()) if layer is not None else []
        self.page.result.set_results(found)
        self.page.class_maps.set_maps(class_maps_of(project, layer))
        return found

    # The layer, the runtime and the project -----------------------------------------------------------------------

    def _on_layer(self, layer: QgsMapLayer | None) -> None:
        """Show the description and the results of the layer."""
        chosen = layer.id() if layer is not None else ""
        if chosen != self._message_layer and not self.highlighter.busy:
            self.page.run_bar.show_idle("")  # "Done in 0.7 s." was about another layer
        self._message_layer = chosen
        self._count_missing(self._show_results())
        if isinstance(layer, QgsRasterLayer):
            ready = self._session.state is RuntimeState.READY
            self.descriptions.show(layer, ask=self.isVisible() or ready)

    def _on_runtime_changed(self) -> None:
        """Show the device and the models that the runtime reports."""
        label, kind = self._session.device_label()
        ready = self._session.state is RuntimeState.READY
        if not self._session.is_set_up:
            label = tr("Runtime not set up")
        elif self._session.state is RuntimeState.STARTING:
            label = tr("Runtime starting…")
        elif not ready:
            label = tr("Runtime idle")
        self.status.show_device(label, kind if ready else "")
        self.models.refresh()
        layer = self.page.layer()
        if ready and layer is not None and self.descriptions.found(layer.id()) is None:
            self.descriptions.show(layer, ask=True)

    def _on_model(self) -> None:
        """Describe the layer again, since recognition depends on the model."""
        self.descriptions.forget_all()
        self._on_layer(self.page.layer())

    def _on_environment_changed(self) -> None:
        self.descriptions.forget_all()
        self.environment_changed.emit()

    def _on_start_wanted(self) -> None:
        """Show the search page and start the run that was requested before a runtime was installed."""
        waiting, self._waiting = self._waiting, False
        self.show_runtime_page(False)
        if waiting:
            self.run()
        elif not tour_was_seen():
            self.start_tour()

    def _show_setup(self) -> None:
        self.setUserVisible(True)
        self.show_runtime_page(True)

    def _on_layer_will_be_removed(self, layer_id: str) -> None:
        """Cancel the run of a layer that is removed."""
        if layer_id == self.highlighter.source_layer_id:
            self.highlighter.cancel()
        self.areas.drop(layer_id)

    def _on_layers_removed(self, layer_ids: list[str]) -> None:
        self.descriptions.forget(*layer_ids)
        for layer_id in layer_ids:
            self.page.result.forget(layer_id)

    def _on_project_cleared(self) -> None:
        """Cancel all work of the project that was closed."""
        if self.highlighter.busy:
            self.highlighter.cancel()
            self.highlighter.abandon()
            self.page.run_bar.show_idle("")
        self.descriptions.forget_all()
        self.missing.forget()

    def _warn(self, text: str) -> None:
        self._iface.messageBar().pushMessage("GeoLangBind", text, Qgis.MessageLevel.Warning)
