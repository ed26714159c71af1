"""Transformation of extents between the project's and a layer's coordinate reference system."""

from __future__ import annotations

import math

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsDistanceArea,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsUnitTypes,
)

from geolangbind_qgis.i18n import tr

ExtentTuple = tuple[float, float, float, float]


def to_layer_crs(
    extent: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
    layer_crs: QgsCoordinateReferenceSystem,
    context: QgsCoordinateTransformContext,
) -> QgsRectangle:
    """Returns the box in the layer's CRS that holds the whole extent.

    A layer without one is shown by QGIS as if it had the map's.

    Raises:
        ValueError: the layer's CRS is not defined at the extent.
    """
    if crs == layer_crs or not (crs.isValid() and layer_crs.isValid()):
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
    """Returns the intersection of the extent with the layer's.

    Raises:
        ValueError: they do not overlap.
    """
    if not extent.intersects(layer_extent):
        raise ValueError(tr("The chosen area does not touch the layer."))
    part = extent.intersect(layer_extent)
    if part.isEmpty():
        raise ValueError(tr("The chosen area does not touch the layer."))
    return part


def pixel_metres(layer: QgsRasterLayer, project: QgsProject) -> float:
    """Pixel size in the middle of a layer, in metres; 0 without a reference system."""
    if not layer.crs().isValid():
        return 0.0
    centre = layer.extent().center()
    box = QgsRectangle.fromCenterAndSize(centre, layer.rasterUnitsPerPixelX(), layer.rasterUnitsPerPixelY())
    measure = QgsDistanceArea()
    measure.setSourceCrs(layer.crs(), project.transformContext())
    measure.setEllipsoid(layer.crs().ellipsoidAcronym())  # a project may have none
    area = measure.measureArea(QgsGeometry.fromRect(box))
    return math.sqrt(abs(measure.convertAreaMeasurement(area, QgsUnitTypes.AreaUnit.AreaSquareMeters)))


def as_tuple(extent: QgsRectangle) -> ExtentTuple:
    """Returns (xmin, ymin, xmax, ymax)."""
    return extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()
