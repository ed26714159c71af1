"""The plugin object: registers all parts in QGIS and removes them again."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QAction, QToolBar

from geolangbind_qgis import settings
from geolangbind_qgis.gui.dock import GeoLangBindDock
from geolangbind_qgis.gui.help import open_help
from geolangbind_qgis.gui.layer_menu import LayerMenu
from geolangbind_qgis.gui.tour import tour_was_seen
from geolangbind_qgis.gui.windows import close_dialogs
from geolangbind_qgis.i18n import install_translator, tr
from geolangbind_qgis.icons import icon
from geolangbind_qgis.layers.background_task import BackgroundTask
from geolangbind_qgis.layers.project_results import ProjectResults
from geolangbind_qgis.processing.provider import GeoLangBindProvider
from geolangbind_qgis.runtime_choice import chosen_command
from geolangbind_qgis.session import Session


class GeoLangBindPlugin:
    """The plugin as QGIS loads it.

    Args:
        iface: QGIS's interface; None under ``qgis_process``, where only Processing is wanted.
    """

    def __init__(self, iface: QgisInterface | None) -> None:
        self.iface = iface
        self.session: Session | None = None
        self.dock: GeoLangBindDock | None = None
        self.menu: LayerMenu | None = None
        self._results: ProjectResults | None = None
        self._provider: GeoLangBindProvider | None = None
        self._action: QAction | None = None
        self._toolbar: QToolBar | None = None
        self._entries: list[QAction] = []
        self._translator = install_translator()

    def initProcessing(self) -> None:
        """Register the Processing provider; ``qgis_process`` needs nothing else."""
        self.session = self.session or Session(chosen_command())
        self._provider = GeoLangBindProvider(self.session)
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:
        """Add the dock, its toolbar button, the layer menu and the Processing provider."""
        iface = self.iface
        self.session = Session(chosen_command(), iface.mainWindow() if iface is not None else None)
        self.initProcessing()
        if iface is None:
            return
        self.dock = GeoLangBindDock(iface, self.session, iface.mainWindow())
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self._results = ProjectResults(settings.results_folder, settings.keeps_all_results, self.dock)
        self.menu = LayerMenu(iface, self.session, self.dock, self.dock)
        self._action = QAction(icon("geolangbind"), "GeoLangBind", iface.mainWindow())
        self._action.setCheckable(True)
        self._action.setToolTip(tr("Show or hide the GeoLangBind dock"))
        self.dock.setToggleVisibilityAction(self._action)
        self.dock.visibilityChanged.connect(self._on_visible)
        self._toolbar = iface.addToolBar("GeoLangBind")
        self._toolbar.setObjectName("GeoLangBindToolBar")
        self._toolbar.addAction(self._action)
        self._entries = [self._action, *self._menu_entries(self.dock)]
        for entry in self._entries:
            iface.addPluginToRasterMenu("GeoLangBind", entry)

    def unload(self) -> None:
        """Stop all work, end the runtime, and remove everything."""
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
        close_dialogs()
        if self._results is not None:
            self._results.clean_up()
            self._results = None
        if self.menu is not None:
            self.menu.clean_up()
        if self.dock is not None and self.iface is not None:
            self.dock.clean_up()
            self.iface.removeDockWidget(self.dock)
            self.dock.deleteLater()
        if self._action is not None and self._toolbar is not None and self.iface is not None:
            self._toolbar.deleteLater()
            self._toolbar = None
            for entry in self._entries:
                self.iface.removePluginRasterMenu("GeoLangBind", entry)
                entry.deleteLater()
            self._entries = []
        if self.session is not None:
            self.session.close()
            self.session.deleteLater()
        BackgroundTask.end_all()
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
        self.menu = self.dock = self.session = self._action = None

    def _on_visible(self, visible: bool) -> None:
        """Start the runtime when the dock is first shown, and start the tour."""
        if visible and self.session is not None and self.dock is not None:
            self.session.start_runtime()
            if self.session.is_set_up and not tour_was_seen() and not self.dock.tour.isVisible():
                self.dock.start_tour()

    def _menu_entries(self, dock: GeoLangBindDock) -> list[QAction]:
        """Create the entries of the plugin's menu, besides the one that shows the dock."""
        window = dock.parent()
        entries = []
        for text, slot in (
            (tr("Open the sample scene"), lambda: self._open_sample_scene(dock)),
            (tr("Models…"), dock.manage_models),
            (tr("Show the tour"), dock.start_tour),
            (tr("Help"), open_help),
        ):
            action = QAction(text, window)
            action.triggered.connect(lambda _, slot=slot: slot())
            entries.append(action)
        return entries

    def _open_sample_scene(self, dock: GeoLangBindDock) -> None:
        dock.setUserVisible(True)
        dock.layer_buttons.open_sample_scene()
