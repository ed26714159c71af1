"""Looks given to results when Processing adds them to the project."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsRasterLayer,
)

_kept: list[QgsProcessingLayerPostProcessorInterface] = []  # QGIS does not keep the Python side alive


class StyleResult(QgsProcessingLayerPostProcessorInterface):
    """Applies a style to a raster layer once it is loaded."""

    def __init__(self, style: Callable[[QgsRasterLayer], None]) -> None:
        super().__init__()
        self._style = style

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Style the layer, on the main thread."""
        if isinstance(layer, QgsRasterLayer) and layer.isValid():
            self._style(layer)


def style_when_loaded(
    context: QgsProcessingContext, path: str, name: str, style: Callable[[QgsRasterLayer], None]
) -> None:
    """Have a result styled and named when it is loaded; nothing happens where it is not going to be."""
    if not context.willLoadLayerOnCompletion(path):
        return
    processor = StyleResult(style)
    del _kept[:-20]
    _kept.append(processor)
    details = context.layerToLoadOnCompletionDetails(path)
    details.name = name
    details.setPostProcessor(processor)
