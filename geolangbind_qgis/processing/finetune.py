"""``geolangbind:finetune``: fine-tuning on the user's own classes."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
    QgsRasterLayer,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.label_file import class_names
from geolangbind_qgis.processing.class_field import add_class_field, labels_and_field
from geolangbind_qgis.processing.declared import choice_of, number_of
from geolangbind_qgis.processing.model_parameters import model_fields, model_parameters
from geolangbind_qgis.processing.runtime_algorithm import About, RuntimeAlgorithm
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.finetune import source_of

RASTERS, LABELS, NAMES, NAME = "RASTERS", "LABELS", "NAMES", "NAME"
MODE, STEPS = "MODE", "STEPS"
NEW_MODEL, BEFORE, AFTER = "NEW_MODEL", "ACCURACY_BEFORE", "ACCURACY_AFTER"


class FinetuneAlgorithm(RuntimeAlgorithm):
    """Fine-tunes a model on the classes of a label layer."""

    script_name = "finetune"

    def __init__(self) -> None:
        super().__init__()
        self._sources: tuple[Any, ...] = ()
        self._labels = ""
        self._field: str | None = None

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Train on your classes"),
            summary=tr("Fine-tunes a model on labels you drew; the new model can be chosen at once."),
            keywords=("training", "fine-tune", "learn", "classes", "samples", "machine learning", "AI"),
            help=tr(
                "<p>Draw a few polygons, points or lines of each class, put the class into a field, and the model "
                "learns them in seconds; a large model, or one that learns as a whole, takes minutes. "
                "The class names are words the model understands, so name them plainly: <i>solar panels</i>, not "
                "<i>SP</i>. Unseen words go on working.</p>"
                "<p>Several rasters, also of different sensors, can serve together. Labels may lie in any coordinate "
                "reference system; a raster of class codes serves too, with <b>Words for codes</b> as in <i>1=water; "
                "2=trees</i>.</p>"
                "<p>Whole blocks of ground are held out to measure the model before and after. The log shows a table "
                "of the classes; the new model is listed under <b>Name of the new model</b>.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        kinds = QgsProcessing.SourceType
        text = QgsProcessingParameterString
        self.addParameter(QgsProcessingParameterMultipleLayers(RASTERS, tr("Raster layers"), kinds.TypeRaster))
        self.addParameter(
            QgsProcessingParameterMapLayer(
                LABELS, tr("Labels (vector or raster)"), types=[kinds.TypeVectorAnyGeometry, kinds.TypeRaster]
            )
        )
        add_class_field(self)
        self.addParameter(text(NAMES, tr("Words for codes, as in 1=water; 2=trees"), optional=True))
        self.addParameter(text(NAME, tr("Name of the new model"), "my-model"))
        params = protocol.FinetuneParams
        self.addParameter(choice_of(params, "mode", MODE, tr("What learns")))
        self.addParameter(number_of(params, "steps", STEPS, tr("Steps at most"), whole=True))
        for parameter in model_parameters(tr("Model to start from")):
            self.addParameter(parameter)
        self.addOutput(QgsProcessingOutputString(NEW_MODEL, tr("Name of the new model")))
        self.addOutput(QgsProcessingOutputNumber(BEFORE, tr("Overall accuracy on held-out labels, before")))
        self.addOutput(QgsProcessingOutputNumber(AFTER, tr("Overall accuracy on held-out labels, after")))

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Read the layers' files, on the main thread."""
        layers = self.parameterAsLayerList(parameters, RASTERS, context)
        self._sources = tuple(source_of(layer) for layer in layers if isinstance(layer, QgsRasterLayer))
        self._labels, self._field = labels_and_field(self, LABELS, parameters, context)

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the fine-tuning."""
        try:
            names = class_names(self.parameterAsString(parameters, NAMES, context))
        except ValueError as problem:
            raise QgsProcessingException(str(problem)) from problem
        params = protocol.FinetuneParams(
            sources=self._sources,
            labels=self._labels,
            name=self.parameterAsString(parameters, NAME, context),
            field=self._field,
            names=names,
            mode=self.parameterAsEnumString(parameters, MODE, context),
            steps=self.parameterAsInt(parameters, STEPS, context),
            **model_fields(self, parameters, context),
        )
        result = self.request("finetune", params, feedback)
        for line in str(result.get("table", "")).splitlines():
            feedback.pushInfo(line)
        for remark in result.get("remarks") or ():
            feedback.pushWarning(str(remark))
        return {
            NEW_MODEL: str(result.get("name")),
            BEFORE: (result.get("before") or {}).get("overall_accuracy"),
            AFTER: (result.get("after") or {}).get("overall_accuracy"),
        }
