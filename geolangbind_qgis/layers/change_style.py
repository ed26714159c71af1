"""Style of a layer of score changes: gains in blue, losses in red, no change transparent."""

from __future__ import annotations

from qgis.core import QgsColorRampShader, QgsRasterLayer, QgsRasterShader, QgsSingleBandPseudoColorRenderer
from qgis.PyQt.QtGui import QColor

from geolangbind_qgis.i18n import tr

LOST, GAINED = QColor(202, 0, 32, 235), QColor(5, 113, 176, 235)


def apply_change_style(layer: QgsRasterLayer, least: float = 0.2) -> None:
    """Style the first band, a difference of scores from -1 to 1.

    Args:
        layer: the raster.
        least: differences below it are clear.
    """
    clear_red, clear_blue = QColor(LOST), QColor(GAINED)
    clear_red.setAlpha(0)
    clear_blue.setAlpha(0)
    ramp = QgsColorRampShader(-1, 1, None, QgsColorRampShader.Type.Interpolated)
    item = QgsColorRampShader.ColorRampItem
    stops = [
        item(-1.0, LOST, tr("lost")),
        item(-least, clear_red, f"-{least:g}"),
        item(least, clear_blue, f"{least:g}"),
        item(1.0, GAINED, tr("gained")),
    ]
    ramp.setColorRampItemList(stops)
    shader = QgsRasterShader(-1, 1)
    shader.setRasterShaderFunction(ramp)
    layer.setRenderer(QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader))
    layer.triggerRepaint()
