"""Extents between the project's coordinate reference system and a layer's."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsRectangle,
)

from geolangbind_qgis.i18n import tr

ExtentTuple = tuple[float, float, float, float]


def to_layer_crs(
    extent: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
    layer_crs: QgsCoordinateReferenceSystem,
    context: QgsCoordinateTransformContext,
) -> QgsRectangle:
    """Give the box in the layer's CRS that holds the whole extent.

    Raises:
        ValueError: the extent lies where the layer's CRS is not defined.
    """
    if crs == layer_crs or not crs.isValid():
        return QgsRectangle(extent)
    transform = QgsCoordinateTransform(crs, layer_crs, context)
    transform.setBallparkTransformsAreAppropriate(True)
    try:
        box = transform.transformBoundingBox(extent)
    except QgsCsException as problem:
        raise ValueError(tr("This part of the map cannot be expressed in {0}.").format(layer_crs.authid())) from problem
    if not box.isFinite() or box.isEmpty():
        raise ValueError(tr("This part of the map cannot be expressed in {0}.").format(layer_crs.authid()))
    return box


def within(extent: QgsRectangle, layer_extent: QgsRectangle) -> QgsRectangle:
    """Give the part of the extent that lies on the layer.

    Raises:
        ValueError: they do not overlap.
    """
    if not extent.intersects(layer_extent):
        raise ValueError(tr("The chosen area does not touch the layer."))
    part = extent.intersect(layer_extent)
    if part.isEmpty():
        raise ValueError(tr("The chosen area does not touch the layer."))
    return part


def as_tuple(extent: QgsRectangle) -> ExtentTuple:
    """Give (xmin, ymin, xmax, ymax)."""
    return extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()
