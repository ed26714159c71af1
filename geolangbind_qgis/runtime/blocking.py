"""Blocking requests, for Processing algorithms, which run in a thread of their own or without a window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QEventLoop, QObject, Qt, QThread, QTimer, pyqtSignal

from ..protocol_import import protocol
from .client_qt import RuntimeClient

_LOOK_MILLISECONDS = 100


class RuntimeRequestError(Exception):
    """The runtime answered with an error.

    Args:
        error: why, and what to do.
    """

    def __init__(self, error: protocol.ErrorInfo) -> None:
        super().__init__(f"{error.message} {error.hint}".strip())
        self.error = error


class _Call(QObject):
    """One request made in the client's thread on behalf of another."""

    asked = pyqtSignal()
    cancel_asked = pyqtSignal()

    def __init__(
        self,
        client: RuntimeClient,
        method: str,
        params: Any,  # noqa: ANN401 - the method's dataclass, a dict, or None
        progress: Callable[..., None] | None,
    ) -> None:
        super().__init__()
        self.answer: dict[str, Any] | None = None
        self.error: protocol.ErrorInfo | None = None
        self.over = threading.Event()
        self._client, self._method, self._params, self._progress = client, method, params, progress
        self._request: Any = None
        self.when_over: Callable[[], None] = lambda: None

    def ask(self) -> None:
        """Send the request; runs in the client's thread."""
        self._request = self._client.request(
            self._method,
            self._params,
            on_result=self._take_answer,
            on_error=self._take_error,
            on_progress=self._progress,
        )

    def cancel(self) -> None:
        """Ask for a stop; runs in the client's thread."""
        if self._request is not None:
            self._request.cancel()

    def _take_answer(self, result: dict[str, Any]) -> None:
        self.answer = result
        self._end()

    def _take_error(self, error: protocol.ErrorInfo) -> None:
        self.error = error
        self._end()

    def _end(self) -> None:
        self.over.set()
        self.when_over()


def call_and_wait(
    client: RuntimeClient,
    method: str,
    params: Any = None,  # noqa: ANN401 - the method's dataclass, a dict, or None
    *,
    progress: Callable[[float, str, float | None], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Ask the runtime and wait for its answer.

    In the client's own thread an event loop runs meanwhile (``qgis_process``, tests); in any other thread this one
    sleeps while the client's thread, which must run its event loop, does the talking.

    Args:
        client: the runtime client.
        method: one of ``protocol.METHODS``.
        params: its parameters.
        progress: called with fraction, message and seconds left, in the client's thread.
        cancelled: looked at ten times a second; true stops the request.

    Raises:
        RuntimeRequestError: the runtime refused, failed, died, or was cancelled.
    """
    call = _Call(client, method, params, progress)
    if QThread.currentThread() == client.thread():
        _wait_in_loop(call, cancelled)
    else:
        call.moveToThread(client.thread())
        call.asked.connect(call.ask, Qt.ConnectionType.QueuedConnection)
        call.cancel_asked.connect(call.cancel, Qt.ConnectionType.QueuedConnection)
        call.asked.emit()
        told = False
        while not call.over.wait(_LOOK_MILLISECONDS / 1000):
            if cancelled() and not told:
                told = True
                call.cancel_asked.emit()
        call.deleteLater()
    if call.error is not None:
        raise RuntimeRequestError(call.error)
    return call.answer or {}


def _wait_in_loop(call: _Call, cancelled: Callable[[], bool]) -> None:
    """Run events of this thread until the answer is there."""
    loop = QEventLoop()
    call.when_over = loop.quit
    look = QTimer()
    look.setInterval(_LOOK_MILLISECONDS)
    told = False

    def look_for_cancel() -> None:
        nonlocal told
        if cancelled() and not told:
            told = True
            call.cancel()

    look.timeout.connect(look_for_cancel)
    look.start()
    call.ask()
    if not call.over.is_set():
        loop.exec()
    look.stop()
