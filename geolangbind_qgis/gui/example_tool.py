"""Map tool for examples: a click adds a point, a drag a box."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsRubberBand
from qgis.PyQt.QtCore import QPoint, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QKeyEvent

_DRAG_PIXELS = 5


class ExampleTool(QgsMapTool):
    """Emits clicks and boxes on the map; Escape deactivates it.

    Signals:
        pointed: the place in map coordinates, and whether it is an example of what is *not* looked for: a click with
            the right button or with Shift is, whatever ``unlike`` says.
        boxed: a box in map coordinates, and the same.
        left: Escape was pressed.

    Attributes:
        unlike: what a plain click means.
    """

    pointed = pyqtSignal(QgsPointXY, bool)
    boxed = pyqtSignal(QgsRectangle, bool)
    left = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.unlike = False
        self._pressed: QPoint | None = None
        self._began = QgsPointXY()
        self._band = QgsRubberBand(canvas)
        self._band.setFillColor(QColor(255, 255, 255, 40))
        self._band.setStrokeColor(QColor(60, 60, 60))
        self._band.hide()
        self.setCursor(Qt.CursorShape.CrossCursor)

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Begin a click or a drag."""
        self._pressed, self._began = event.pos(), event.mapPoint()

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Update the rubber band of the box."""
        if self._is_drag(event):
            box = QgsGeometry.fromRect(QgsRectangle(self._began, event.mapPoint()))
            self._band.setToGeometry(box, self.canvas().mapSettings().destinationCrs())
            self._band.show()

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Finish a click or a box."""
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        unlike = self.unlike or shifted or event.button() == Qt.MouseButton.RightButton
        dragged = self._is_drag(event)
        self._band.hide()
        self._pressed = None
        if dragged:
            self.boxed.emit(QgsRectangle(self._began, event.mapPoint()), unlike)
        else:
            self.pointed.emit(event.mapPoint(), unlike)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Deactivate the tool on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self._band.hide()
            self._pressed = None
            event.accept()
            self.left.emit()

    def clean_up(self) -> None:
        """Remove the rubber band from the map canvas."""
        self.canvas().scene().removeItem(self._band)

    def _is_drag(self, event: QgsMapMouseEvent) -> bool:
        return self._pressed is not None and (event.pos() - self._pressed).manhattanLength() > _DRAG_PIXELS
