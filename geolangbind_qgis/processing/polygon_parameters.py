"""The parameters of outlines, shared by highlight and classify."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterNumber,
    QgsProcessingParameterVectorDestination,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.raster_algorithm import RasterAlgorithm

VECTOR, MIN_AREA, SIMPLIFY, SMOOTH = "VECTOR", "MIN_AREA", "SIMPLIFY", "SMOOTH"


def add_polygon_parameters(algorithm: RasterAlgorithm) -> None:
    """Declare the outlines as an optional output, and how they are drawn."""
    number = QgsProcessingParameterNumber
    real = number.Type.Double
    algorithm.add_advanced(number(MIN_AREA, tr("Least area of a polygon (m²)"), real, 0.0, minValue=0.0))
    algorithm.add_advanced(number(SIMPLIFY, tr("Simplify outlines by (m)"), real, 0.0, minValue=0.0))
    algorithm.add_advanced(QgsProcessingParameterBoolean(SMOOTH, tr("Smooth outlines"), False))
    algorithm.addParameter(
        QgsProcessingParameterVectorDestination(
            VECTOR,
            tr("Polygons"),
            QgsProcessing.SourceType.TypeVectorPolygon,
            optional=True,
            createByDefault=False,
        )
    )


def polygon_fields(
    algorithm: RasterAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> dict[str, Any]:
    """Returns the request's fields about outlines.

    Raises:
        QgsProcessingException: the output is no GeoPackage.
    """
    vector = algorithm.optional_layer_file(parameters, VECTOR, context)
    if vector and not vector.lower().endswith(".gpkg"):
        raise QgsProcessingException(tr("Polygons are written as GeoPackage: choose a file that ends in .gpkg."))
    return {
        "vector": vector,
        "min_area_m2": algorithm.parameterAsDouble(parameters, MIN_AREA, context),
        "simplify_m": algorithm.parameterAsDouble(parameters, SIMPLIFY, context),
        "smooth": algorithm.parameterAsBool(parameters, SMOOTH, context),
    }
