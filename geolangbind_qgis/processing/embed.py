"""``geolangbind:embed``: features computed ahead of prompts."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputString

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.raster_algorithm import RasterAlgorithm
from geolangbind_qgis.protocol_import import protocol

FEATURES = "FEATURES"


class EmbedAlgorithm(RasterAlgorithm):
    """Computes and keeps the features of a raster."""

    def name(self) -> str:
        """Give the name used in scripts."""
        return "embed"

    def displayName(self) -> str:
        """Give the name shown in the toolbox."""
        return tr("Prepare a raster for prompts")

    def shortDescription(self) -> str:
        """Give one line about it."""
        return tr("Computes a raster's features once and keeps them, so that every later prompt is answered at once.")

    def tags(self) -> list[str]:
        """Give words to find it by."""
        return ["features", "embedding", "encode", "cache"]

    def shortHelpString(self) -> str:
        """Give the help beside the dialog."""
        return tr(
            "<p>Computing features is the slow part of every prompt. This does it ahead of time, for instance over "
            "night in batch for many rasters; prompts and classifications on them are then quick.</p>"
            "<p>Cancel at any time: finished tiles are kept, and the next run goes on from there.</p>"
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.add_input()
        self.add_reading()
        self.addOutput(QgsProcessingOutputString(FEATURES, tr("Where the features lie")))

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Have the features computed."""
        params = protocol.EmbedParams(
            source=self.source(parameters, context, feedback),
            extent=self.extent_fields(parameters, context)["extent"],
            **self.model_fields(parameters, context),
        )
        result = self.ask("embed", params, feedback)
        for key, value in result.items():
            feedback.pushInfo(f"{key}: {value}")
        return {FEATURES: str(result.get("store") or result.get("path") or result.get("output") or "")}
