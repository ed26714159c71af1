"""``geolangbind:polygonise``: conversion of scores or classes to polygons."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBand,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.declared import number_of
from geolangbind_qgis.processing.polygon_parameters import VECTOR, add_polygon_parameters, polygon_fields
from geolangbind_qgis.processing.runtime_algorithm import About, RuntimeAlgorithm, file_of
from geolangbind_qgis.protocol_import import protocol

INPUT, BAND, THRESHOLD, OF_CLASSES, CLASSES, COCO = "INPUT", "BAND", "THRESHOLD", "OF_CLASSES", "CLASSES", "COCO"
POLYGONS = "POLYGONS"


class PolygoniseAlgorithm(RuntimeAlgorithm):
    """Converts scores above a threshold, or the classes of a map, to polygons."""

    script_name = "polygonise"

    def __init__(self) -> None:
        super().__init__()
        self._raster = ""

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Polygons from scores or classes"),
            summary=tr("Outlines what scores reach a threshold, or every class of a map, with attributes."),
            keywords=("vectorize", "polygonize", "buildings", "regularize", "objects", "instances", "COCO"),
            help=tr(
                "<p>Outlines what reaches a threshold in a score raster, or every class of a class map. Each polygon "
                "has its area, the mean and highest score of its pixels, the prompt or class, the image and the day "
                "it was taken.</p>"
                "<p><b>Separate objects that touch</b> cuts polygons where scores or widths dip. <b>Right angles</b> "
                "lets the sides of buildings follow one of two directions; neighbours keep the borders they "
                "share.</p>"
                "<p>The file's ending chooses GeoPackage, Shapefile, GeoJSON or FlatGeobuf. <b>COCO labels</b> are "
                "the same polygons in pixels, for training detectors.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.addParameter(QgsProcessingParameterRasterLayer(INPUT, tr("Scores or class map")))
        self.addParameter(QgsProcessingParameterBand(BAND, tr("Band"), 1, INPUT))
        self.addParameter(number_of(protocol.PolygoniseParams, "threshold", THRESHOLD, tr("Threshold")))
        self.addParameter(QgsProcessingParameterBoolean(OF_CLASSES, tr("The raster is a map of classes"), False))
        self.addParameter(
            QgsProcessingParameterString(CLASSES, tr("Classes wanted (separate with ;, empty: all)"), optional=True)
        )
        add_polygon_parameters(self, scores=True, optional=False)
        self.add_optional_file(COCO, tr("COCO labels (JSON)"), "JSON (*.json)")
        self.addOutput(QgsProcessingOutputNumber(POLYGONS, tr("Number of polygons")))

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Read the layer's file, on the main thread."""
        self._raster = file_of(self.raster_layer(parameters, INPUT, context))

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the polygonisation."""
        fields = polygon_fields(self, parameters, context)
        output = fields.pop("vector")
        if output is None:
            raise QgsProcessingException(tr("Choose where the polygons go."))
        of_classes = self.parameterAsBool(parameters, OF_CLASSES, context)
        wanted = self.parameterAsString(parameters, CLASSES, context).split(";")
        fields |= {
            "raster": self._raster,
            "threshold": None if of_classes else self.parameterAsDouble(parameters, THRESHOLD, context),
            "band": self.parameterAsInt(parameters, BAND, context) or 1,
            "classes": tuple(filter(None, map(str.strip, wanted))) if of_classes else (),
        }
        if of_classes:
            fields["separate"] = False
        result = self.request("polygonise", protocol.PolygoniseParams(output=output, **fields), feedback)
        outputs = {VECTOR: output, POLYGONS: result["polygons"]}
        coco = self.optional_file(parameters, COCO, context)
        if coco:
            self.request("polygonise", protocol.PolygoniseParams(output=coco, **fields), feedback)
            outputs[COCO] = coco
        return outputs
