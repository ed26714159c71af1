"""Ends a runtime process without blocking: first a request to exit, then a kill."""

from __future__ import annotations

import contextlib
from typing import ClassVar

from qgis.PyQt.QtCore import QCoreApplication, QElapsedTimer, QObject, QProcess, QTimer

_MILLISECONDS = 1000


class ClosingWatch(QObject):
    """Owns a process from the request to exit until it has ended.

    Its stdin is closed, on which the runtime stops its tasks, removes half-written files and leaves; one that does not
    is killed. When QGIS quits meanwhile, the rest of that time is waited for.

    Args:
        process: a process whose signals are disconnected already.
        seconds: how long it may take to clean up.
    """

    _all: ClassVar[set[ClosingWatch]] = set()
    """Keeps every watch until it is over, whatever becomes of the plugin."""

    def __init__(self, process: QProcess, seconds: float) -> None:
        super().__init__(QCoreApplication.instance())
        self._process = process
        self._milliseconds = int(seconds * _MILLISECONDS)
        self._since = QElapsedTimer()
        self._since.start()
        process.setParent(self)
        process.finished.connect(self._over)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(process.kill)
        self._patience.start(self._milliseconds)
        ClosingWatch._all.add(self)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._wait)
        process.closeWriteChannel()
        if process.state() == QProcess.ProcessState.NotRunning:
            self._over()

    @classmethod
    def wait_for_all(cls) -> None:
        """Wait for every process that is still ending, when no event loop runs any more."""
        for watch in list(cls._all):
            watch._wait()

    def _wait(self) -> None:
        rest = max(0, self._milliseconds - self._since.elapsed())
        if not self._process.waitForFinished(rest):
            self._process.kill()
            self._process.waitForFinished(_MILLISECONDS)
        self._over()

    def _over(self, *_: object) -> None:
        if self in ClosingWatch._all:
            ClosingWatch._all.discard(self)
            self._patience.stop()
            with contextlib.suppress(TypeError):
                self._process.finished.disconnect(self._over)
            self.deleteLater()
