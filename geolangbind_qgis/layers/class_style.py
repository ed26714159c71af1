"""Style of a land-cover layer: one colour and one name for each class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qgis.core import (
    QgsColorRampShader,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtGui import QColor

_CONFIDENCE_COLOURS = ((0, "#440154"), (25, "#3b528b"), (50, "#21918c"), (75, "#5ec962"), (100, "#fde725"))


@dataclass(frozen=True)
class MapClass:
    """One entry of the legend.

    Attributes:
        code: pixel value.
        name: class name.
        colour: "#rrggbb".
    """

    code: int
    name: str
    colour: str


def apply_class_style(layer: QgsRasterLayer, classes: Iterable[MapClass] = (), opacity: float = 1.0) -> None:
    """Style the first band as classes.

    Args:
        layer: raster of class codes.
        classes: the legend; where it is empty, the colours and names inside the file are taken.
        opacity: of the whole layer, 0..1.
    """
    entries = [QgsPalettedRasterRenderer.Class(item.code, QColor(item.colour), item.name) for item in classes]
    if not entries:
        entries = classes_in_file(layer)
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, entries))
    layer.setOpacity(opacity)
    layer.triggerRepaint()


def apply_confidence_style(layer: QgsRasterLayer, band: int) -> None:
    """Style a confidence band (0..100) from dark (low) to light (high)."""
    ramp = QgsColorRampShader(0, 100, None, QgsColorRampShader.Type.Interpolated)
    ramp.setColorRampItemList(
        [QgsColorRampShader.ColorRampItem(at, QColor(name), f"{at} %") for at, name in _CONFIDENCE_COLOURS]
    )
    shader = QgsRasterShader(0, 100)
    shader.setRasterShaderFunction(ramp)
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(layer.dataProvider(), band, shader))
    layer.triggerRepaint()


def classes_in_file(layer: QgsRasterLayer) -> list[QgsPalettedRasterRenderer.Class]:
    """Returns the legend stored in the file: its colour table and category names, without unnamed entries."""
    table = layer.dataProvider().colorTable(1)
    return [
        QgsPalettedRasterRenderer.Class(int(item.value), item.color, item.label or str(int(item.value)))
        for item in table
        if item.color.alpha() > 0 and item.label
    ]


def legend(layer: QgsRasterLayer) -> list[MapClass]:
    """Returns the legend the layer shows."""
    renderer = layer.renderer()
    if not isinstance(renderer, QgsPalettedRasterRenderer):
        return []
    return [MapClass(int(item.value), item.label, item.color.name()) for item in renderer.classes()]
