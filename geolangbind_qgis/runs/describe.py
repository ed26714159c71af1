"""Requests the runtime's description of a layer."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from geolangbind_qgis.layers.export_grid import ExportGrid, plan_grid, suggested_pixel
from geolangbind_qgis.layers.readable import ReadBy
from geolangbind_qgis.layers.recognition import Recognised, read_reading
from geolangbind_qgis.layers.snapshot import LayerSnapshot, take_snapshot
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.runs.run import Run
from geolangbind_qgis.session import Session

_SAMPLE_PIXELS = 512


class Describer(QObject):
    """Describes one layer at a time; a new request replaces the earlier one.

    Signals:
        described: layer id and a ``Recognised``.
        explained: layer id and the whole answer of the runtime.
        failed: layer id and a ``Failure``.
    """

    described = pyqtSignal(str, object)
    explained = pyqtSignal(str, dict)
    failed = pyqtSignal(str, object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run: Run | None = None

    @property
    def busy(self) -> bool:
        """Whether a layer is being described."""
        return self._run is not None

    def describe(self, layer: QgsRasterLayer) -> None:
        """Request the description; no signal is emitted if the layer cannot be read or no runtime is installed."""
        self.abandon()
        client = self._session.client
        if client is None:
            return
        try:
            snapshot = take_snapshot(layer)
        except ValueError:
            return
        grid = None
        if snapshot.read_by is ReadBy.QGIS:
            if not snapshot.width:
                return  # a tile server's picture is plain RGB; nothing is fetched just to say so
            grid = sample_grid(snapshot)
        source = protocol.Source(path=snapshot.path, **read_reading(layer).source_fields())
        params = protocol.DescribeParams(source=source, model=self._session.model)
        run = Run(client, "describe", params, snapshot, grid, self._session.copies, self)
        run.finished.connect(lambda result: self._on_result(snapshot.layer_id, result))
        run.failed.connect(lambda failure: self._on_failed(snapshot.layer_id, failure))
        self._run = run
        run.start()

    def abandon(self) -> None:
        """Cancel without emitting a signal."""
        if self._run is not None:
            self._run.abandon()
            self._run.deleteLater()
            self._run = None

    def _on_result(self, layer_id: str, result: dict) -> None:
        self._run = None
        self.explained.emit(layer_id, result)
        self.described.emit(layer_id, recognised_from(result))

    def _on_failed(self, layer_id: str, failure: Failure) -> None:
        self._run = None
        self.failed.emit(layer_id, failure)


def sample_grid(snapshot: LayerSnapshot) -> ExportGrid:
    """Returns a grid in the middle of a layer, large enough to recognise its bands."""
    provider = snapshot.provider
    if provider is None:
        raise ValueError("Only layers that QGIS reads need a sample.")
    pixel = suggested_pixel(provider, snapshot.extent, 0.0)
    centre = snapshot.extent.center()
    sample = snapshot.extent.buffered(0)
    half = pixel * _SAMPLE_PIXELS / 2
    sample.set(centre.x() - half, centre.y() - half, centre.x() + half, centre.y() + half)
    return plan_grid(sample.intersect(snapshot.extent), (snapshot.extent.xMinimum(), snapshot.extent.yMaximum()), pixel)


def _limits(band: dict[str, Any]) -> tuple[float, float]:
    """Returns the digital numbers that map to the model's lowest and highest value of a band."""
    scale, offset = float(band.get("scale") or 1), float(band.get("offset") or 0)
    return (float(band.get("low") or 0) - offset) / scale, (float(band.get("high") or 0) - offset) / scale


def recognised_from(result: dict[str, Any]) -> Recognised:
    """Returns the part of the runtime's description that the dock shows."""
    bands = [band for band in result.get("bands") or [] if isinstance(band, dict)]
    scaling = result.get("scaling")
    scaling = scaling if isinstance(scaling, dict) else {"name": scaling or "", "title": scaling or ""}
    return Recognised(
        title=str(result.get("sensor_title") or result.get("sensor") or "Unknown sensor"),
        sensor=result.get("sensor"),
        band_names=tuple(str(band.get("name", "")) for band in bands),
        band_numbers=tuple(int(band.get("number", index)) for index, band in enumerate(bands, start=1)),
        wavelengths_um=tuple(float(band.get("wavelength_um") or 0) for band in bands),
        scaling=str(scaling.get("name", "")),
        scaling_title=str(scaling.get("title") or scaling.get("name", "")),
        limits=tuple(_limits(band) for band in bands),
        trained=bool(result.get("trained")),
        reasons=tuple(str(reason) for reason in result.get("reasons") or ()),
        warnings=tuple(str(warning) for warning in result.get("warnings") or ()),
    )
