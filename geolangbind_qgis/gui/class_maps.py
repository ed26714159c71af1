"""Which layers are maps of classes, and the dock's line for those made from the chosen layer."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsPalettedRasterRenderer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QGroupBox, QPushButton, QVBoxLayout, QWidget

from geolangbind_qgis.gui.narrow import let_shrink
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.placement import source_of


def is_class_map(layer: QgsMapLayer | None) -> bool:
    """Whether a layer shows the classes of its first band with a legend."""
    if not isinstance(layer, QgsRasterLayer) or not isinstance(layer.renderer(), QgsPalettedRasterRenderer):
        return False
    return layer.renderer().band() == 1


def class_maps_of(project: QgsProject, layer: QgsMapLayer | None) -> list[QgsRasterLayer]:
    """Give the maps made from a layer, the newest first; the layer itself where it is one."""
    if layer is None:
        return []
    tree = [node.layer() for node in project.layerTreeRoot().findLayers()]
    return [each for each in tree if is_class_map(each) and layer.id() in (each.id(), source_of(each))]


class ClassMapLine(QGroupBox):
    """Offers the land-cover maps of the chosen layer; out of sight where there is none.

    Signals:
        accuracy_wanted: the accuracy of this layer is to be checked.
    """

    accuracy_wanted = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Land-cover map"), parent)
        self.maps = QComboBox(self)
        self.maps.setAccessibleName(tr("Map shown"))
        let_shrink(self.maps)
        self.accuracy_button = QPushButton(tr("Check accuracy…"), self)
        self.accuracy_button.setAutoDefault(False)
        self.accuracy_button.setToolTip(tr("Compare the map with a reference: how much of it is right?"))
        self.accuracy_button.clicked.connect(self._on_clicked)
        box = QVBoxLayout(self)
        box.setSpacing(5)
        box.addWidget(self.maps)
        box.addWidget(self.accuracy_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.set_maps([])

    def set_maps(self, layers: list[QgsRasterLayer]) -> None:
        """Offer these maps; the one chosen before stays chosen."""
        before = self.maps.currentData()
        self.maps.clear()
        for layer in layers:
            self.maps.addItem(layer.name(), layer.id())
        self.maps.setCurrentIndex(max(0, self.maps.findData(before)) if layers else -1)
        self.setVisible(bool(layers))

    def _on_clicked(self) -> None:
        layer = QgsProject.instance().mapLayer(self.maps.currentData() or "")
        if layer is not None:
            self.accuracy_wanted.emit(layer)
