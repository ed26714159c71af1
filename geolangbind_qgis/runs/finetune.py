"""Fine-tuning run: from label layers to a new model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.label_file import label_file
from geolangbind_qgis.layers.readable import ReadBy
from geolangbind_qgis.layers.recognition import read_reading
from geolangbind_qgis.layers.snapshot import take_snapshot
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import failure_of
from geolangbind_qgis.session import Session


@dataclass(frozen=True)
class FinetuneRequest:
    """Input of a fine-tuning.

    Attributes:
        rasters: layers to learn from.
        labels: layer with the classes.
        field: its attribute with the class; empty for a raster.
        names: words for codes.
        name: of the new model.
        steps: at most; it stops earlier where it no longer gets better.
    """

    rasters: tuple[QgsRasterLayer, ...]
    labels: QgsMapLayer
    field: str
    names: dict[str, str]
    name: str
    steps: int = protocol.FinetuneParams.steps


class FinetuneRunner(QObject):
    """Runs one fine-tuning at a time.

    Signals:
        progressed: fraction, message, seconds left or None.
        loss_reported: parameters of a ``loss`` notification.
        finished: the runtime's result.
        failed: a ``Failure``.
    """

    progressed = pyqtSignal(float, str, object)
    loss_reported = pyqtSignal(dict)
    finished = pyqtSignal(dict)
    failed = pyqtSignal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._request: Any = None
        self._number = 0

    @property
    def busy(self) -> bool:
        """Whether a fine-tuning is running."""
        return self._request is not None

    def start(self, request: FinetuneRequest) -> None:
        """Start the run; signals follow from the event loop.

        Raises:
            ValueError: a layer cannot serve; the message names the reason.
        """
        client = self._session.client
        if client is None:
            raise ValueError(tr("The runtime is not set up. Set it up in the GeoLangBind dock."))
        params = protocol.FinetuneParams(
            sources=tuple(source_of(layer) for layer in request.rasters),
            labels=label_file(request.labels, request.field, QgsProject.instance().transformContext()),
            name=request.name,
            field=request.field or None,
            names=request.names,
            model=self._session.model,
            steps=request.steps,
            device=self._session.device,
        )
        self._number += 1
        number = self._number
        self._request = client.request(
            "finetune",
            params,
            on_result=lambda result: self._on_result(number, result),
            on_error=lambda error: self._on_error(number, error),
            on_progress=lambda *report: self._emit(number, self.progressed, *(*report, None, None)[:3]),
            on_loss=lambda point: self._emit(number, self.loss_reported, point),
        )

    def cancel(self) -> None:
        """Request cancellation; ``failed`` follows."""
        if self._request is not None:
            self._request.cancel()

    def abandon(self) -> None:
        """Cancel without emitting a signal."""
        self.cancel()
        self._request = None
        self._number += 1

    def _emit(self, number: int, signal: Any, *report: Any) -> None:  # noqa: ANN401 - a bound signal
        if number == self._number:
            signal.emit(*report)

    def _on_result(self, number: int, result: dict) -> None:
        if number == self._number:
            self._request = None
            self.finished.emit(result)

    def _on_error(self, number: int, error: Any) -> None:  # noqa: ANN401 - ErrorInfo of the protocol
        if number == self._number:
            self._request = None
            self.failed.emit(failure_of(error))


def source_of(layer: QgsRasterLayer) -> Any:  # noqa: ANN401 - protocol.Source
    """Returns the ``protocol.Source`` of a file-based layer.

    Raises:
        ValueError: the runtime cannot read the layer.
    """
    snapshot = take_snapshot(layer)
    if snapshot.read_by is not ReadBy.RUNTIME:
        raise ValueError(tr("{0} is not stored in a file. Save it first.").format(layer.name()))
    return protocol.Source(path=snapshot.path, **read_reading(layer).source_fields())
