"""``geolangbind:calibrate``: threshold selection from labelled samples."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputString,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.class_style import apply_class_style
from geolangbind_qgis.processing.class_field import add_class_field, labels_and_field
from geolangbind_qgis.processing.runtime_algorithm import About, RuntimeAlgorithm, file_of
from geolangbind_qgis.processing.styled_layers import style_when_loaded
from geolangbind_qgis.protocol_import import protocol

SCORES, PLACES, OUTPUT, MAP, THRESHOLDS = "SCORES", "PLACES", "OUTPUT", "MAP", "THRESHOLDS"


class CalibrateAlgorithm(RuntimeAlgorithm):
    """Selects a threshold for every band of a score raster."""

    script_name = "calibrate"

    def __init__(self) -> None:
        super().__init__()
        self._scores, self._places = "", ""
        self._field: str | None = None

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Thresholds from labelled places"),
            summary=tr("Chooses the best threshold of each prompt or class from a few places that you labelled."),
            keywords=("threshold", "calibration", "F1", "validation", "scores"),
            help=tr(
                "<p>Chooses, for each band of a score raster, the threshold that tells best what is of the class and "
                "what is not (highest F1) at the places you labelled. The scores come from <b>Highlight what words "
                "describe</b>, or from <b>Classify land cover</b> with <i>Scores per class</i>.</p>"
                "<p>Places are points, lines or polygons; their field says the class in the words of the prompt, or "
                "<i>yes</i> and <i>no</i> for a single prompt. Places are held out to see whether the new threshold "
                "is really better; where it is not, 0.5 stays.</p>"
                "<p>The log shows the thresholds; on request they are written to a file (JSON), and a class map is "
                "made by them.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        kinds = [QgsProcessing.SourceType.TypeVectorAnyGeometry]
        self.addParameter(QgsProcessingParameterRasterLayer(SCORES, tr("Scores")))
        self.addParameter(QgsProcessingParameterMapLayer(PLACES, tr("Labelled places"), types=kinds))
        add_class_field(self)
        self.add_optional_file(OUTPUT, tr("Thresholds (JSON)"), "JSON (*.json)")
        self.addParameter(
            QgsProcessingParameterRasterDestination(
                MAP, tr("Class map by these thresholds"), optional=True, createByDefault=False
            )
        )
        self.addOutput(QgsProcessingOutputString(THRESHOLDS, tr("Thresholds, as in water=0.42; forest=0.5")))

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Read the layers' files, on the main thread."""
        self._scores = file_of(self.raster_layer(parameters, SCORES, context))
        self._places, self._field = labels_and_field(self, PLACES, parameters, context)

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the threshold selection."""
        output = self.optional_file(parameters, OUTPUT, context)
        class_map = self.optional_layer_file(parameters, MAP, context)
        params = protocol.CalibrateParams(self._scores, self._places, self._field, output, class_map)
        rows = self.request("calibrate", params, feedback)["thresholds"]
        words = tr("{0}: threshold {1}, from {2} places; F1 {3} at 0.5, {4} on places held out")
        for row in rows:
            held_out = "–" if row["f1_held_out"] is None else f"{row['f1_held_out']:.3f}"
            threshold, usual = f"{row['threshold']:.3f}", f"{row['f1_at_half']:.3f}"
            feedback.pushInfo(words.format(row["name"], threshold, row["places"], usual, held_out))
        outputs = {THRESHOLDS: "; ".join(f"{row['name']}={row['threshold']:g}" for row in rows)}
        if output:
            outputs[OUTPUT] = output
        if class_map:
            style_when_loaded(context, class_map, tr("Class map by these thresholds"), apply_class_style)
            outputs[MAP] = class_map
        return outputs
