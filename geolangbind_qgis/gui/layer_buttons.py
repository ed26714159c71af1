"""Buttons beside the choice of layer: natural colours, and the sample scene."""

from __future__ import annotations

from qgis.core import Qgis, QgsCoordinateTransform, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject

from geolangbind_qgis.gui.layer_descriptions import LayerDescriptions
from geolangbind_qgis.gui.search_page import SearchPage
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.natural_colours import show_recognised_colours
from geolangbind_qgis.layers.sample_scene import SAMPLE_PROMPT, add_sample_scene


class LayerButtons(QObject):
    """Handles the buttons beside the choice of layer.

    Args:
        page: holds the buttons.
        descriptions: say which band is which.
        iface: QGIS's interface.
        parent: owner.
    """

    def __init__(
        self, page: SearchPage, descriptions: LayerDescriptions, iface: QgisInterface, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._page, self._descriptions, self._iface = page, descriptions, iface
        page.natural_colours_wanted.connect(self.show_natural_colours)
        page.sample_wanted.connect(self.open_sample_scene)

    def show_natural_colours(self) -> None:
        """Show the chosen layer in natural colours."""
        layer = self._page.layer()
        found = self._descriptions.found(layer.id()) if layer is not None else None
        if layer is None or found is None:
            return
        if not show_recognised_colours(layer, found):
            text = tr("{0} has no red, green and blue bands.").format(layer.name())
            self._iface.messageBar().pushMessage("GeoLangBind", text, Qgis.MessageLevel.Info)

    def open_sample_scene(self) -> None:
        """Add the sample scene to the project, select it, and fill in a prompt."""
        project = QgsProject.instance()
        try:
            layer = add_sample_scene(project)
        except ValueError as problem:
            self._iface.messageBar().pushMessage("GeoLangBind", str(problem), Qgis.MessageLevel.Warning)
            return
        self._iface.setActiveLayer(layer)
        self._page.follow(layer)
        self._zoom_to(layer)
        if not self._page.prompts.prompts():
            self._page.prompts.set_prompts([SAMPLE_PROMPT])

    def _zoom_to(self, layer: QgsRasterLayer) -> None:
        canvas = self._iface.mapCanvas()
        to_map = QgsCoordinateTransform(
            layer.crs(), canvas.mapSettings().destinationCrs(), QgsProject.instance().transformContext()
        )
        if to_map.isValid():
            canvas.setExtent(to_map.transformBoundingBox(layer.extent()))
            canvas.refresh()
