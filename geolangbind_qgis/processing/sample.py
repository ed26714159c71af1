"""``geolangbind:sample``: stratified random validation points for a class map."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.declared import explained, number_of
from geolangbind_qgis.processing.runtime_algorithm import About, RuntimeAlgorithm, file_of
from geolangbind_qgis.protocol_import import protocol

MAP, STANDARD_ERROR, EXPECTED_USERS, EXPECTED = "MAP", "STANDARD_ERROR", "EXPECTED_USERS", "EXPECTED"
LEAST, SIZE, SEED, OUTPUT = "LEAST", "SIZE", "SEED", "OUTPUT"
SAMPLES, REACHED = "SAMPLES", "EXPECTED_STANDARD_ERROR"


class SampleAlgorithm(RuntimeAlgorithm):
    """Draws random points within each class of a map."""

    script_name = "sample"

    def __init__(self) -> None:
        super().__init__()
        self._map = ""

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Create validation points"),
            summary=tr("Draws as many points within each class of a map as its accuracy needs, for a person to label."),
            keywords=("sampling design", "stratified", "random", "validation", "reference", "Olofsson", "accuracy"),
            help=tr(
                "<p>Draws points at random within each class of a map, as many as it takes to know the overall "
                "accuracy to the standard error you want (Olofsson et al. 2014): an error of 0.01 means an interval "
                "of ± 2 %.</p>"
                "<p>Look at each point on imagery and write into its field <b>class</b> what is really there, best "
                "without looking at <i>map_class</i>. The points are numbered in random order, so that you may stop "
                "half-way. Then run <b>Accuracy of a class map</b> with them as the reference.</p>"
                "<p>The accuracy you expect of the classes only plans the number of points: <i>forest=0.9; "
                "water=0.95</i>. Rare classes get at least as many as you say. Another <b>seed</b> draws other "
                "points.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        params = protocol.SampleParams
        single = tr("For single classes, as in forest=0.9; water=0.95")
        made = {
            "standard_error": number_of(
                params, "standard_error", STANDARD_ERROR, tr("Standard error wanted of the overall accuracy")
            ),
            "expected_users": number_of(params, "expected_users", EXPECTED_USERS, tr("Accuracy expected of a class")),
            "expected": QgsProcessingParameterString(EXPECTED, single, optional=True),
            "least": number_of(params, "least", LEAST, tr("Points of a rare class at least"), whole=True),
            "size": number_of(
                params, "size", SIZE, tr("Points in all (empty: as many as the error needs)"), whole=True
            ),
        }
        self.addParameter(QgsProcessingParameterRasterLayer(MAP, tr("Class map")))
        for name, parameter in made.items():
            self.addParameter(explained(parameter, params, name))
        seed = number_of(params, "seed", SEED, tr("Seed of the random numbers"), whole=True)
        self.add_advanced(explained(seed, params, "seed"))
        kind = QgsProcessing.SourceType.TypeVectorPoint
        self.addParameter(QgsProcessingParameterVectorDestination(OUTPUT, tr("Points to label"), kind))
        self.addOutput(QgsProcessingOutputNumber(SAMPLES, tr("Number of points")))
        self.addOutput(QgsProcessingOutputNumber(REACHED, tr("Standard error to expect")))

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Read the map's file, on the main thread."""
        self._map = file_of(self.raster_layer(parameters, MAP, context))

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Draw the points."""
        output = self.parameterAsOutputLayer(parameters, OUTPUT, context)
        if not output.lower().endswith(".gpkg"):
            raise QgsProcessingException(tr("Points are written as GeoPackage: choose a file that ends in .gpkg."))
        params = protocol.SampleParams(
            map=self._map,
            output=output,
            standard_error=self.parameterAsDouble(parameters, STANDARD_ERROR, context),
            expected_users=self.parameterAsDouble(parameters, EXPECTED_USERS, context),
            expected=_expected(self.parameterAsString(parameters, EXPECTED, context)),
            least=self.parameterAsInt(parameters, LEAST, context),
            size=self.parameterAsInt(parameters, SIZE, context) if parameters.get(SIZE) else None,
            seed=self.parameterAsInt(parameters, SEED, context),
        )
        result = self.request("sample", params, feedback)
        for row in result["classes"]:
            feedback.pushInfo(f"{row['code']} {row['name']}: {row['samples']} ({100 * row['share']:.1f} %)")
        return {OUTPUT: output, SAMPLES: result["samples"], REACHED: result["expected_standard_error"]}


def _expected(text: str) -> dict[str, float]:
    """Returns the accuracies by class of a text such as "forest=0.9; water=0.95".

    Raises:
        QgsProcessingException: a part is not of that form.
    """
    expected = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, _, value = part.rpartition("=")
        try:
            expected[name.strip()] = float(value)
        except ValueError:
            expected[""] = 0.0
    if not all(name and 0 < value < 1 for name, value in expected.items()):
        raise QgsProcessingException(tr("Expected accuracies are written as in forest=0.9; water=0.95."))
    return expected
