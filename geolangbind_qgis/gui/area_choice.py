"""Choice of the part of the layer that is processed."""

from __future__ import annotations

from enum import Enum
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsMapLayer,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas, QgsMapLayerComboBox, QgsMapToolExtent, QgsRubberBand
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from geolangbind_qgis.gui.narrow import let_shrink
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon
from geolangbind_qgis.layers.extents import to_layer_crs
from geolangbind_qgis.layers.qgis_versions import layer_filters

_RESTING_MS = 700


class Area(Enum):
    """Kinds of area that can be processed."""

    VISIBLE = "visible"
    RECTANGLE = "rectangle"
    POLYGONS = "polygons"
    LAYER = "layer"


class AreaChoice(QWidget):
    """A choice of area, with a map tool to draw a rectangle and a list of polygon layers.

    Signals:
        changed: another area is meant.
        view_moved: the map rests at another place, and answers are to follow it.
    """

    changed = pyqtSignal()
    view_moved = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._rectangle = QgsRectangle()
        self._rectangle_crs = QgsCoordinateReferenceSystem()
        self._previous_tool: Any = None
        self._tool = QgsMapToolExtent(canvas)
        self._tool.extentChanged.connect(self._on_drawn)
        self._tool.deactivated.connect(self._on_tool_left)
        self._band = QgsRubberBand(canvas)
        self._band.setColor(QColor(255, 45, 149, 200))
        self._band.setFillColor(QColor(255, 45, 149, 25))
        self._band.setWidth(2)
        self.combo = QComboBox(self)
        let_shrink(self.combo)
        self.combo.setAccessibleName(tr("Area"))
        for area, text in (
            (Area.VISIBLE, tr("Visible extent")),
            (Area.RECTANGLE, tr("Drawn rectangle")),
            (Area.POLYGONS, tr("Selected polygons")),
            (Area.LAYER, tr("Whole layer")),
        ):
            self.combo.addItem(text, area)
        self._draw = QToolButton(self)
        self._draw.setIcon(icon("rectangle"))
        self._draw.setCheckable(True)
        self._draw.setToolTip(tr("Draw a rectangle on the map"))
        self._draw.setAccessibleName(tr("Draw a rectangle on the map"))
        self._draw.toggled.connect(self._on_draw_toggled)
        self.polygons = QgsMapLayerComboBox(self)
        self.polygons.setFilters(layer_filters("PolygonLayer"))
        self.polygons.setToolTip(tr("Layer whose selected polygons are meant; all its polygons where none is selected"))
        self.polygons.setAccessibleName(tr("Polygon layer"))
        self.follow_map = QToolButton(self)
        self.follow_map.setIcon(icon("follow"))
        self.follow_map.setCheckable(True)
        self.follow_map.setToolTip(tr("Follow the map: answer the prompts wherever the map is moved to"))
        self.follow_map.setAccessibleName(tr("Follow the map"))
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_RESTING_MS)
        self._resting.timeout.connect(self.view_moved)
        canvas.extentsChanged.connect(self._on_moved)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.combo, 1)
        row.addWidget(self._draw)
        row.addWidget(self.follow_map)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        box.addLayout(row)
        box.addWidget(self.polygons)
        self.combo.currentIndexChanged.connect(self._on_choice)
        self._on_choice()

    @property
    def area(self) -> Area:
        """The selected kind of area."""
        return self.combo.currentData()

    def choose(self, area: Area) -> None:
        """Select a kind of area."""
        self.combo.setCurrentIndex(self.combo.findData(area))

    def use_rectangle(self, extent: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> None:
        """Set the rectangle to process, and outline it on the map.

        Args:
            extent: the rectangle.
            crs: its coordinate reference system.
        """
        self._rectangle, self._rectangle_crs = QgsRectangle(extent), crs
        self._band.setToGeometry(QgsGeometry.fromRect(extent), crs)

    def extent_for(self, layer_crs: QgsCoordinateReferenceSystem, layer_extent: QgsRectangle) -> QgsRectangle:
        """Returns the chosen area as a box in the layer's CRS, not yet cut to the layer.

        Raises:
            ValueError: nothing is drawn or selected, or it cannot be expressed in that CRS.
        """
        context = QgsProject.instance().transformContext()
        if self.area is Area.LAYER:
            return QgsRectangle(layer_extent)
        if self.area is Area.VISIBLE:
            view = self._canvas.mapSettings()
            return to_layer_crs(view.visibleExtent(), view.destinationCrs(), layer_crs, context)
        if self.area is Area.RECTANGLE:
            if self._rectangle.isEmpty():
                raise ValueError(tr("Draw a rectangle on the map first."))
            return to_layer_crs(self._rectangle, self._rectangle_crs, layer_crs, context)
        geometry = self.polygons_in(layer_crs)
        if geometry is None or geometry.isEmpty():
            raise ValueError(tr("Select polygons first, or choose a layer that has some."))
        return geometry.boundingBox()

    def polygons_in(self, layer_crs: QgsCoordinateReferenceSystem) -> QgsGeometry | None:
        """Returns the selected polygons as one geometry in the layer's CRS; None where another area is chosen."""
        layer = self.polygons.currentLayer()
        if self.area is not Area.POLYGONS or not isinstance(layer, QgsVectorLayer):
            return None
        features = layer.selectedFeatures() or list(layer.getFeatures())
        union = QgsGeometry.unaryUnion([feature.geometry() for feature in features if feature.hasGeometry()])
        union.transform(QgsCoordinateTransform(layer.crs(), layer_crs, QgsProject.instance()))
        return union

    def clean_up(self) -> None:
        """Remove all items from the map canvas."""
        self._resting.stop()
        self._canvas.extentsChanged.disconnect(self._on_moved)
        self._canvas.unsetMapTool(self._tool)
        self._canvas.scene().removeItem(self._band)
        self._tool.deleteLater()

    def _on_moved(self) -> None:
        if self.follow_map.isChecked() and self.area is Area.VISIBLE:
            self._resting.start()

    def _on_choice(self) -> None:
        self._draw.setVisible(self.area is Area.RECTANGLE)
        self.polygons.setVisible(self.area is Area.POLYGONS)
        if self.area is Area.POLYGONS:
            self._offer_selected()
        self.follow_map.setVisible(self.area is Area.VISIBLE)
        self._band.setVisible(self.area is Area.RECTANGLE)
        if self.area is Area.RECTANGLE and self._rectangle.isEmpty() and self.isVisible():
            self._draw.setChecked(True)
        elif self.area is not Area.RECTANGLE:
            self._draw.setChecked(False)
        self.changed.emit()

    def follow(self, layer: QgsMapLayer | None) -> None:
        """Use the selected polygons of the layer that became active."""
        if isinstance(layer, QgsVectorLayer):
            self.polygons.setLayer(layer)  # stays as it is where that is no polygon layer

    def _offer_selected(self) -> None:
        """Select the active polygon layer, else one with selected features."""
        if not isinstance(self._canvas.currentLayer(), QgsVectorLayer):
            layers = QgsProject.instance().mapLayers().values()
            selected = [each for each in layers if isinstance(each, QgsVectorLayer) and each.selectedFeatureCount()]
            self.follow(selected[0] if selected else None)
            return
        self.follow(self._canvas.currentLayer())

    def _on_draw_toggled(self, on: bool) -> None:
        if on:
            self._previous_tool = self._canvas.mapTool()
            self._canvas.setMapTool(self._tool)
            self._canvas.setFocus()
        elif self._canvas.mapTool() == self._tool:
            self._leave_tool()

    def _on_tool_left(self) -> None:
        """Uncheck the button when the user activates another map tool."""
        self._draw.blockSignals(True)
        self._draw.setChecked(False)
        self._draw.blockSignals(False)

    def _on_drawn(self, extent: QgsRectangle) -> None:
        """Store the drawn rectangle and restore the previous map tool."""
        if extent.isEmpty():
            return
        self.use_rectangle(extent, self._canvas.mapSettings().destinationCrs())
        self._leave_tool()
        self.changed.emit()

    def _leave_tool(self) -> None:
        if self._previous_tool is not None:
            self._canvas.setMapTool(self._previous_tool)
        else:
            self._canvas.unsetMapTool(self._tool)
