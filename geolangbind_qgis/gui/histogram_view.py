"""Plot of the score histogram with the threshold and the suggested threshold."""

from __future__ import annotations

import math

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.score_histogram import BINS, ScoreHistogram

_BARS = 50


class HistogramView(QWidget):
    """Plots the area by score; heights are square roots, so that rare high scores are visible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: list[float] = []
        self._threshold, self._colour = 0.5, QColor(Qt.GlobalColor.gray)
        self._suggested: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(tr("Area by score. The line is the threshold, the dotted line the suggested threshold."))
        self.setAccessibleName(tr("Score histogram"))

    def sizeHint(self) -> QSize:
        """Returns the preferred size."""
        return QSize(200, 34)

    def show_histogram(
        self, histogram: ScoreHistogram | None, threshold: float, suggested: float | None, colour: QColor
    ) -> None:
        """Show a histogram; None clears the plot."""
        step = BINS // _BARS
        amounts = histogram.amounts if histogram is not None else ()
        sums = [math.fsum(amounts[start : start + step]) for start in range(0, len(amounts), step)]
        highest = max(sums, default=0.0)
        self._bars = [math.sqrt(amount / highest) for amount in sums] if highest > 0 else []
        self._threshold, self._suggested, self._colour = threshold, suggested, QColor(colour)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars, those above the threshold in the colour of the result."""
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(0, 1, 0, -1)
        below = self.palette().color(QPalette.ColorRole.Mid)
        width = area.width() / _BARS
        for index, height in enumerate(self._bars):
            bar = QRectF(area.left() + index * width, area.bottom() - height * area.height(), width, area.bottom())
            bar.setBottom(area.bottom())
            painter.fillRect(bar, self._colour if (index + 0.5) / _BARS >= self._threshold else below)
        text = self.palette().color(QPalette.ColorRole.WindowText)
        for place, style in ((self._threshold, Qt.PenStyle.SolidLine), (self._suggested, Qt.PenStyle.DotLine)):
            if place is not None and self._bars:
                x = area.left() + place * area.width()
                painter.setPen(QPen(text, 1.4, style))
                painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
