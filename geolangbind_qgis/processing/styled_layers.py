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

    def __init__(
        self, style: Callable[[QgsRasterLayer], None], more: Callable[[QgsRasterLayer], list[QgsRasterLayer]]
    ) -> None:
        super().__init__()
        self._style = style
        self._more = more

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Style the layer, on the main thread."""
        if isinstance(layer, QgsRasterLayer) and layer.isValid():
            self._style(layer)
            project = context.project()
            for other in self._more(layer) if project is not None else ():
                project.addMapLayer(other)


def style_when_loaded(
    context: QgsProcessingContext,
    path: str,
    name: str,
    style: Callable[[QgsRasterLayer], None],
    more: Callable[[QgsRasterLayer], list[QgsRasterLayer]] = lambda layer: [],
) -> None:
    """Have a result styled and named when it is loaded; nothing happens where it is not going to be.

    Args:
        context: of the run.
        path: file of the result.
        name: of the layer.
        style: gives the layer its look.
        more: makes further layers of the same file, which join the project.
    """
    if not context.willLoadLayerOnCompletion(path):
        return
    processor = StyleResult(style, more)
    del _kept[:-20]
    _kept.append(processor)
    details = context.layerToLoadOnCompletionDetails(path)
    details.name = name
    details.setPostProcessor(processor)
