"""Table of areas above the threshold, one row for each result."""

from __future__ import annotations

from qgis.core import QgsRasterLayer
from qgis.PyQt.QtWidgets import QWidget

from geolangbind_qgis.gui.table_dialog import UNKNOWN, TableDialog
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.score_histogram import ScoreHistogram
from geolangbind_qgis.layers.score_style import read_score_style


class StatisticsDialog(TableDialog):
    """Shows the threshold, the area above it and its share for each score layer.

    Args:
        layers: score layers.
        histograms: counted areas by layer id; layers without are left out.
        parent: window.
    """

    def __init__(
        self, layers: list[QgsRasterLayer], histograms: dict[str, ScoreHistogram], parent: QWidget | None = None
    ) -> None:
        rows: list[list[str | float]] = []
        colours = []
        for layer in layers:
            histogram = histograms.get(layer.id())
            if histogram is None or histogram.total <= 0:
                continue
            style = read_score_style(layer)
            above = histogram.above(style.threshold)
            areas = [above, histogram.total] if histogram.in_hectares else [UNKNOWN, UNKNOWN]
            rows.append([layer.name(), style.threshold, *areas, 100 * above / histogram.total])
            colours.append(style.colour)
        header = [tr("Prompt"), tr("Threshold"), tr("Area (ha)"), tr("Searched (ha)"), tr("Share (%)")]
        super().__init__(tr("Areas above the threshold"), header, rows, colours, parent)
