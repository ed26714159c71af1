"""``geolangbind:highlight``: scores of text prompts."""

from __future__ import annotations

from functools import partial
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsRasterLayer,
)

from geolangbind_qgis.glossary import translated
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.open_raster import open_raster
from geolangbind_qgis.layers.overlays import mark_as_answer
from geolangbind_qgis.layers.score_style import PROMPT_COLOURS, ScoreStyle, apply_score_style
from geolangbind_qgis.processing.declared import number_of
from geolangbind_qgis.processing.polygon_parameters import VECTOR, add_polygon_parameters, polygon_fields
from geolangbind_qgis.processing.raster_algorithm import RasterAlgorithm
from geolangbind_qgis.processing.runtime_algorithm import About, file_of
from geolangbind_qgis.processing.styled_layers import style_when_loaded
from geolangbind_qgis.protocol_import import protocol

PROMPTS, NOT, THRESHOLD, IMAGE, OUTPUT = "PROMPTS", "NOT", "THRESHOLD", "IMAGE", "OUTPUT"


class HighlightAlgorithm(RasterAlgorithm):
    """Scores every pixel for each prompt."""

    script_name = "highlight"

    def __init__(self) -> None:
        super().__init__()
        self._image: str | None = None

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Highlight what words describe"),
            summary=tr("Scores every pixel of a raster by how well it matches your words."),
            keywords=("text", "prompt", "search", "segment", "detect", "language", "zero-shot", "AI"),
            help=tr(
                "<p>Type what you look for, and every pixel gets a score from 0 to 1 for how well it matches.</p>"
                "<p><b>Prompts</b>: separate several with a semicolon; each becomes a band of the file and a layer "
                "of its own in the project. Separate synonyms of one prompt with |, as in <i>forest | woodland; open "
                "water</i>.</p>"
                "<p><b>Exclude</b>: what looks similar and is not meant.</p>"
                "<p>The result lies exactly on the pixels of the input; it has no data where the input has none. The "
                "threshold only sets how the layer is shown at first, and what becomes a polygon.</p>"
                "<p>Sensor, bands and scaling are recognised; set them under <i>Advanced</i> where the log says they "
                "are not. Features are kept on disk, so the next prompt on the same raster is quick.</p>"
                "<p><b>Image of the same ground</b>: words cannot be compared with embeddings (AlphaEarth, TESSERA). "
                "On a layer of those they are answered from examples that they find on this image.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.add_input()
        self.addParameter(QgsProcessingParameterString(PROMPTS, tr("Prompts (separate with ;)")))
        self.addParameter(QgsProcessingParameterString(NOT, tr("Exclude (separate with ;)"), optional=True))
        self.addParameter(number_of(protocol.HighlightParams, "threshold", THRESHOLD, tr("Threshold")))
        self.add_resolution()
        self.add_reading()
        text = tr("Image of the same ground, where the layer holds embeddings")
        self.add_advanced(QgsProcessingParameterRasterLayer(IMAGE, text, optional=True))
        self.addParameter(QgsProcessingParameterRasterDestination(OUTPUT, tr("Scores")))
        add_polygon_parameters(self, scores=True)

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Take a snapshot of the layer and read the example image's file, on the main thread."""
        super().prepare(parameters, context, feedback)
        image = self.parameterAsRasterLayer(parameters, IMAGE, context)
        self._image = None if image is None else file_of(image)

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Compute the scores."""
        prompts = self._in_english(parameters, PROMPTS, context, feedback)
        if not prompts:
            raise QgsProcessingException(tr("Type what to look for."))
        threshold = self.parameterAsDouble(parameters, THRESHOLD, context)
        output = self.parameterAsOutputLayer(parameters, OUTPUT, context)
        params = protocol.HighlightParams(
            source=self.source(parameters, context, feedback),
            prompts=prompts,
            negatives=self._in_english(parameters, NOT, context, feedback),
            output=output,
            threshold=threshold,
            image=self._image,
            **self.request_fields(parameters, context),
            **polygon_fields(self, parameters, context),
        )
        self.request("highlight", params, feedback)
        style = partial(_style, prompt=prompts[0], threshold=threshold)
        names = tuple(self.result_name(prompt) for prompt in prompts)
        more = partial(_other_prompts, prompts, names, threshold)
        style_when_loaded(context, output, names[0], style, more, source_id=self.source_id)
        outputs = {OUTPUT: output}
        if params.vector:
            outputs[VECTOR] = params.vector
        return outputs

    def _in_english(
        self, parameters: dict[str, Any], name: str, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> tuple[str, ...]:
        """Returns a parameter's texts in English, and logs what was translated."""
        found = [translated(text, QgsApplication.locale()) for text in self.texts(parameters, name, context)]
        for term, english in (pair for each in found for pair in each.found):
            feedback.pushInfo(tr("{0} is looked for as: {1}").format(term, english))
        return tuple(each.english for each in found)


def _style(layer: QgsRasterLayer, prompt: str, threshold: float, band: int = 1) -> None:
    mark_as_answer(layer, prompt)
    colour = PROMPT_COLOURS[(band - 1) % len(PROMPT_COLOURS)]
    apply_score_style(layer, ScoreStyle(threshold, colour), band)


def _other_prompts(
    prompts: tuple[str, ...], names: tuple[str, ...], threshold: float, first: QgsRasterLayer
) -> list[QgsRasterLayer]:
    """Returns a layer for each prompt after the first, each in its own colour, the last first."""
    layers = []
    for band in range(len(names), 1, -1):
        layer = open_raster(first.source(), names[band - 1])
        _style(layer, prompts[band - 1], threshold, band)
        layers.append(layer)
    return layers
