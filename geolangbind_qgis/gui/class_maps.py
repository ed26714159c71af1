"""Class maps among the project's layers, and the dock's row of actions for those of the chosen layer."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayer, QgsPalettedRasterRenderer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QGroupBox, QPushButton, QVBoxLayout, QWidget

from geolangbind_qgis.gui.flow_row import FlowRow
from geolangbind_qgis.gui.narrow import let_shrink
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.class_areas import read_areas
from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.qgis_versions import band_of


def is_class_map(layer: QgsMapLayer | None) -> bool:
    """Whether a layer shows the classes of its first band with a legend."""
    if not isinstance(layer, QgsRasterLayer) or not isinstance(layer.renderer(), QgsPalettedRasterRenderer):
        return False
    return band_of(layer.renderer()) == 1


def class_maps_of(project: QgsProject, layer: QgsMapLayer | None) -> list[QgsRasterLayer]:
    """Returns the maps made from a layer, the newest first; the layer itself where it is one."""
    if layer is None:
        return []
    tree = [node.layer() for node in project.layerTreeRoot().findLayers()]
    return [each for each in tree if is_class_map(each) and layer.id() in (each.id(), source_of(each))]


class ClassMapLine(QGroupBox):
    """Row of actions for the land-cover maps of the chosen layer; hidden if there are none.

    Signals:
        areas_wanted, polygons_wanted, save_wanted, accuracy_wanted: a button was pressed, for this layer.
    """

    areas_wanted = pyqtSignal(object)
    polygons_wanted = pyqtSignal(object)
    save_wanted = pyqtSignal(object)
    accuracy_wanted = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Land-cover map"), parent)
        self.maps = QComboBox(self)
        self.maps.setAccessibleName(tr("Map shown"))
        let_shrink(self.maps)
        self.maps.currentIndexChanged.connect(self._on_chosen)
        self.areas_button = self._button(tr("Ar&eas…"), tr("How much of each class there is"), self.areas_wanted)
        self.polygons_button = self._button(
            tr("P&olygons…"), tr("Outline every class, with its area"), self.polygons_wanted
        )
        self.save_button = self._button(tr("Sa&ve as…"), tr("Keep the map as a GeoTIFF"), self.save_wanted)
        self.accuracy_button = self._button(
            tr("Accurac&y…"), tr("Compare the map with a reference: how much of it is right?"), self.accuracy_wanted
        )
        buttons = FlowRow()
        for button in (self.areas_button, self.polygons_button, self.save_button, self.accuracy_button):
            buttons.addWidget(button)
        box = QVBoxLayout(self)
        box.setSpacing(5)
        box.addWidget(self.maps)
        box.addLayout(buttons)
        self.set_maps([])

    def set_maps(self, layers: list[QgsRasterLayer]) -> None:
        """List these maps, the newest first; a new one is selected, else the one selected before."""
        known = [self.maps.itemData(index) for index in range(self.maps.count())]
        new = [layer.id() for layer in layers if layer.id() not in known]
        before = new[0] if new else self.maps.currentData()
        self.maps.clear()
        for layer in layers:
            self.maps.addItem(layer.name(), layer.id())
        self.maps.setCurrentIndex(max(0, self.maps.findData(before)) if layers else -1)
        self.setVisible(bool(layers))

    def layer(self) -> QgsRasterLayer | None:
        """Returns the chosen map; None where it was removed."""
        found = QgsProject.instance().mapLayer(self.maps.currentData() or "")
        return found if isinstance(found, QgsRasterLayer) else None

    def _button(self, text: str, tip: str, signal: Any) -> QPushButton:  # noqa: ANN401 - a bound signal
        button = QPushButton(text, self)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        button.clicked.connect(lambda: self._emit(signal))
        return button

    def _on_chosen(self) -> None:
        """Enable the actions that the map supports: areas if they were stored, saving if it is a temporary file."""
        layer = self.layer()
        self.areas_button.setEnabled(layer is not None and bool(read_areas(layer)))
        self.save_button.setEnabled(layer is not None and bool(source_of(layer)))

    def _emit(self, signal: Any) -> None:  # noqa: ANN401 - a bound signal
        layer = self.layer()
        if layer is not None:
            signal.emit(layer)
