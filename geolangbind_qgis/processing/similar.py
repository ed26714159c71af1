"""``geolangbind:similar``: similarity to example locations."""

from __future__ import annotations

from functools import partial
from typing import Any

from qgis.core import (
    QgsCoordinateTransform,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
    QgsRasterLayer,
    QgsWkbTypes,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.overlays import mark_as_answer
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style
from geolangbind_qgis.processing.raster_algorithm import RasterAlgorithm
from geolangbind_qgis.processing.runtime_algorithm import About
from geolangbind_qgis.processing.styled_layers import style_when_loaded
from geolangbind_qgis.protocol_import import protocol

EXAMPLES, COUNTEREXAMPLES, TEXT, OUTPUT = "EXAMPLES", "COUNTEREXAMPLES", "TEXT", "OUTPUT"
MOST_PLACES = 2000


class SimilarAlgorithm(RasterAlgorithm):
    """Scores every pixel by its similarity to examples."""

    script_name = "similar"

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Find what looks like these places"),
            summary=tr("Scores every pixel by how much it looks like the places you point at."),
            keywords=("example", "similarity", "points", "samples", "search", "AI"),
            help=tr(
                "<p>Point at one or more places of what you look for, and every pixel gets a score from 0 to 1 for "
                "how much it looks like them. Polygons count with all of their area, lines with a point on each.</p>"
                "<p><b>Places of what it is not</b> sharpen the answer. <b>Words</b>, where given, must agree as "
                "well: examples say what is meant here, the words what it is anywhere.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.add_input()
        source, kinds = QgsProcessingParameterFeatureSource, [QgsProcessing.SourceType.TypeVectorAnyGeometry]
        self.addParameter(source(EXAMPLES, tr("Places of what you look for"), kinds))
        self.addParameter(source(COUNTEREXAMPLES, tr("Places of what it is not"), kinds, optional=True))
        self.addParameter(QgsProcessingParameterString(TEXT, tr("Words that must agree"), optional=True))
        self.add_resolution()
        self.add_reading()
        self.addParameter(QgsProcessingParameterRasterDestination(OUTPUT, tr("Likeness")))

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Compute the similarity."""
        source = self.source(parameters, context, feedback)
        output = self.parameterAsOutputLayer(parameters, OUTPUT, context)
        text = self.parameterAsString(parameters, TEXT, context).strip()
        positives, areas = self._examples(parameters, EXAMPLES, context)
        negatives, negative_areas = self._examples(parameters, COUNTEREXAMPLES, context)
        params = protocol.SimilarParams(
            source=source,
            output=output,
            positives=positives,
            negatives=negatives,
            areas=areas,
            negative_areas=negative_areas,
            text=text or None,
            **self.request_fields(parameters, context),
        )
        self.request("similar", params, feedback)
        name = self.result_name(text or tr("Likeness"))
        style = partial(_style, prompt=text or tr("like the examples"))
        style_when_loaded(context, output, name, style, source_id=self.source_id)
        return {OUTPUT: output}

    def _examples(
        self, parameters: dict[str, Any], name: str, context: QgsProcessingContext
    ) -> tuple[tuple[tuple[float, float], ...], tuple[str, ...]]:
        """Returns a point on every point or line, and every polygon as WKT, in the raster's reference system.

        Raises:
            QgsProcessingException: there are more than can be meant.
        """
        features = self.parameterAsSource(parameters, name, context)
        if features is None or self._snapshot is None:
            return (), ()
        if features.featureCount() > MOST_PLACES:
            raise QgsProcessingException(tr("There are more than {0} places. Choose some.").format(MOST_PLACES))
        transform = QgsCoordinateTransform(features.sourceCrs(), self._snapshot.crs, context.transformContext())
        places, areas = [], []
        for feature in features.getFeatures():
            geometry = feature.geometry()
            if geometry.isNull() or geometry.isEmpty():
                continue
            geometry.transform(transform)
            if geometry.type() == QgsWkbTypes.GeometryType.PolygonGeometry:
                areas.append(geometry.asWkt())
            else:
                point = geometry.pointOnSurface().asPoint()
                places.append((point.x(), point.y()))
        return tuple(places), tuple(areas)


def _style(layer: QgsRasterLayer, prompt: str) -> None:
    mark_as_answer(layer, prompt)
    apply_score_style(layer, ScoreStyle(0.5), 1)
