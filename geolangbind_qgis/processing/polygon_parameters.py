"""Parameters of polygons, shared by the algorithms that create them."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterCrs,
    QgsProcessingParameterVectorDestination,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.declared import flag_of, number_of
from geolangbind_qgis.processing.runtime_algorithm import RuntimeAlgorithm
from geolangbind_qgis.protocol_import import protocol

VECTOR, MIN_AREA, SIMPLIFY, SMOOTH = "VECTOR", "MIN_AREA", "SIMPLIFY", "SMOOTH"
RIGHT_ANGLES, SEPARATE, VECTOR_CRS = "RIGHT_ANGLES", "SEPARATE", "VECTOR_CRS"
ENDINGS = (".gpkg", ".shp", ".geojson", ".fgb")


def add_polygon_parameters(algorithm: RuntimeAlgorithm, *, scores: bool, optional: bool = True) -> None:
    """Declare the polygon output and its options.

    Args:
        algorithm: that makes them.
        scores: whether they are of scores, which can be cut into objects.
        optional: whether they are made on request only.
    """
    params = protocol.PolygoniseParams
    algorithm.add_advanced(number_of(params, "min_area_m2", MIN_AREA, tr("Least area of a polygon (m²)")))
    algorithm.add_advanced(number_of(params, "simplify_m", SIMPLIFY, tr("Simplify outlines by (m)")))
    algorithm.add_advanced(flag_of(params, "smooth", SMOOTH, tr("Smooth outlines")))
    algorithm.add_advanced(flag_of(params, "right_angles", RIGHT_ANGLES, tr("Right angles (buildings)")))
    if scores:
        algorithm.add_advanced(flag_of(params, "separate", SEPARATE, tr("Separate objects that touch")))
    crs = QgsProcessingParameterCrs(VECTOR_CRS, tr("Reference system of the polygons (empty: the raster's)"))
    crs.setFlags(crs.flags() | crs.Flag.FlagOptional)
    algorithm.add_advanced(crs)
    algorithm.addParameter(
        QgsProcessingParameterVectorDestination(
            VECTOR,
            tr("Polygons"),
            QgsProcessing.SourceType.TypeVectorPolygon,
            optional=optional,
            createByDefault=not optional,
        )
    )


def polygon_fields(
    algorithm: RuntimeAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> dict[str, Any]:
    """Returns the polygon fields of the request.

    Raises:
        QgsProcessingException: the output is of another format.
    """
    vector = algorithm.optional_layer_file(parameters, VECTOR, context)
    if vector and not vector.lower().endswith(ENDINGS):
        raise QgsProcessingException(
            tr(
                "Polygons are written as GeoPackage, Shapefile, GeoJSON or FlatGeobuf: choose a file that ends in {0}."
            ).format(", ".join(ENDINGS))
        )
    crs = algorithm.parameterAsCrs(parameters, VECTOR_CRS, context)
    fields = {
        "vector": vector,
        "min_area_m2": algorithm.parameterAsDouble(parameters, MIN_AREA, context),
        "simplify_m": algorithm.parameterAsDouble(parameters, SIMPLIFY, context),
        "smooth": algorithm.parameterAsBool(parameters, SMOOTH, context),
        "right_angles": algorithm.parameterAsBool(parameters, RIGHT_ANGLES, context),
        "vector_crs": (crs.authid() or crs.toWkt()) if crs.isValid() else None,
    }
    if algorithm.parameterDefinition(SEPARATE) is not None:
        fields["separate"] = algorithm.parameterAsBool(parameters, SEPARATE, context)
    return fields
