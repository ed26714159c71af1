"""Parts of the set-up page: labels for sentences, fields for paths, and the time left."""

from __future__ import annotations

from html import escape

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QElapsedTimer, Qt
from qgis.PyQt.QtWidgets import QLabel, QToolButton, QWidget

from geolangbind_qgis.gui.run_bar import time_left_text

_LEAST_FRACTION, _LEAST_MS = 0.06, 8000
"""Before that, the speed says little about the time that is left."""


class SetupClock:
    """Tells the time that a set-up still takes, from the time it took so far."""

    def __init__(self) -> None:
        self._clock = QElapsedTimer()

    def start(self) -> None:
        """Begin to measure."""
        self._clock.start()

    def text(self, fraction: float) -> str:
        """Returns the time left in words, where a fraction of the work is done; empty where it is not known yet."""
        if not self._clock.isValid():
            return ""
        seconds = seconds_left(fraction, self._clock.elapsed())
        return "" if seconds is None else time_left_text(seconds)


def seconds_left(fraction: float, elapsed_ms: int) -> float | None:
    """Returns the seconds that the rest takes at the speed so far; None where that cannot be said yet."""
    if fraction < _LEAST_FRACTION or elapsed_ms < _LEAST_MS or fraction >= 1:
        return None
    return elapsed_ms / 1000 * (1 - fraction) / fraction


def breakable(text: str) -> str:
    """Returns a text as HTML in which long paths break at their slashes."""
    return escape(text.strip()).replace("/", "/\u200b").replace("\\", "\\\u200b")


def sentence_label(parent: QWidget) -> QLabel:
    """Returns a new label for sentences that can be selected."""
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def path_field(parent: QWidget, mode: QgsFileWidget.StorageMode, name: str) -> QgsFileWidget:
    """Returns a new field for a path; its line and its button carry the name."""
    field = QgsFileWidget(parent)
    field.setStorageMode(mode)
    field.setToolTip(name)
    field.setAccessibleName(name)
    field.lineEdit().setAccessibleName(name)
    for button in field.findChildren(QToolButton):
        button.setAccessibleName(f"{name}…")
    return field
