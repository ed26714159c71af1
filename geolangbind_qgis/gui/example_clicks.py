"""Prompts by example: places clicked on the map, like what is looked for or unlike it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsMapLayer,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsVertexMarker
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from geolangbind_qgis.gui.example_tool import ExampleTool
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon

_SAME_PLACE_PIXELS = 8
_LIKE_COLOUR, _UNLIKE_COLOUR = "#39ff14", "#ff3b00"


@dataclass(frozen=True)
class Example:
    """A place pointed at.

    Attributes:
        point: in the CRS of the layer.
        unlike: whether it shows what is not looked for.
    """

    point: QgsPointXY
    unlike: bool


class ExampleClicks(QWidget):
    """Two buttons to point with, the marks on the map, and whether words must agree.

    Signals:
        changed: another set of examples is meant.
    """

    changed = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._layer_id, self._crs, self._extent = "", QgsCoordinateReferenceSystem(), QgsRectangle()
        self._examples: list[Example] = []
        self._marks: list[QgsVertexMarker] = []
        self._previous_tool: Any = None
        self.tool = ExampleTool(canvas)
        self.tool.pointed.connect(self._on_pointed)
        self.tool.deactivated.connect(self._show_tool)
        self.like_button = self._button(
            "like", tr("Positive examples: click places of what you look for; right-click for negative ones")
        )
        self.unlike_button = self._button("unlike", tr("Negative examples: click places of what you do not look for"))
        self.clear_button = QToolButton(self)
        self.clear_button.setText("×")
        self.clear_button.setAutoRaise(True)
        self.clear_button.setToolTip(tr("Remove all examples"))
        self.clear_button.setAccessibleName(tr("Remove all examples"))
        self.clear_button.clicked.connect(self.clear)
        self._message = QLabel(self)
        self._message.setWordWrap(True)
        self.with_words = QCheckBox(tr("Must a&lso match the first prompt"), self)
        self.with_words.setToolTip(tr("Find what looks like the examples and is what the words say"))
        self.with_words.toggled.connect(lambda _: self.changed.emit())
        self.like_button.clicked.connect(lambda on: self._take_up(on, unlike=False))
        self.unlike_button.clicked.connect(lambda on: self._take_up(on, unlike=True))
        row = QHBoxLayout()
        row.setSpacing(4)
        for widget in (self.like_button, self.unlike_button):
            row.addWidget(widget)
        row.addWidget(self._message, 1)
        row.addWidget(self.clear_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        box.addLayout(row)
        box.addWidget(self.with_words)
        canvas.destinationCrsChanged.connect(self._draw)
        self._draw()

    def positives(self) -> tuple[tuple[float, float], ...]:
        """Returns the places of what is looked for, in the layer's CRS."""
        return tuple((item.point.x(), item.point.y()) for item in self._examples if not item.unlike)

    def negatives(self) -> tuple[tuple[float, float], ...]:
        """Returns the places of what is not looked for, in the layer's CRS."""
        return tuple((item.point.x(), item.point.y()) for item in self._examples if item.unlike)

    def use_layer(self, layer: QgsMapLayer) -> None:
        """Take places on this layer from now on; those on another are forgotten."""
        if layer.id() != self._layer_id:
            self._layer_id, self._crs, self._extent = layer.id(), layer.crs(), layer.extent()
            self._examples = []
            self._draw()

    def clear(self) -> None:
        """Forget all examples."""
        self._examples = []
        self._draw()
        self.changed.emit()

    def clean_up(self) -> None:
        """Take everything off the map canvas."""
        self._canvas.destinationCrsChanged.disconnect(self._draw)
        self._remove_marks()
        self.tool.deactivated.disconnect(self._show_tool)
        self._canvas.unsetMapTool(self.tool)
        self.tool.deleteLater()

    def _button(self, name: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setCheckable(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    def _take_up(self, on: bool, *, unlike: bool) -> None:
        """Take up the map tool, or give the user's own back."""
        self.tool.unlike = unlike
        if on and self._canvas.mapTool() != self.tool:
            self._previous_tool = self._canvas.mapTool()
            self._canvas.setMapTool(self.tool)
        elif not on and self._previous_tool is not None:
            self._canvas.setMapTool(self._previous_tool)
        elif not on:
            self._canvas.unsetMapTool(self.tool)
        self._show_tool()

    def _show_tool(self) -> None:
        """Let the buttons follow the map's tool."""
        in_hand = self._canvas.mapTool() == self.tool
        self.like_button.setChecked(in_hand and not self.tool.unlike)
        self.unlike_button.setChecked(in_hand and self.tool.unlike)
        self._show_message()

    def _on_pointed(self, place: QgsPointXY, unlike: bool) -> None:
        """Add an example; a click on a mark takes it away."""
        near = _SAME_PLACE_PIXELS * self._canvas.mapUnitsPerPixel()
        for index, mark in enumerate(self._marks):
            if mark.center().distance(place) <= near:
                self._examples.pop(index)
                break
        else:
            try:
                point = QgsCoordinateTransform(self._map_crs(), self._crs, QgsProject.instance()).transform(place)
            except QgsCsException:
                return
            if not self._extent.contains(point):
                self._message.setText(tr("That place is outside the layer"))
                return
            self._examples.append(Example(point, unlike))
        self._draw()
        self.changed.emit()

    def _map_crs(self) -> QgsCoordinateReferenceSystem:
        return self._canvas.mapSettings().destinationCrs()

    def _draw(self) -> None:
        """Put a mark at each example."""
        self._remove_marks()
        to_map = QgsCoordinateTransform(self._crs, self._map_crs(), QgsProject.instance())
        for example in self._examples:
            mark = QgsVertexMarker(self._canvas)
            mark.setCenter(to_map.transform(example.point))
            mark.setIconType(QgsVertexMarker.IconType.ICON_X if example.unlike else QgsVertexMarker.IconType.ICON_CROSS)
            mark.setColor(QColor(_UNLIKE_COLOUR if example.unlike else _LIKE_COLOUR))
            mark.setIconSize(13)
            mark.setPenWidth(3)
            self._marks.append(mark)
        self.clear_button.setVisible(bool(self._examples))
        self.with_words.setVisible(bool(self._examples))
        self._show_message()

    def _remove_marks(self) -> None:
        for mark in self._marks:
            self._canvas.scene().removeItem(mark)
        self._marks = []

    def _show_message(self) -> None:
        """Say what is pointed at, or what to do."""
        positives, negatives = len(self.positives()), len(self.negatives())
        if positives or negatives:
            self._message.setText(tr("{0} positive, {1} negative").format(positives, negatives))
        elif self._canvas.mapTool() == self.tool:
            self._message.setText(tr("Click places on the map"))
        else:
            self._message.setText(tr("or click examples"))
