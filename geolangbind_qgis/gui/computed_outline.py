"""Outline of the area that a result was computed for."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsProject, QgsRasterLayer, QgsWkbTypes
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from geolangbind_qgis.layers.computed_area import computed_area
from geolangbind_qgis.layers.missing_results import is_missing
from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.score_style import read_score_style

_SAME = 0.999


class ComputedOutline:
    """Draws a dashed line around the computed part of a result that covers only a part of its source layer.

    Args:
        canvas: the map.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self.band = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
        self.band.setFillColor(QColor(0, 0, 0, 0))
        self.band.setLineStyle(Qt.PenStyle.DashLine)
        self.band.setWidth(2)
        self.band.hide()

    def show(self, result: QgsRasterLayer | None) -> None:
        """Outline a result; nothing is drawn if it covers all of its source, or if there is none."""
        source = QgsProject.instance().mapLayer(source_of(result)) if result is not None else None
        if result is None or source is None or is_missing(result) or _covers(result, source):
            self.band.hide()
            return
        self.band.setStrokeColor(QColor(read_score_style(result).colour))
        self.band.setToGeometry(computed_area(result), result.crs())
        self.band.show()

    def clean_up(self) -> None:
        """Remove the outline from the map canvas."""
        self._canvas.scene().removeItem(self.band)


def _covers(result: QgsRasterLayer, source: QgsRasterLayer) -> bool:
    whole = source.extent()
    common = computed_area(result).intersection(QgsGeometry.fromRect(whole))
    return common.area() >= _SAME * whole.area()
