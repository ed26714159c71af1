"""``geolangbind:embed``: precomputes the features of a raster."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputString

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.model_parameters import model_fields
from geolangbind_qgis.processing.raster_algorithm import RasterAlgorithm
from geolangbind_qgis.processing.runtime_algorithm import About
from geolangbind_qgis.protocol_import import protocol

FEATURES = "FEATURES"


class EmbedAlgorithm(RasterAlgorithm):
    """Computes and stores the features of a raster."""

    script_name = "embed"

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Prepare a raster for prompts"),
            summary=tr(
                "Computes a raster's features once and keeps them, so that every later prompt is answered at once."
            ),
            keywords=("features", "embedding", "encode", "cache"),
            help=tr(
                "<p>Computing features is the slow part of every prompt. This does it ahead of time, for instance "
                "over night in batch for many rasters; prompts and classifications on them are then quick.</p>"
                "<p>Cancel at any time: finished tiles are kept, and the next run goes on from there.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.add_input()
        self.add_reading()
        self.addOutput(QgsProcessingOutputString(FEATURES, tr("Where the features lie")))

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Compute the features."""
        params = protocol.EmbedParams(
            source=self.source(parameters, context, feedback),
            extent=self.extent_fields(parameters, context)["extent"],
            **model_fields(self, parameters, context),
        )
        result = self.request("embed", params, feedback)
        for key, value in result.items():
            feedback.pushInfo(f"{key}: {value}")
        return {FEATURES: str(result.get("store") or result.get("path") or result.get("output") or "")}
