"""The map tool that points at examples."""

from __future__ import annotations

from qgis.core import QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import Qt, pyqtSignal


class ExampleTool(QgsMapTool):
    """Tells of clicks on the map.

    Signals:
        pointed: the place in map coordinates, and whether it is an example of what is *not* looked for: a click with
            the right button or with Shift is, whatever ``unlike`` says.

    Attributes:
        unlike: what a plain click means.
    """

    pointed = pyqtSignal(QgsPointXY, bool)

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.unlike = False
        self.setCursor(Qt.CursorShape.CrossCursor)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Take a click."""
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        unlike = self.unlike or shifted or event.button() == Qt.MouseButton.RightButton
        self.pointed.emit(event.mapPoint(), unlike)
