"""Validation points for a class map, sampled by the runtime and added as a layer to be labelled."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsEditorWidgetSetup, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from geolangbind_qgis import settings
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.placement import add_on_top
from geolangbind_qgis.layers.results_folder import discard, new_result
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import failure_of
from geolangbind_qgis.runs.pending_request import PendingRequest
from geolangbind_qgis.runtime.client_qt import RuntimeClient

CLASS_FIELD = "class"


class ValidationPoints(QObject):
    """Requests a stratified random sample of points.

    Signals:
        made: the layer, which is in the project.
        failed: why there are none.

    Args:
        class_map: file of the map.
        name: of the map.
        client: the runtime client.
        parent: owner.
    """

    made = pyqtSignal(object)
    failed = pyqtSignal(str)

    def __init__(self, class_map: str, name: str, client: RuntimeClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._map, self._name = class_map, name
        self._request = PendingRequest(client)

    @property
    def busy(self) -> bool:
        """Whether a sample is being drawn."""
        return self._request.busy

    def draw(self, count: int) -> None:
        """Request this many points; ``made`` or ``failed`` is emitted at the end."""
        title = tr("points of {0}").format(self._name)
        output = str(new_result(title, ".gpkg", settings.results_folder()))
        params = protocol.SampleParams(map=self._map, output=output, size=count)
        self._request.start(
            "sample",
            params,
            on_result=self._on_result,
            on_error=lambda error: self.failed.emit(failure_of(error).text),
            on_late_result=lambda result: discard(str(result["output"])),
        )

    def cancel(self) -> None:
        """Cancel without emitting a signal."""
        self._request.cancel()

    def _on_result(self, result: dict[str, Any]) -> None:
        layer = QgsVectorLayer(str(result["output"]), tr("Points to label: {0}").format(self._name), "ogr")
        _offer_classes(layer, [str(row["name"]) for row in result["classes"]])
        add_on_top(QgsProject.instance(), layer)
        self.made.emit(layer)


def _offer_classes(layer: QgsVectorLayer, names: list[str]) -> None:
    """Configure the field's form widget to list the map's classes."""
    field = layer.fields().indexOf(CLASS_FIELD)
    choices = {"map": [{name: name} for name in names]}
    layer.setEditorWidgetSetup(field, QgsEditorWidgetSetup("ValueMap", choices))
