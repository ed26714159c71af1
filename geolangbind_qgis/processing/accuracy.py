"""``geolangbind:accuracy``: accuracy assessment of a class map against a reference."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterRasterLayer,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.class_field import add_class_field, labels_and_field
from geolangbind_qgis.processing.runtime_algorithm import About, RuntimeAlgorithm, file_of
from geolangbind_qgis.protocol_import import protocol

MAP, REFERENCE, REPORT = "MAP", "REFERENCE", "REPORT"
OVERALL, KAPPA, MEAN_IOU = "OVERALL_ACCURACY", "KAPPA", "MEAN_IOU"


class AccuracyAlgorithm(RuntimeAlgorithm):
    """Compares a class map with a reference raster or vector layer."""

    script_name = "accuracy"

    def __init__(self) -> None:
        super().__init__()
        self._map = ""
        self._reference = ""
        self._field: str | None = None

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Accuracy of a class map"),
            summary=tr("Compares a class map with a reference: confusion matrix, accuracies per class, and areas."),
            keywords=("validation", "confusion matrix", "kappa", "assessment", "IoU", "F1"),
            help=tr(
                "<p>Compares a class map with a reference, pixel by pixel. The reference is a raster of class codes, "
                "or a vector layer with a field of class codes or names; it need not cover the whole map nor share "
                "its coordinate reference system.</p>"
                "<p>Gives overall accuracy, Cohen's kappa and mean intersection over union as numbers, and a report "
                "(HTML) with the confusion matrix and user's and producer's accuracy per class.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.addParameter(QgsProcessingParameterRasterLayer(MAP, tr("Class map")))
        kinds = [QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorAnyGeometry]
        self.addParameter(QgsProcessingParameterMapLayer(REFERENCE, tr("Reference (raster or vector)"), types=kinds))
        add_class_field(self)
        self.addParameter(QgsProcessingParameterFileDestination(REPORT, tr("Report"), "HTML (*.html)", optional=True))
        self.addOutput(QgsProcessingOutputNumber(OVERALL, tr("Overall accuracy")))
        self.addOutput(QgsProcessingOutputNumber(KAPPA, tr("Cohen's kappa")))
        self.addOutput(QgsProcessingOutputNumber(MEAN_IOU, tr("Mean intersection over union")))

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Read the layers' files, on the main thread."""
        self._map = file_of(self.raster_layer(parameters, MAP, context))
        self._reference, self._field = labels_and_field(self, REFERENCE, parameters, context)

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the comparison."""
        report = self.optional_file(parameters, REPORT, context)
        params = protocol.AccuracyParams(
            map=self._map,
            reference=self._reference,
            field=self._field,
            report=report,
        )
        result = self.request("accuracy", params, feedback)
        outputs: dict[str, Any] = {
            OVERALL: result.get("overall"),
            KAPPA: result.get("kappa"),
            MEAN_IOU: result.get("mean_iou"),
        }
        for name, value in outputs.items():
            feedback.pushInfo(f"{name.replace('_', ' ').lower()}: {value}")
        for remark in result.get("remarks") or ():
            feedback.pushWarning(str(remark))
        if report:
            outputs[REPORT] = report
        return outputs
