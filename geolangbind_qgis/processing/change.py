"""``geolangbind:change``: change between two dates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterExtent,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsRasterLayer,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.layers.change_style import apply_change_style
from geolangbind_qgis.layers.class_style import apply_class_style
from geolangbind_qgis.layers.recognition import Reading
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style
from geolangbind_qgis.processing.declared import choice_of, number_of
from geolangbind_qgis.processing.raster_algorithm import EXTENT, RasterAlgorithm
from geolangbind_qgis.processing.runtime_algorithm import About, file_of
from geolangbind_qgis.processing.styled_layers import style_when_loaded
from geolangbind_qgis.protocol_import import protocol

BEFORE, AFTER, PROMPTS, NOT, CLASSES, SHIFT = "BEFORE", "AFTER", "PROMPTS", "NOT", "CLASSES", "SHIFT"
THRESHOLD, LEAST, OUTPUT, AREAS, OFFSET = "THRESHOLD", "LEAST_DIFFERENCE", "OUTPUT", "AREAS", "OFFSET"


class ChangeAlgorithm(RasterAlgorithm):
    """Compares two dates by prompts or by classes."""

    script_name = "change"

    def __init__(self) -> None:
        super().__init__()
        self._after_path = ""
        self._after_reading = Reading()

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Change between two dates"),
            summary=tr("Shows where words came to be true or ceased to be, or which class became which."),
            keywords=(
                "change detection",
                "multitemporal",
                "difference",
                "deforestation",
                "burnt area",
                "from-to",
                "AI",
            ),
            help=tr(
                "<p>Compares two dates of one place. They may come from different sensors, grids and reference "
                "systems; the result lies on the pixels of the first.</p>"
                "<p>With <b>prompts</b> (separated by a semicolon) the result has three bands a prompt: the change "
                "of the score from -1 to 1, the score before and the score after. With <b>classes</b> (a scheme, a "
                "scheme file or a list) it says which class became which, with a legend, and a table of areas.</p>"
                "<p>Two years of <b>embeddings</b> (AlphaEarth, TESSERA) need neither: the result is 1 - cosine of the "
                "angle between both vectors of a pixel, 0 where nothing changed. With a model that was trained on them "
                "it says which of its classes became which.</p>"
                "<p>First it is measured whether both dates lie on each other. Dates more than two pixels apart are "
                "refused, for every edge would pass for change; let the shift be undone, or ignored.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        params, text = protocol.ChangeParams, QgsProcessingParameterString
        self.addParameter(QgsProcessingParameterRasterLayer(BEFORE, tr("First date")))
        self.addParameter(QgsProcessingParameterRasterLayer(AFTER, tr("Second date")))
        self.addParameter(text(PROMPTS, tr("Prompts (separate with ;)"), optional=True))
        self.addParameter(text(CLASSES, tr("Or classes"), optional=True))
        self.addParameter(text(NOT, tr("Exclude (separate with ;)"), optional=True))
        self.addParameter(QgsProcessingParameterExtent(EXTENT, tr("Part to compute (empty: all of it)"), optional=True))
        title = tr("If images are misaligned (check: refuse them)")
        self.addParameter(choice_of(params, "registration", SHIFT, title))
        self.addParameter(number_of(params, "threshold", THRESHOLD, tr("Threshold")))
        self.addParameter(number_of(params, "least_difference", LEAST, tr("Least difference of scores")))
        self.add_resolution(BEFORE)
        self.add_reading()
        self.addParameter(QgsProcessingParameterRasterDestination(OUTPUT, tr("Change")))
        self.add_optional_file(AREAS, tr("Areas (CSV)"), "CSV (*.csv)")
        self.addOutput(QgsProcessingOutputNumber(OFFSET, tr("Shift between the dates in pixels")))

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Take snapshots of both layers, on the main thread."""
        self.prepare_layer(BEFORE, parameters, context)
        layer = self.raster_layer(parameters, AFTER, context)
        self._after_path = file_of(layer)
        self._after_reading = self.reading(layer, parameters, context)

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the comparison."""
        output = self.parameterAsOutputLayer(parameters, OUTPUT, context)
        areas = self.optional_file(parameters, AREAS, context)
        least = self.parameterAsDouble(parameters, LEAST, context)
        after = protocol.Source(path=self._after_path, **self._after_reading.source_fields())
        params = protocol.ChangeParams(
            sources=(self.source(parameters, context, feedback), after),
            output=output,
            prompts=self.texts(parameters, PROMPTS, context),
            negatives=self.texts(parameters, NOT, context),
            classes=self.parameterAsString(parameters, CLASSES, context).strip() or None,
            areas=areas,
            threshold=self.parameterAsDouble(parameters, THRESHOLD, context),
            least_difference=least,
            registration=self.parameterAsEnumString(parameters, SHIFT, context) or "check",
            **self.request_fields(parameters, context),
        )
        result = self.request("change", params, feedback)
        feedback.pushInfo(result["registration"]["sentence"])
        for row in result["prompts"]:
            words = tr("{0}: gained {1} ha, lost {2} ha")
            gained, lost = (_hectares(row[kind]["hectares"]) for kind in ("gained", "lost"))
            feedback.pushInfo(words.format(row["prompt"], gained, lost))
        for row in result["transitions"]:
            feedback.pushInfo(f"{row['name']}: {_hectares(row['hectares'])} ha")
        turned = result.get("change")
        if turned is not None:
            words = tr("Changed (1 - cosine above {0}): {1} ha")
            feedback.pushInfo(words.format(number_text(turned["threshold"], 3), _hectares(turned["hectares"])))
        style = _style_of(result, least)
        what = tr("Change of {0}").format(params.prompts[0]) if params.prompts else tr("Change")
        style_when_loaded(context, output, self.result_name(what), style, source_id=self.source_id)
        outputs: dict[str, Any] = {OUTPUT: output, OFFSET: result["registration"]["pixels"]}
        if areas:
            outputs[AREAS] = areas
        return outputs


def _style_of(result: dict[str, Any], least: float) -> Callable[[QgsRasterLayer], None]:
    """Returns the style of a result: of classes, of score changes, or of embedding changes."""
    if result.get("transitions"):
        return apply_class_style
    if "change" in result:
        return partial(apply_score_style, style=ScoreStyle(float(result["change"]["threshold"])), band=1)
    return partial(apply_change_style, least=least)


def _hectares(area: float | None) -> str:
    """Returns an area as text; a dash if it is unknown."""
    return "–" if area is None else number_text(area, 2)
