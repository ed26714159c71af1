"""Style of a score layer: transparent below the threshold, more intense colour with higher scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import (
    QgsColorRampLegendNodeSettings,
    QgsColorRampShader,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from geolangbind_qgis.layers.qgis_versions import band_of

PROMPT_COLOURS = ("#ff2d95", "#00c2ff", "#ffb000", "#7cff4f", "#b388ff", "#ff5630", "#00e0b8", "#f5f02c")
"""Colours given to prompts in turn: far from the greens and browns of imagery, and from each other."""

_WEAKEST_ALPHA, _STRONGEST_ALPHA = 110, 235
_THRESHOLD, _COLOUR = "geolangbind/threshold", "geolangbind/colour"


@dataclass(frozen=True)
class ScoreStyle:
    """Style of one prompt's layer.

    Attributes:
        threshold: score from which pixels show, 0..1.
        colour: "#rrggbb".
        opacity: of the whole layer, 0..1.
    """

    threshold: float = 0.5
    colour: str = PROMPT_COLOURS[0]
    opacity: float = 0.85


def free_colour(taken: Sequence[str]) -> str:
    """Returns the first of ``PROMPT_COLOURS`` that is not in use; the least used one if all are."""
    return min(PROMPT_COLOURS, key=list(taken).count)


def apply_score_style(layer: QgsRasterLayer, style: ScoreStyle, band: int | None = None) -> None:
    """Show scores from the threshold on; only the style changes, nothing is computed.

    Args:
        layer: a raster of scores 0..1.
        style: the look.
        band: the prompt's band, from 1; None keeps the one that is shown.
    """
    band = band or shown_band(layer)
    threshold = min(max(style.threshold, 0.0), 0.999)
    weakest, strongest = QColor(style.colour), QColor(style.colour)
    weakest.setAlpha(_WEAKEST_ALPHA)
    strongest.setAlpha(_STRONGEST_ALPHA)
    ramp = QgsColorRampShader(threshold, 1.0, None, QgsColorRampShader.Type.Interpolated)
    ramp.setColorRampItemList(
        [
            QgsColorRampShader.ColorRampItem(threshold, weakest, f"{threshold:.2f}"),
            QgsColorRampShader.ColorRampItem(1.0, strongest, "1.00"),
        ]
    )
    ramp.setClip(True)
    lying = QgsColorRampLegendNodeSettings()
    lying.setOrientation(Qt.Orientation.Horizontal)  # two lines of the layer tree and not six
    ramp.setLegendSettings(lying)
    shader = QgsRasterShader(threshold, 1.0)
    shader.setRasterShaderFunction(ramp)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), band, shader)
    renderer.setClassificationMin(threshold)
    renderer.setClassificationMax(1.0)
    layer.setRenderer(renderer)
    layer.setOpacity(style.opacity)
    layer.setCustomProperty(_THRESHOLD, threshold)
    layer.setCustomProperty(_COLOUR, style.colour)
    layer.triggerRepaint()


def read_score_style(layer: QgsRasterLayer) -> ScoreStyle:
    """Returns the present style of the layer."""
    usual = ScoreStyle()
    return ScoreStyle(
        threshold=float(layer.customProperty(_THRESHOLD, usual.threshold)),
        colour=str(layer.customProperty(_COLOUR, usual.colour)),
        opacity=layer.opacity(),
    )


def shown_band(layer: QgsRasterLayer) -> int:
    """Returns the band that the layer shows, from 1."""
    renderer = layer.renderer()
    return band_of(renderer) if isinstance(renderer, QgsSingleBandPseudoColorRenderer) else 1
