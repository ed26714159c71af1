"""The ground that a result was computed for, which need not be all of its extent: answers for parts are merged."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsGeometry, QgsRasterLayer, QgsRectangle

from geolangbind_qgis.layers.merge import part_extents


def computed_area(result: QgsRasterLayer) -> QgsGeometry:
    """Returns the union of the parts of a result, in its reference system."""
    return QgsGeometry.unaryUnion([QgsGeometry.fromRect(box) for box in _boxes(result)])


def was_computed(result: QgsRasterLayer, extent: QgsRectangle) -> bool:
    """Returns whether all of an extent, in the result's reference system, was computed, to half a pixel."""
    slack = result.rasterUnitsPerPixelX() / 2
    grown = [QgsGeometry.fromRect(box.buffered(slack)) for box in _boxes(result)]
    return QgsGeometry.unaryUnion(grown).contains(QgsGeometry.fromRect(extent))


def _boxes(result: QgsRasterLayer) -> list[QgsRectangle]:
    parts = part_extents(Path(result.source().split("|", 1)[0]))
    return [QgsRectangle(*part) for part in parts] or [result.extent()]
