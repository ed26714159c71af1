"""Scrolling to a widget whose size changes in the same event."""

from __future__ import annotations

from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QScrollArea, QWidget

_MARGIN = 6
"""Above and below the widget that is scrolled to, in pixels."""


class LateScroll:
    """Scrolls a page to one of its widgets once the page has its new size, which Qt gives it in the next event.

    Args:
        page: the scroll area; its widget has a layout.
    """

    def __init__(self, page: QScrollArea) -> None:
        self._page = page
        self._wanted: QWidget | None = None
        self._timer = QTimer(page)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._scroll)

    def bring_in_sight(self, control: QWidget) -> None:
        """Scroll to a widget in the next event; of several calls, the last one counts."""
        self._wanted = control
        self._timer.start()

    def _scroll(self) -> None:
        self._page.widget().layout().activate()
        if self._wanted is not None:
            self._page.ensureWidgetVisible(self._wanted, 0, _MARGIN)
