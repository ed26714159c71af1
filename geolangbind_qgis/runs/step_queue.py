"""Work on the main thread in pieces, one in each turn of the event loop, so that the window answers in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from qgis.PyQt.QtCore import QObject, QTimer

_BETWEEN_PIECES_MS = 5
"""Long enough for what the window has waiting: Qt would serve a timer of 0 ms again before a click or a paint."""


class StepQueue(QObject):
    """Takes up work in the order it comes; each work is an iterator that does a piece whenever it is asked."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[Iterator[None]] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_BETWEEN_PIECES_MS)
        self._timer.timeout.connect(self._take_one)

    def take(self, work: Iterator[None]) -> None:
        """Do this work after what is waiting already."""
        self._waiting.append(work)
        if len(self._waiting) == 1:
            self._timer.start()

    def clear(self) -> None:
        """Leave undone what is waiting."""
        self._waiting.clear()

    def _take_one(self) -> None:
        """Do the next piece; the timer rests meanwhile, so a piece that runs an event loop is not entered again."""
        if not self._waiting:
            return
        work = self._waiting[0]
        over = True  # also where the piece fails: the next work has nothing to do with it
        try:
            next(work)
            over = False
        except StopIteration:
            pass
        finally:
            if over and self._waiting and self._waiting[0] is work:
                self._waiting.popleft()
            if self._waiting:
                self._timer.start()
