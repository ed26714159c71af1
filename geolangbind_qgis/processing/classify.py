"""``geolangbind:classify``: land-cover classification."""

from __future__ import annotations

from functools import cache
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
    QgsRasterLayer,
)

from geolangbind_qgis.catalogue.class_schemes import bundled_schemes
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.class_style import apply_class_style
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style
from geolangbind_qgis.processing.choices import scheme_titles, with_choices
from geolangbind_qgis.processing.declared import flag_of
from geolangbind_qgis.processing.polygon_parameters import VECTOR, add_polygon_parameters, polygon_fields
from geolangbind_qgis.processing.raster_algorithm import RasterAlgorithm
from geolangbind_qgis.processing.runtime_algorithm import About
from geolangbind_qgis.processing.styled_layers import style_when_loaded
from geolangbind_qgis.protocol_import import protocol

CLASSES, CONFIDENCE, OUTPUT, AREAS, SCORES = "CLASSES", "CONFIDENCE", "OUTPUT", "AREAS", "SCORES"


class ClassifyAlgorithm(RasterAlgorithm):
    """Classifies every pixel by a class scheme."""

    script_name = "classify"
    icon_name = "classify"

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Classify land cover"),
            summary=tr("Gives every pixel one class of a scheme, without training data."),
            keywords=("land use", "land cover", "LULC", "segmentation", "classification", "zero-shot", "AI"),
            help=tr(
                "<p>Gives every pixel the class whose wording fits it best. No training data is needed.</p>"
                "<p><b>Classes</b>: the name of a scheme ({0}), a scheme file (JSON), or a list: classes separated "
                "with a semicolon, synonyms of a class with a comma, as in <i>water; forest, trees; bare "
                "soil</i>.</p>"
                "<p>The map lies exactly on the pixels of the input and carries class names and colours. "
                "<b>Areas</b> is a table of hectares per class, also right in degrees. <b>Confidence</b> adds a "
                "second band (0 to 100). <b>Scores</b> is a raster with one band a class.</p>"
            ).format(_scheme_names()),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.add_input()
        classes = QgsProcessingParameterString(CLASSES, tr("Classes"), "worldcover")
        self.addParameter(with_choices(classes, scheme_titles))
        self.addParameter(flag_of(protocol.ClassifyParams, "confidence", CONFIDENCE, tr("Add confidence layer")))
        self.add_resolution()
        self.add_reading()
        self.addParameter(QgsProcessingParameterRasterDestination(OUTPUT, tr("Land cover")))
        self.add_optional_file(AREAS, tr("Areas (CSV)"), "CSV (*.csv)")
        self.addParameter(
            QgsProcessingParameterRasterDestination(
                SCORES, tr("Scores per class"), optional=True, createByDefault=False
            )
        )
        add_polygon_parameters(self, scores=False)

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the classification."""
        output = self.parameterAsOutputLayer(parameters, OUTPUT, context)
        areas = self.optional_file(parameters, AREAS, context)
        scores = self.optional_layer_file(parameters, SCORES, context)
        params = protocol.ClassifyParams(
            source=self.source(parameters, context, feedback),
            classes=self.parameterAsString(parameters, CLASSES, context) or "worldcover",
            output=output,
            areas=areas,
            scores=scores,
            confidence=self.parameterAsBool(parameters, CONFIDENCE, context),
            **self.request_fields(parameters, context),
            **polygon_fields(self, parameters, context),
        )
        self.request("classify", params, feedback)
        name = self.result_name(tr("Land cover"))
        style_when_loaded(context, output, name, apply_class_style, source_id=self.source_id)
        outputs = {OUTPUT: output}
        if areas:
            outputs[AREAS] = areas
        if scores:
            name = self.result_name(tr("Scores per class"))
            style_when_loaded(context, scores, name, _style_scores, source_id=self.source_id)
            outputs[SCORES] = scores
        if params.vector:
            outputs[VECTOR] = params.vector
        return outputs


@cache
def _scheme_names() -> str:
    return ", ".join(scheme.name for scheme in bundled_schemes())


def _style_scores(layer: QgsRasterLayer) -> None:
    apply_score_style(layer, ScoreStyle(), 1)
