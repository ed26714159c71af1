"""Positive and negative examples on the map: points, boxes and polygons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsMapLayer,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand, QgsVertexMarker
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from geolangbind_qgis.gui.example_tool import ExampleTool
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon

_SAME_PLACE_PIXELS = 8
_LIKE_COLOUR, _UNLIKE_COLOUR = "#39ff14", "#ff3b00"


@dataclass(frozen=True)
class Example:
    """One example: a point or an area.

    Attributes:
        geometry: a point or polygons, in the CRS of the layer.
        unlike: whether it shows what is not looked for.
    """

    geometry: QgsGeometry
    unlike: bool

    @property
    def is_area(self) -> bool:
        """Whether the example is an area."""
        return self.geometry.type() == QgsWkbTypes.GeometryType.PolygonGeometry

    @property
    def centre(self) -> QgsPointXY:
        """Centroid of the example, in the CRS of the layer."""
        return self.geometry.pointOnSurface().asPoint() if self.is_area else self.geometry.asPoint()


class ExampleClicks(QWidget):
    """Buttons and map marks for examples, and the choice whether the prompt is combined with them.

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
        self._outlines: list[QgsRubberBand] = []
        self._previous_tool: Any = None
        self.tool = ExampleTool(canvas)
        self.tool.pointed.connect(self._on_pointed)
        self.tool.boxed.connect(self._on_boxed)
        self.tool.left.connect(self.leave_tool)
        self.tool.deactivated.connect(self._show_tool)
        self.like_button = self._button(
            "like",
            tr(
                "Positive examples: click places of what you look for, or draw boxes; "
                "with the right button for negative ones. Escape leaves the tool."
            ),
        )
        self.unlike_button = self._button(
            "unlike", tr("Negative examples: click places of what you do not look for, or draw boxes")
        )
        self.polygons_button = QToolButton(self)
        self.polygons_button.setIcon(icon("polygons"))
        self.polygons_button.setToolTip(tr("Take the selected polygons as examples, all of their area"))
        self.polygons_button.setAccessibleName(tr("Selected polygons as examples"))
        self.polygons_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.polygons_button)
        self.polygons_button.setMenu(menu)
        menu.addAction(tr("Selected polygons as positive examples"), lambda: self.take_selected(unlike=False))
        menu.addAction(tr("Selected polygons as negative examples"), lambda: self.take_selected(unlike=True))
        self.clear_button = QToolButton(self)
        self.clear_button.setText("×")
        self.clear_button.setAutoRaise(True)
        self.clear_button.setToolTip(tr("Remove all examples"))
        self.clear_button.setAccessibleName(tr("Remove all examples"))
        self.clear_button.clicked.connect(self.clear)
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.with_words = QCheckBox(tr("A&lso match the prompt"), self)
        self.with_words.setToolTip(tr("Find what looks like the examples and is what the first prompt says"))
        self.with_words.toggled.connect(lambda _: self.changed.emit())
        self.like_button.clicked.connect(lambda on: self._take_up(on, unlike=False))
        self.unlike_button.clicked.connect(lambda on: self._take_up(on, unlike=True))
        row = QHBoxLayout()
        row.setSpacing(4)
        for widget in (self.like_button, self.unlike_button, self.polygons_button):
            row.addWidget(widget)
        row.addWidget(self.message, 1)
        row.addWidget(self.clear_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        box.addLayout(row)
        box.addWidget(self.with_words)
        canvas.destinationCrsChanged.connect(self._draw)
        self._draw()

    def positives(self) -> tuple[tuple[float, float], ...]:
        """Returns the positive points, in the layer's CRS."""
        return self._places(unlike=False)

    def negatives(self) -> tuple[tuple[float, float], ...]:
        """Returns the negative points, in the layer's CRS."""
        return self._places(unlike=True)

    def areas(self, *, unlike: bool) -> tuple[str, ...]:
        """Returns the positive or the negative areas as WKT in the layer's CRS."""
        return tuple(item.geometry.asWkt() for item in self._examples if item.is_area and item.unlike == unlike)

    @property
    def any_positive(self) -> bool:
        """Whether there is a positive example."""
        return any(not item.unlike for item in self._examples)

    @property
    def any(self) -> bool:
        """Whether there is any example."""
        return bool(self._examples)

    @property
    def tool_in_hand(self) -> bool:
        """Whether a click on the map adds an example."""
        return self._canvas.mapTool() == self.tool

    def leave_tool(self) -> None:
        """Restore the map tool that was used before."""
        self._take_up(False, unlike=self.tool.unlike)

    def take_selected(self, *, unlike: bool) -> None:
        """Add the selected polygons of the project's layers as examples."""
        found = []
        for layer in QgsProject.instance().mapLayers().values():
            if isinstance(layer, QgsVectorLayer) and layer.selectedFeatureCount():
                to_layer = QgsCoordinateTransform(layer.crs(), self._crs, QgsProject.instance())
                found += [self._area(feature.geometry(), to_layer, unlike) for feature in layer.selectedFeatures()]
        taken = [example for example in found if example is not None]
        if not taken:
            self.message.setText(tr("Select polygons on this layer first"))
            return
        self._examples += taken
        self._draw()
        self.changed.emit()

    def use_layer(self, layer: QgsMapLayer) -> None:
        """Collect examples on this layer from now on; those on another layer are removed."""
        if layer.id() != self._layer_id:
            self._layer_id, self._crs, self._extent = layer.id(), layer.crs(), layer.extent()
            self._examples = []
            self._draw()

    def clear(self) -> None:
        """Remove all examples."""
        self._examples = []
        self._draw()
        self.changed.emit()

    def clean_up(self) -> None:
        """Remove all items from the map canvas."""
        self._canvas.destinationCrsChanged.disconnect(self._draw)
        self._remove_marks()
        self.tool.clean_up()
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
        """Activate the map tool, or restore the previous one."""
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
        """Update the buttons when the map tool changes."""
        in_hand = self.tool_in_hand
        self.like_button.setChecked(in_hand and not self.tool.unlike)
        self.unlike_button.setChecked(in_hand and self.tool.unlike)
        self._show_message()

    def _on_pointed(self, place: QgsPointXY, unlike: bool) -> None:
        """Add an example; a click on an existing one removes it."""
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
                self.message.setText(tr("That place is outside the layer"))
                return
            self._examples.append(Example(QgsGeometry.fromPointXY(point), unlike))
        self._draw()
        self.changed.emit()

    def _on_boxed(self, box: QgsRectangle, unlike: bool) -> None:
        """Add a box as an example."""
        to_layer = QgsCoordinateTransform(self._map_crs(), self._crs, QgsProject.instance())
        example = self._area(QgsGeometry.fromRect(box), to_layer, unlike)
        if example is None:
            self.message.setText(tr("That place is outside the layer"))
            return
        self._examples.append(example)
        self._draw()
        self.changed.emit()

    def _area(self, geometry: QgsGeometry, to_layer: QgsCoordinateTransform, unlike: bool) -> Example | None:
        """Returns the part of polygons inside the layer's extent; None if there is none."""
        shape = QgsGeometry(geometry)
        try:
            shape.transform(to_layer)
        except QgsCsException:
            return None
        shape = shape.makeValid().intersection(QgsGeometry.fromRect(self._extent))
        polygon = QgsWkbTypes.GeometryType.PolygonGeometry
        return Example(shape, unlike) if shape.type() == polygon and shape.area() > 0 else None

    def _places(self, *, unlike: bool) -> tuple[tuple[float, float], ...]:
        points = [item.centre for item in self._examples if not item.is_area and item.unlike == unlike]
        return tuple((point.x(), point.y()) for point in points)

    def _map_crs(self) -> QgsCoordinateReferenceSystem:
        return self._canvas.mapSettings().destinationCrs()

    def _draw(self) -> None:
        """Put a mark at each example."""
        self._remove_marks()
        to_map = QgsCoordinateTransform(self._crs, self._map_crs(), QgsProject.instance())
        for example in self._examples:
            mark = QgsVertexMarker(self._canvas)
            mark.setCenter(to_map.transform(example.centre))
            mark.setIconType(QgsVertexMarker.IconType.ICON_X if example.unlike else QgsVertexMarker.IconType.ICON_CROSS)
            colour = QColor(_UNLIKE_COLOUR if example.unlike else _LIKE_COLOUR)
            mark.setColor(colour)
            mark.setIconSize(13)
            mark.setPenWidth(3)
            self._marks.append(mark)
            if example.is_area:
                outline = QgsRubberBand(self._canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
                outline.setToGeometry(example.geometry, self._crs)
                outline.setStrokeColor(colour)
                outline.setFillColor(QColor(0, 0, 0, 0))
                outline.setWidth(2)
                self._outlines.append(outline)
        self.clear_button.setVisible(bool(self._examples))
        self.with_words.setVisible(bool(self._examples))
        self._show_message()

    def _remove_marks(self) -> None:
        for item in (*self._marks, *self._outlines):
            self._canvas.scene().removeItem(item)
        self._marks, self._outlines = [], []

    def _show_message(self) -> None:
        """Show the number of examples, or how to add one."""
        negatives = sum(item.unlike for item in self._examples)
        positives = len(self._examples) - negatives
        if positives or negatives:
            self.message.setText(tr("{0} positive, {1} negative").format(positives, negatives))
        elif self.tool_in_hand:
            self.message.setText(tr("Click places or draw boxes"))
        else:
            self.message.setText(tr("or click examples"))
