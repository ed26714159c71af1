"""Queue of work on the main thread, done in steps so that the window stays responsive."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from qgis.PyQt.QtCore import QObject, QTimer

_BETWEEN_PIECES_MS = 5
"""Long enough for what the window has waiting: Qt would serve a timer of 0 ms again before a click or a paint."""


class StepQueue(QObject):
    """Runs iterators in order, one step in each turn of the event loop."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[Iterator[None]] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_BETWEEN_PIECES_MS)
        self._timer.timeout.connect(self._take_one)

    def take(self, work: Iterator[None]) -> None:
        """Append an iterator to the queue."""
        self._waiting.append(work)
        if len(self._waiting) == 1:
            self._timer.start()

    def clear(self) -> None:
        """Remove all queued work."""
        self._waiting.clear()

    def _take_one(self) -> None:
        """Run the next step; the timer is stopped meanwhile, so a step with a nested event loop is not re-entered."""
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
