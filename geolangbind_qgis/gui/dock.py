"""The GeoLangBind dock: its pages, and what changes with the layer, the runtime and the project."""

from __future__ import annotations

from qgis.core import Qgis, QgsMapLayer, QgsRasterLayer
from qgis.gui import QgisInterface, QgsDockWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from geolangbind_qgis.gui.area_counter import AreaCounter
from geolangbind_qgis.gui.canvas_refresh import CanvasRefresh
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
from geolangbind_qgis.gui.run_control import RunControl
from geolangbind_qgis.gui.search_page import SearchPage
from geolangbind_qgis.gui.setup_page import SetupPage
from geolangbind_qgis.gui.status_line import StatusLine
from geolangbind_qgis.gui.suggestions import Suggestions
from geolangbind_qgis.gui.tour import Tour, tour_was_seen
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.runs.highlight import Highlighter
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
        self.runs = RunControl(session, self.page, self.highlighter, self.areas, self.drawing, self)
        self.actions_on_results = ResultActions(session, self.page, iface, self)
        self.project = ProjectWatch(self)
        self.missing = MissingMessage(iface, self.runs.recompute, self)
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
        self.runs.heartbeat.close()
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
        """Connect the signals of runs and their results."""
        self.runs.setup_needed.connect(lambda: self.show_runtime_page(True))
        self.runs.previewed.connect(self.tour.show_last)
        self.runs.warned.connect(self._warn)
        self.areas.counted.connect(self.suggestions.request_if_empty)
        self.suggestions.found.connect(self.page.result.show_suggestions)
        self.page.result.chosen.connect(lambda: self.outline.show(self.page.result.layer()))
        self.setup.start_wanted.connect(self._on_start_wanted)
        self.highlighter.finished.connect(lambda *_: self.missing.compute_next())
        self.highlighter.failed.connect(lambda *_: self.missing.stop())

    def _connect_pages(self) -> None:
        """Connect the signals that switch pages."""
        self.status.runtime_wanted.connect(lambda: self.show_runtime_page(self.current_page is not self.setup))
        self.status.finetune_wanted.connect(lambda: self.show_finetune_page(self.current_page is not self.finetune))
        self.status.help_wanted.connect(lambda: open_help())
        self.page.models_wanted.connect(self.manage_models)
        self.tour.step_shown.connect(self.page.ensureWidgetVisible)
        self._stack.currentChanged.connect(lambda _: self.tour.set_aside(self.current_page is not self.page))
        self.finetune.back_wanted.connect(lambda: self.show_finetune_page(False))
        self.finetune.trained.connect(self.models.add)
        self.setup.environment_changed.connect(self._on_environment_changed)
        self.setup.diagnostics_wanted.connect(
            lambda: self.setup.copy_diagnostics(
                diagnostics_text(self._session, self.page.layer(), self.runs.heartbeat.stalls)
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
        self.project.results_changed.connect(self.runs.show_results)
        self.project.layer_will_be_removed.connect(self.runs.drop_layer)
        self.project.layers_removed.connect(self._on_layers_removed)
        self.project.cleared.connect(self._on_project_cleared)
        self.project.opened.connect(self.missing.update)

    def _on_layer(self, layer: QgsMapLayer | None) -> None:
        """Show the description and the results of the layer."""
        chosen = layer.id() if layer is not None else ""
        if chosen != self._message_layer and not self.highlighter.busy:
            self.page.run_bar.show_idle("")  # "Done in 0.7 s." was about another layer
        self._message_layer = chosen
        self.runs.show_results()
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
        self.show_runtime_page(False)
        if not self.runs.run_waiting() and not tour_was_seen():
            self.start_tour()

    def _show_setup(self) -> None:
        self.setUserVisible(True)
        self.show_runtime_page(True)

    def _on_layers_removed(self, layer_ids: list[str]) -> None:
        self.descriptions.forget(*layer_ids)
        for layer_id in layer_ids:
            self.page.result.forget(layer_id)

    def _on_project_cleared(self) -> None:
        """Cancel all work of the project that was closed."""
        self.runs.abandon()
        self.descriptions.forget_all()
        self.missing.forget()

    def _warn(self, text: str) -> None:
        self._iface.messageBar().pushMessage("GeoLangBind", text, Qgis.MessageLevel.Warning)
