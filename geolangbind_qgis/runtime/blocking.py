"""Blocking requests for Processing algorithms, which run in their own thread or without a window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QEventLoop, QObject, Qt, QThread, QTimer, pyqtSignal

from ..protocol_import import protocol
from .client_qt import RuntimeClient

_LOOK_MILLISECONDS = 100


class RuntimeRequestError(Exception):
    """The runtime returned an error.

    Args:
        error: why, and what to do.
    """

    def __init__(self, error: protocol.ErrorInfo) -> None:
        super().__init__(f"{error.message} {error.hint}".strip())
        self.error = error


class _Call(QObject):
    """One request made in the client's thread for another thread."""

    send_wanted = pyqtSignal()
    cancel_wanted = pyqtSignal()

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

    def send(self) -> None:
        """Send the request; runs in the client's thread."""
        self._request = self._client.request(
            self._method,
            self._params,
            on_result=self._take_answer,
            on_error=self._take_error,
            on_progress=self._progress,
        )

    def cancel(self) -> None:
        """Request cancellation; runs in the client's thread."""
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
    """Send a request and wait for the result.

    In the client's own thread an event loop runs meanwhile (``qgis_process``, tests); in any other thread this one
    sleeps while the client's thread, which must run its event loop, does the talking.

    Args:
        client: the runtime client.
        method: one of ``protocol.METHODS``.
        params: its parameters.
        progress: called with fraction, message and seconds left, in the client's thread.
        cancelled: called ten times a second; true stops the request.

    Raises:
        RuntimeRequestError: the runtime refused, failed, died, or was cancelled.
    """
    call = _Call(client, method, params, progress)
    if QThread.currentThread() == client.thread():
        _wait_in_loop(call, cancelled)
    else:
        call.moveToThread(client.thread())
        call.send_wanted.connect(call.send, Qt.ConnectionType.QueuedConnection)
        call.cancel_wanted.connect(call.cancel, Qt.ConnectionType.QueuedConnection)
        call.send_wanted.emit()
        forwarded = False
        while not call.over.wait(_LOOK_MILLISECONDS / 1000):
            if cancelled() and not forwarded:
                forwarded = True
                call.cancel_wanted.emit()
        call.deleteLater()
    if call.error is not None:
        raise RuntimeRequestError(call.error)
    return call.answer or {}


def _wait_in_loop(call: _Call, cancelled: Callable[[], bool]) -> None:
    """Run an event loop in this thread until the request has ended."""
    loop = QEventLoop()
    call.when_over = loop.quit
    look = QTimer()
    look.setInterval(_LOOK_MILLISECONDS)
    forwarded = False

    def forward_cancel() -> None:
        nonlocal forwarded
        if cancelled() and not forwarded:
            forwarded = True
            call.cancel()

    look.timeout.connect(forward_cancel)
    look.start()
    call.send()
    if not call.over.is_set():
        loop.exec()
    look.stop()
