"""Waiting in QGIS's event loop, never for longer than a limit."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import QEventLoop, QTimer

LONGEST_MS = 120_000
"""For one step, which takes at most some seconds on an idle computer."""
_LOOK_MS = 10


class LateError(Exception):
    """Something did not happen in time."""


def wait_for(condition: Callable[[], bool], what: str, milliseconds: int = LONGEST_MS) -> None:
    """Run the event loop until a condition holds.

    Args:
        condition: looked at every few milliseconds.
        what: what is waited for, in words.
        milliseconds: the limit.

    Raises:
        LateError: it did not come in time.
    """
    if condition():
        return
    loop, look, limit = QEventLoop(), QTimer(), QTimer()
    look.timeout.connect(lambda: loop.quit() if condition() else None)
    limit.setSingleShot(True)
    limit.timeout.connect(loop.quit)
    look.start(_LOOK_MS)
    limit.start(milliseconds)
    loop.exec()
    look.stop()
    limit.stop()
    if not condition():
        raise LateError(f"{what} did not come within {milliseconds // 1000} s")
