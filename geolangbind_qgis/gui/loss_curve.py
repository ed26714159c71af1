"""Plot of the loss during fine-tuning."""

from __future__ import annotations

import math

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from geolangbind_qgis.i18n import tr

_MARGIN = 6
_LOSS, _HELD_OUT = "#3b8eea", "#e07b39"
_SMOOTHING = 0.7


class LossCurve(QWidget):
    """Plots points as they arrive; a restarted run is drawn over the same axes.

    The thin line is the loss of each step, smoothed; the dots are the loss at held-out labels. The latest of
    each stands in the corner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._losses: list[tuple[float, float]] = []
        self._held_out: list[tuple[float, float]] = []
        self._steps = 1
        self._passed = 0
        self._stage = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Loss"))
        self.setToolTip(tr("Blue: training loss. Orange: loss at validation labels; lower is better."))

    def sizeHint(self) -> QSize:
        """Returns the preferred size."""
        return QSize(260, 110)

    def clear(self) -> None:
        """Remove all points."""
        self._losses, self._held_out = [], []
        self._steps, self._passed, self._stage = 1, 0, ""
        self.update()

    def add(self, point: dict) -> None:
        """Add a step.

        Args:
            point: parameters of a ``loss`` notification: stage, step, steps, loss and perhaps validation.
        """
        stage, step = str(point.get("stage", "")), int(point.get("step", 0))
        if stage != self._stage:
            self._passed = int(self._losses[-1][0]) if self._losses else 0
            self._stage = stage
        self._steps = max(1, self._passed + int(point.get("steps", step)))
        loss = float(point.get("loss", math.nan))
        if math.isfinite(loss):
            if self._losses and step > 1:
                loss = _SMOOTHING * self._losses[-1][1] + (1 - _SMOOTHING) * loss
            self._losses.append((self._passed + step, loss))
        if point.get("validation") is not None:
            self._held_out.append((self._passed + step, float(point["validation"])))
        self.update()

    @property
    def count(self) -> int:
        """Number of steps drawn."""
        return len(self._losses)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the curve in the palette's colours."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        area = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawRect(area)
        values = [value for _, value in self._losses + self._held_out]
        if not values:
            dark = palette.color(QPalette.ColorRole.Base).lightness() < 128
            painter.setPen(QColor(255, 255, 255, 140) if dark else QColor(0, 0, 0, 140))  # QGIS's themes set no colour
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, tr("Training loss appears here"))
            return
        key_height = self.fontMetrics().height() + 4
        plot = area.adjusted(4, key_height, -4, -4)  # below the key, which would hide the beginning
        low, high = min(values), max(values)
        span = (high - low) or 1.0

        def place(step: float, value: float) -> QPointF:
            return QPointF(
                plot.left() + plot.width() * step / self._steps, plot.bottom() - plot.height() * (value - low) / span
            )

        painter.setPen(QPen(QColor(_LOSS), 1.6))
        painter.drawPolyline(QPolygonF([place(*point) for point in self._losses]))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(_HELD_OUT))
        for point in self._held_out:
            painter.drawEllipse(place(*point), 3.0, 3.0)
        key = [(_LOSS, tr("training"), self._losses), (_HELD_OUT, tr("validation"), self._held_out)]
        entries = [(colour, f"{name} {points[-1][1]:.2f}") for colour, name, points in key if points]
        right = area.right() - 4
        for colour, text in reversed(entries):
            left = right - self.fontMetrics().horizontalAdvance(text)
            place_of_text = QRectF(left, area.top() + 2, right - left, self.fontMetrics().height())
            painter.setPen(QColor(colour))
            painter.drawText(place_of_text, Qt.AlignmentFlag.AlignCenter, text)
            right = left - 10
