"""Actions on results: files, polygons, tables of areas, accuracy."""

from __future__ import annotations

from qgis.core import Qgis, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from geolangbind_qgis.gui.accuracy_dialog import AccuracyDialog
from geolangbind_qgis.gui.areas_dialog import show_areas
from geolangbind_qgis.gui.polygons_dialog import PolygonsDialog
from geolangbind_qgis.gui.save_scores import ask_and_save_scores
from geolangbind_qgis.gui.search_page import SearchPage
from geolangbind_qgis.gui.statistics_dialog import StatisticsDialog
from geolangbind_qgis.gui.windows import open_dialog
from geolangbind_qgis.layers.class_areas import read_areas
from geolangbind_qgis.session import Session


class ResultActions(QObject):
    """Handles the buttons below a result.

    Signals:
        runtime_needed: there is no runtime to do what was requested.

    Args:
        session: gives the runtime.
        page: holds the buttons and the choice of results.
        iface: QGIS's interface.
        window: parent of dialogs.
    """

    runtime_needed = pyqtSignal()

    def __init__(self, session: Session, page: SearchPage, iface: QgisInterface, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._result, self._iface, self._window = session, page.result, iface, window
        page.result.save_wanted.connect(self.save_scores)
        page.result.polygons_wanted.connect(self.make_polygons)
        page.result.statistics_wanted.connect(self.show_statistics)
        page.class_maps.areas_wanted.connect(self.show_areas)
        page.class_maps.save_wanted.connect(self.save_map)
        page.class_maps.polygons_wanted.connect(self.make_polygons_of)
        page.class_maps.accuracy_wanted.connect(self.check_accuracy)

    def save_scores(self) -> None:
        """Save the selected score layer."""
        layer = self._result.layer()
        if layer is not None:
            self.save_map(layer)

    def save_map(self, layer: QgsRasterLayer) -> None:
        """Save a result to a file chosen by the user."""
        ask_and_save_scores(layer, self._iface, self._window)

    def make_polygons(self) -> None:
        """Open the polygons dialog for the selected result."""
        layer = self._result.layer()
        if layer is not None:
            self.make_polygons_of(layer)

    def make_polygons_of(self, layer: QgsRasterLayer) -> None:
        """Open the polygons dialog for a score layer or a class map."""
        client = self._session.client
        if client is not None:
            open_dialog(PolygonsDialog(layer, client, self._iface, self._window))

    def show_statistics(self) -> None:
        """Open the table of areas of all results."""
        project, combo = QgsProject.instance(), self._result.results
        layers = [project.mapLayer(combo.itemData(index)) for index in range(combo.count())]
        found = [layer for layer in layers if isinstance(layer, QgsRasterLayer)]
        open_dialog(StatisticsDialog(found, self._result.histograms(), self._window), modal=False)

    def show_areas(self, layer: QgsRasterLayer) -> None:
        """Open the table of areas of a class map."""
        show_areas(layer.name(), read_areas(layer), self._iface.mainWindow())

    def check_accuracy(self, layer: QgsRasterLayer) -> AccuracyDialog | None:
        """Open the accuracy dialog; returns None if the map cannot be compared, with a message in the message bar."""
        client = self._session.client
        if client is None:
            self.runtime_needed.emit()
            return None
        try:
            dialog = AccuracyDialog(layer, client, self._iface.mainWindow())
        except ValueError as problem:
            self._iface.messageBar().pushMessage("GeoLangBind", str(problem), Qgis.MessageLevel.Warning)
            return None
        open_dialog(dialog, modal=False)  # points are labelled while it is open
        return dialog
