"""Snapshot of a raster layer, taken on the main thread for work in other threads."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import QgsCoordinateReferenceSystem, QgsRasterDataProvider, QgsRasterLayer, QgsRectangle

from geolangbind_qgis.layers.readable import ReadBy, can_read


@dataclass(frozen=True)
class LayerSnapshot:
    """The facts of a layer that later steps need, so that they never access the layer itself.

    Attributes:
        layer_id: id of the layer in the project.
        name: its name in the layer tree.
        read_by: who reads its pixels.
        reason: why, in words.
        path: file, address or sub-dataset the runtime opens; empty where QGIS must copy the pixels.
        crs: coordinate reference system of the layer.
        extent: full extent in that system.
        width: columns; 0 where the layer has no fixed grid (tile servers).
        height: rows; 0 where the layer has no fixed grid.
        provider: an own copy of the data provider where QGIS must copy the pixels, else None.
    """

    layer_id: str
    name: str
    read_by: ReadBy
    reason: str
    path: str
    crs: QgsCoordinateReferenceSystem
    extent: QgsRectangle
    width: int
    height: int
    provider: QgsRasterDataProvider | None

    @property
    def pixel_size(self) -> float:
        """Pixel width in units of the layer's CRS; 0 without a fixed grid."""
        return self.extent.width() / self.width if self.width else 0.0


def take_snapshot(layer: QgsRasterLayer) -> LayerSnapshot:
    """Returns the snapshot of a layer; call it on the main thread.

    Raises:
        ValueError: the layer cannot be read; the message names the reason.
    """
    read_by, reason = can_read(layer)
    if read_by is ReadBy.NOBODY:
        raise ValueError(reason)
    provider = layer.dataProvider()
    return LayerSnapshot(
        layer_id=layer.id(),
        name=layer.name(),
        read_by=read_by,
        reason=reason,
        path=runtime_path(layer) if read_by is ReadBy.RUNTIME else "",
        crs=QgsCoordinateReferenceSystem(layer.crs()),
        extent=QgsRectangle(layer.extent()),
        width=provider.xSize(),
        height=provider.ySize(),
        provider=provider.clone() if read_by is ReadBy.QGIS else None,
    )


def runtime_path(layer: QgsRasterLayer) -> str:
    """Returns the source as the runtime opens it: without what QGIS alone understands (what follows ``|``).

    Addresses go without GDAL's prefix, so that the runtime knows them for addresses: it has patience with servers,
    hides passwords in what it says, and explains what went wrong on the way.
    """
    path = layer.source().split("|", 1)[0]
    address = path.removeprefix("/vsicurl/")
    return address if address.startswith(("http://", "https://")) else path
