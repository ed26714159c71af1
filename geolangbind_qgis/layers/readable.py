"""Whether a layer can be processed, and which process reads its pixels."""

from __future__ import annotations

from enum import Enum

from qgis.core import QgsMapLayer, QgsRasterLayer

from geolangbind_qgis.i18n import tr

ONLY_QGIS_READS = ("wms", "wcs", "postgresraster", "virtualraster", "arcgismapserver", "memory", "wmts", "ows")
"""Data providers whose pixels only QGIS can fetch; the runtime gets a copy of the part it needs."""

_PROPRIETARY_ENDINGS = (".ecw", ".sid", ".mrsid")
_IN_QGIS_MEMORY = ("/vsimem/", "MEM:::")
_DATABASE_PREFIXES = ("PG:", "PGRASTER:", "MSSQL", "OCI", "GEORASTER:")


class ReadBy(Enum):
    """Which process reads a layer's pixels."""

    RUNTIME = "runtime"
    QGIS = "qgis"
    NOBODY = "nobody"


def can_read(layer: QgsMapLayer | None) -> tuple[ReadBy, str]:
    """Returns which process can read the layer and, if none, why, as text for the user interface.

    Args:
        layer: any map layer, or None.

    Returns:
        ``ReadBy.RUNTIME`` for files and addresses the runtime opens itself, ``ReadBy.QGIS`` for layers that QGIS must
        render or copy first, ``ReadBy.NOBODY`` otherwise; and one sentence.
    """
    if layer is None:
        return ReadBy.NOBODY, tr("Choose a raster layer.")
    if not isinstance(layer, QgsRasterLayer):
        return ReadBy.NOBODY, tr("{0} is not a raster layer.").format(layer.name())
    if not layer.isValid():
        return ReadBy.NOBODY, tr("{0} cannot be opened: its source is missing.").format(layer.name())
    provider = layer.providerType()
    if provider == "gdal":
        return _gdal_source(layer.source())
    if provider in ONLY_QGIS_READS:
        return ReadBy.QGIS, tr("QGIS fetches the pixels of this layer at the resolution you choose.")
    if layer.dataProvider() is not None and layer.bandCount() > 0:
        return ReadBy.QGIS, tr("QGIS copies the pixels of this layer ({0}).").format(provider)
    return ReadBy.NOBODY, tr("Layers of the kind {0} have no pixels to read.").format(provider)


def _gdal_source(source: str) -> tuple[ReadBy, str]:
    """Returns which process reads a GDAL source, by its address."""
    path = source.split("|", 1)[0]
    if path.startswith(_IN_QGIS_MEMORY):
        return ReadBy.QGIS, tr("This raster lives in QGIS's memory; QGIS copies it.")
    if path.startswith(_DATABASE_PREFIXES):
        return ReadBy.QGIS, tr("This raster lives in a database; QGIS copies it.")
    if path.lower().endswith(_PROPRIETARY_ENDINGS):
        return ReadBy.QGIS, tr("Only QGIS has the driver for this format; QGIS copies it.")
    if "authcfg=" in source or "|credential:" in source:
        return ReadBy.QGIS, tr("This source needs QGIS's stored login; QGIS copies it.")
    if "|option:" in source:
        return ReadBy.QGIS, tr("This raster is opened with options of its own; QGIS copies it.")
    return ReadBy.RUNTIME, tr("Read directly from its file.")
