"""Widgets of the set-up page: labels, path fields, and the estimate of the time left."""

from __future__ import annotations

from html import escape

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QElapsedTimer, Qt
from qgis.PyQt.QtWidgets import QLabel, QToolButton, QWidget

from geolangbind_qgis.gui.run_bar import time_left_text

_LEAST_FRACTION, _LEAST_MS = 0.06, 8000
"""Before that, the speed says little about the time that is left."""


class SetupClock:
    """Estimates the time left of an installation from the time elapsed."""

    def __init__(self) -> None:
        self._clock = QElapsedTimer()

    def start(self) -> None:
        """Start measuring."""
        self._clock.start()

    def text(self, fraction: float) -> str:
        """Returns the time left as text for a fraction done; empty while it is unknown."""
        if not self._clock.isValid():
            return ""
        seconds = seconds_left(fraction, self._clock.elapsed())
        return "" if seconds is None else time_left_text(seconds)


def seconds_left(fraction: float, elapsed_ms: int) -> float | None:
    """Returns the seconds left at the average speed so far; None while it is unknown."""
    if fraction < _LEAST_FRACTION or elapsed_ms < _LEAST_MS or fraction >= 1:
        return None
    return elapsed_ms / 1000 * (1 - fraction) / fraction


def breakable(text: str) -> str:
    """Returns a text as HTML in which long paths can wrap at slashes."""
    return escape(text.strip()).replace("/", "/\u200b").replace("\\", "\\\u200b")


def sentence_label(parent: QWidget) -> QLabel:
    """Returns a new label with selectable, wrapping text."""
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def path_field(parent: QWidget, mode: QgsFileWidget.StorageMode, name: str) -> QgsFileWidget:
    """Returns a new field for a path; the accessible name is set on its line edit and button."""
    field = QgsFileWidget(parent)
    field.setStorageMode(mode)
    field.setToolTip(name)
    field.setAccessibleName(name)
    field.lineEdit().setAccessibleName(name)
    for button in field.findChildren(QToolButton):
        button.setAccessibleName(f"{name}…")
    return field
