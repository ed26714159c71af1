"""Manual annotation: a new label layer, and a button for each class."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsDefaultValue,
    QgsFillSymbol,
    QgsMapLayer,
    QgsProject,
    QgsRendererCategory,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPixmap
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.gui.flow_row import FlowRow
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon
from geolangbind_qgis.layers.placement import add_on_top
from geolangbind_qgis.layers.qgis_versions import suppress_form
from geolangbind_qgis.layers.score_style import PROMPT_COLOURS

FIELD = "class"


class LabelDrawing(QWidget):
    """Creates a label layer and starts QGIS's polygon digitising for the class whose button is pressed.

    Signals:
        made: a new label layer, which is in the project.

    Args:
        iface: QGIS's interface.
        parent: owner.

    Attributes:
        image: layer whose reference system a new label layer gets.
    """

    made = pyqtSignal(object)

    def __init__(self, iface: QgisInterface, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self.image: QgsMapLayer | None = None
        self._layer_id, self._field = "", ""
        self.new_button = QPushButton(tr("Ne&w label layer…"), self)
        self.new_button.setToolTip(tr("Make a polygon layer for labels, in a file of your own"))
        self.new_button.setAutoDefault(False)
        self.new_button.clicked.connect(self._ask_and_make)
        self.name = QLineEdit(self)
        self.name.setPlaceholderText(tr("new class, then Enter"))
        self.name.setAccessibleName(tr("New class"))
        self.name.returnPressed.connect(self._add_typed)
        add = QToolButton(self)
        add.setIcon(icon("add"))
        add.setToolTip(tr("Add the class"))
        add.setAccessibleName(tr("Add the class"))
        add.clicked.connect(self._add_typed)
        self.classes: dict[str, QToolButton] = {}
        self._colours: dict[str, str] = {}
        self._group = QButtonGroup(self)
        self._names = QWidget(self)
        row = QHBoxLayout(self._names)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.name, 1)
        row.addWidget(add)
        self._buttons = FlowRow()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        box.addWidget(self.new_button)
        box.addWidget(self._names)
        box.addLayout(self._buttons)
        self._names.hide()

    def use(self, layer: QgsMapLayer | None, field: str) -> None:
        """Show a button for every class of a polygon layer; none for other layers."""
        if not isinstance(layer, QgsVectorLayer) or not _can_be_drawn_on(layer, field):
            self._layer_id, self._field = "", ""
            self._show_classes([])
        elif (layer.id(), field) != (self._layer_id, self._field):
            self._layer_id, self._field = layer.id(), field
            found = layer.uniqueValues(layer.fields().indexOf(field), 30)
            self._show_classes(
                sorted(str(value) for value in found if value not in (None, "") and str(value) != "NULL")
            )
        self._names.setVisible(bool(self._layer_id))

    def make(self, path: str) -> QgsVectorLayer:
        """Returns a new, empty label layer in the project, stored in a GeoPackage.

        Raises:
            ValueError: the file cannot be written; the message says why.
        """
        empty = QgsVectorLayer(f"Polygon?field={FIELD}:string", "labels", "memory")
        empty.setCrs(self.image.crs() if self.image is not None else QgsCoordinateReferenceSystem("EPSG:4326"))
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", "labels"
        context = QgsProject.instance().transformContext()
        _, problem, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(empty, path, context, options)
        layer = QgsVectorLayer(path, Path(path).stem, "ogr")
        if problem or not layer.isValid():
            raise ValueError(tr("{0} cannot be written: {1}.").format(path, problem))
        add_on_top(QgsProject.instance(), layer)
        self.made.emit(layer)
        return layer

    def add_class(self, name: str) -> None:
        """Add a class with a button of its own."""
        if name and name not in self.classes and self._layer() is not None:
            self._show_classes([*self.classes, name])

    def draw(self, name: str) -> None:
        """Start QGIS's polygon digitising for a class."""
        layer = self._layer()
        if layer is None:
            return
        index = layer.fields().indexOf(self._field)
        quoted = name.replace("'", "''")
        layer.setDefaultValueDefinition(index, QgsDefaultValue(f"'{quoted}'"))
        suppress_form(layer)
        self._style(layer)
        self._iface.setActiveLayer(layer)
        if not layer.isEditable():
            layer.startEditing()
        self._iface.actionAddFeature().trigger()

    def _layer(self) -> QgsVectorLayer | None:
        found = QgsProject.instance().mapLayer(self._layer_id)
        return found if isinstance(found, QgsVectorLayer) else None

    def _ask_and_make(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, tr("New label layer"), "labels.gpkg", "GeoPackage (*.gpkg)")
        if not path:
            return
        try:
            self.make(path if path.lower().endswith(".gpkg") else path + ".gpkg")
        except ValueError as problem:
            self._iface.messageBar().pushMessage("GeoLangBind", str(problem))
            return
        self.name.setFocus()

    def _add_typed(self) -> None:
        self.add_class(" ".join(self.name.text().split()))
        self.name.clear()

    def _show_classes(self, names: list[str]) -> None:
        """Show a button a class."""
        for button in self.classes.values():
            self._buttons.removeWidget(button)
            self._group.removeButton(button)
            button.hide()
            button.deleteLater()
        self.classes = {}
        layer = self._layer()
        own = _colours_of(layer, self._field) if layer is not None else {}
        self._colours = {name: own.get(name, _colour(place)) for place, name in enumerate(names)}
        for name in names:
            button = QToolButton(self)
            button.setText(name)
            button.setIcon(_swatch(self._colours[name]))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setToolTip(tr("Draw polygons of {0}").format(name))
            button.clicked.connect(lambda _, name=name: self.draw(name))
            self._group.addButton(button)
            self._buttons.addWidget(button)
            button.show()
            self.classes[name] = button
        self.updateGeometry()

    def _style(self, layer: QgsVectorLayer) -> None:
        """Show every class in the colour of its button."""
        own = _colours_of(layer, self._field)
        renderer = layer.renderer().clone() if own else QgsCategorizedSymbolRenderer(self._field, [])
        for name in self.classes:
            if name in own:
                continue
            symbol = QgsFillSymbol.createSimple(
                {"color": self._colours[name], "outline_color": "white", "outline_width": "0.4"}
            )
            symbol.setOpacity(0.6)
            renderer.addCategory(QgsRendererCategory(name, symbol, name))
        layer.setRenderer(renderer)
        layer.triggerRepaint()


def _can_be_drawn_on(layer: QgsVectorLayer, field: str) -> bool:
    """Whether a layer holds polygons with the field."""
    polygons = layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry
    return polygons and layer.fields().indexOf(field) >= 0


def _colours_of(layer: QgsVectorLayer, field: str) -> dict[str, str]:
    """Returns the colours of classes that the layer's own style has; empty where it does not go by the field."""
    renderer = layer.renderer()
    if not isinstance(renderer, QgsCategorizedSymbolRenderer) or renderer.classAttribute() != field:
        return {}
    return {str(each.value()): each.symbol().color().name() for each in renderer.categories() if each.value()}


def _colour(place: int) -> str:
    return QColor(PROMPT_COLOURS[place % len(PROMPT_COLOURS)]).name()


def _swatch(colour: str) -> QIcon:
    """Returns a square of a colour."""
    picture = QPixmap(12, 12)
    picture.fill(QColor(colour))
    return QIcon(picture)
