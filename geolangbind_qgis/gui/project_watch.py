"""Signals about changes of the project and its layers."""

from __future__ import annotations

from contextlib import suppress

from qgis.core import QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from geolangbind_qgis.layers.placement import SOURCE


class ProjectWatch(QObject):
    """Observes the project.

    Signals:
        results_changed: results may have come, gone or moved; of many changes at once, the last one counts.
        layer_will_be_removed: id of a layer that is about to go.
        layers_removed: ids of layers that are gone.
        opened: a project was read.
        cleared: the project was closed.
    """

    results_changed = pyqtSignal()
    layer_will_be_removed = pyqtSignal(str)
    layers_removed = pyqtSignal(list)
    opened = pyqtSignal()
    cleared = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.results_changed)
        project = QgsProject.instance()
        project.layersRemoved.connect(self._on_layers_removed)
        project.layerWillBeRemoved.connect(self._on_layer_will_be_removed)
        project.layerTreeRoot().layerOrderChanged.connect(self._timer.start)
        project.cleared.connect(self.cleared)
        project.readProject.connect(self._on_read)
        project.layersAdded.connect(self._watch)

    def clean_up(self) -> None:
        """Disconnect from the project."""
        self._timer.stop()
        project = QgsProject.instance()
        project.layersRemoved.disconnect(self._on_layers_removed)
        project.layerWillBeRemoved.disconnect(self._on_layer_will_be_removed)
        project.layerTreeRoot().layerOrderChanged.disconnect(self._timer.start)
        project.cleared.disconnect(self.cleared)
        project.readProject.disconnect(self._on_read)
        project.layersAdded.disconnect(self._watch)
        for layer in project.mapLayers().values():
            with suppress(TypeError):  # one that was there before
                layer.customPropertyChanged.disconnect(self._on_property_changed)

    def _on_layer_will_be_removed(self, layer_id: str) -> None:
        self.layer_will_be_removed.emit(layer_id)

    def _on_layers_removed(self, layer_ids: list[str]) -> None:
        self.layers_removed.emit(layer_ids)
        self._timer.start()

    def _on_read(self, *_: object) -> None:
        """Emit again after loading, since not all layers exist while they are read one by one."""
        self.opened.emit()
        self._timer.start()

    def _watch(self, layers: list[QgsMapLayer]) -> None:
        """Observe an existing layer, which Processing may turn into a result."""
        for layer in layers:
            layer.customPropertyChanged.connect(self._on_property_changed)

    def _on_property_changed(self, key: str) -> None:
        if key == SOURCE:
            self._timer.start()
