"""Styles of results that Processing adds to the project."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsRasterLayer,
)

from geolangbind_qgis.layers.placement import SOURCE

_kept: list[QgsProcessingLayerPostProcessorInterface] = []  # QGIS does not keep the Python side alive


class StyleResult(QgsProcessingLayerPostProcessorInterface):
    """Styles a raster layer once it is loaded, and records its source layer."""

    def __init__(
        self,
        style: Callable[[QgsRasterLayer], None],
        more: Callable[[QgsRasterLayer], list[QgsRasterLayer]],
        source_id: str,
    ) -> None:
        super().__init__()
        self._style = style
        self._more = more
        self._source_id = source_id

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Style the layer, on the main thread."""
        if isinstance(layer, QgsRasterLayer) and layer.isValid():
            self._style(layer)
            project = context.project()
            others = self._more(layer) if project is not None else []
            for each in (layer, *others) if self._source_id else ():
                each.setCustomProperty(SOURCE, self._source_id)
            for other in others:
                project.addMapLayer(other)


def style_when_loaded(
    context: QgsProcessingContext,
    path: str,
    name: str,
    style: Callable[[QgsRasterLayer], None],
    more: Callable[[QgsRasterLayer], list[QgsRasterLayer]] = lambda layer: [],
    *,
    source_id: str = "",
) -> None:
    """Register a style and name for a result; no effect if it will not be loaded.

    Args:
        context: of the run.
        path: file of the result.
        name: of the layer.
        style: gives the layer its look.
        more: makes further layers of the same file, which join the project.
        source_id: id of the layer it was made from, which the dock offers it with.
    """
    if not context.willLoadLayerOnCompletion(path):
        return
    processor = StyleResult(style, more, source_id)
    del _kept[:-20]
    _kept.append(processor)
    details = context.layerToLoadOnCompletionDetails(path)
    details.name = name
    details.setPostProcessor(processor)
