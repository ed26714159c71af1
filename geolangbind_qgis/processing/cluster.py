"""``geolangbind:cluster``: unsupervised classification."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingParameterRasterDestination

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.class_style import apply_class_style
from geolangbind_qgis.processing.declared import number_of
from geolangbind_qgis.processing.raster_algorithm import RasterAlgorithm
from geolangbind_qgis.processing.runtime_algorithm import About
from geolangbind_qgis.processing.styled_layers import style_when_loaded
from geolangbind_qgis.protocol_import import protocol

CLUSTERS, SEED, OUTPUT = "CLUSTERS", "SEED", "OUTPUT"


class ClusterAlgorithm(RasterAlgorithm):
    """Divides a raster into clusters."""

    script_name = "cluster"
    icon_name = "classify"

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("Divide into clusters"),
            summary=tr("Divides a raster into groups of pixels that are alike, without labels or words."),
            keywords=("k-means", "unsupervised", "segmentation", "embeddings", "AlphaEarth", "TESSERA", "AI"),
            help=tr(
                "<p>Groups pixels whose vectors point the same way: those of embeddings (AlphaEarth, TESSERA), or the "
                "features that the model makes of an image. The clusters have no meaning of their own; name them by "
                "what they cover.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.add_input()
        params = protocol.ClusterParams
        self.addParameter(number_of(params, "clusters", CLUSTERS, tr("Number of clusters"), whole=True))
        self.add_advanced(number_of(params, "seed", SEED, tr("Seed"), whole=True))
        self.add_resolution()
        self.add_reading()
        self.addParameter(QgsProcessingParameterRasterDestination(OUTPUT, tr("Clusters")))

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the clustering."""
        output = self.parameterAsOutputLayer(parameters, OUTPUT, context)
        params = protocol.ClusterParams(
            source=self.source(parameters, context, feedback),
            output=output,
            clusters=self.parameterAsInt(parameters, CLUSTERS, context),
            seed=self.parameterAsInt(parameters, SEED, context),
            **self.request_fields(parameters, context),
        )
        self.request("cluster", params, feedback)
        name = self.result_name(tr("Clusters"))
        style_when_loaded(context, output, name, apply_class_style, source_id=self.source_id)
        return {OUTPUT: output}
