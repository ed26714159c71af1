"""Redraws result layers on the map canvas after their files were replaced."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsMapLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QObject


class CanvasRefresh(QObject):
    """Redraws layers whose files were replaced.

    A drawing that was under way when a file was exchanged ends later, and the canvas keeps its picture of the old file;
    so the layers are drawn once more after it.

    Args:
        canvas: the map.
        parent: owner.
    """

    def __init__(self, canvas: QgsMapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._again: list[QgsMapLayer] = []
        canvas.mapCanvasRefreshed.connect(self._on_drawn)

    def draw(self, layers: Sequence[QgsMapLayer]) -> None:
        """Redraw layers from their present files."""
        if self._canvas.isDrawing():
            self._again = list(layers)
        self._draw(layers)

    def clean_up(self) -> None:
        """Disconnect from the canvas."""
        self._canvas.mapCanvasRefreshed.disconnect(self._on_drawn)
        self._again = []

    def _on_drawn(self) -> None:
        layers, self._again = self._again, []
        self._draw(layers)

    def _draw(self, layers: Sequence[QgsMapLayer]) -> None:
        if layers:
            self._canvas.redrawAllLayers()  # the pictures of single layers cannot be dropped from Python
