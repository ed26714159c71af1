"""Progress callback and cancel token."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.errors import CancelledError

Progress = Callable[[float, str], None]
"""Called with the fraction done (0..1) and a short sentence."""


def no_progress(fraction: float, message: str) -> None:
    """Does nothing."""


class CancelToken:
    """A flag that one thread sets and the working thread checks between batches."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Request cancellation at the next check."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was cancelled."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise if the work was cancelled.

        Raises:
            CancelledError: the work was cancelled.
        """
        if self._event.is_set():
            raise CancelledError("Cancelled.", hint="Run it again to go on from the finished tiles.")
