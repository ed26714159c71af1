"""Finds an image in the project that covers the area of a layer of embeddings."""

from __future__ import annotations

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsProject, QgsRasterLayer

from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.readable import ReadBy, can_read
from geolangbind_qgis.layers.snapshot import runtime_path

FEWEST_AXES = 16
"""Bands from which on a layer may hold embeddings."""


def image_of_same_ground(project: QgsProject, layer: QgsRasterLayer) -> str | None:
    """Returns the path of the topmost image that shows what a layer shows; None where the layer is an image itself.

    Words cannot be compared with embeddings: they are answered from what they find on this image.

    Args:
        project: whose layers are searched, from the top of the layer tree.
        layer: the layer to be matched.
    """
    if layer.bandCount() < FEWEST_AXES:
        return None
    for other in project.layerTreeRoot().layerOrder():
        if not isinstance(other, QgsRasterLayer) or source_of(other) or other.bandCount() >= FEWEST_AXES:
            continue
        if can_read(other)[0] is ReadBy.RUNTIME and _overlap(project, layer, other):
            return runtime_path(other)
    return None


def _overlap(project: QgsProject, layer: QgsRasterLayer, other: QgsRasterLayer) -> bool:
    """Whether the extents of two layers overlap."""
    if not (layer.crs().isValid() and other.crs().isValid()):
        return False
    try:
        moved = QgsCoordinateTransform(other.crs(), layer.crs(), project).transformBoundingBox(other.extent())
    except QgsCsException:
        return False
    return moved.intersects(layer.extent())
