"""Work on a thread of its own, which QGIS does not list in the status bar."""

from __future__ import annotations

from threading import Event
from typing import ClassVar

from qgis.PyQt.QtCore import QCoreApplication, QObject, QThread, pyqtSignal

_QUITTING_MS = 10_000


class BackgroundTask(QObject):
    """Runs ``run`` on a thread of its own.

    QGIS lists every ``QgsTask`` in the status bar (3.22 knows no other kind), and its button there makes a window wider
    than a small screen. The plugin's own progress bars show how far such work is.

    Signals:
        progressed: per cent done, a whole number at a time.
        completed: ``run`` returned True.
        terminated: it returned False, failed or was cancelled.
    """

    progressed = pyqtSignal(float)
    completed = pyqtSignal()
    terminated = pyqtSignal()

    _at_work: ClassVar[set[BackgroundTask]] = set()
    """Keeps every task until it has ended, whatever becomes of its owner."""

    def __init__(self) -> None:
        super().__init__()
        self._cancelled = Event()
        self._percent = 0
        self._thread: _Thread | None = None

    def run(self) -> bool:
        """Do the work, on the thread of the task; returns whether there is a result."""
        raise NotImplementedError

    def finish(self, succeeded: bool) -> None:
        """Take the result on the main thread, before the signals of the end."""

    def start(self) -> None:
        """Start the work; the signals follow from the event loop."""
        self._thread = _Thread(self)
        self._thread.finished.connect(self._on_finished)
        QCoreApplication.instance().aboutToQuit.connect(self._end)
        BackgroundTask._at_work.add(self)
        self._thread.start()

    def cancel(self) -> None:
        """Ask the work to stop; ``terminated`` follows if it was started."""
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._cancelled.is_set()

    def set_progress(self, percent: float) -> None:
        """Report the progress."""
        if int(percent) != self._percent:
            self._percent = int(percent)
            self.progressed.emit(percent)

    @classmethod
    def at_work(cls) -> list[BackgroundTask]:
        """Returns the tasks that have not ended."""
        return list(cls._at_work)

    @classmethod
    def end_all(cls) -> None:
        """Cancel every task and wait for its end, when QGIS quits and no event loop runs any more."""
        for task in cls.at_work():
            task.cancel()
        for task in cls.at_work():
            task._end()

    def _end(self) -> None:
        """Cancel the work and wait for its end, of which nothing is told."""
        self.cancel()
        if self._thread is not None:
            self._thread.wait(_QUITTING_MS)
        BackgroundTask._at_work.discard(self)

    def _on_finished(self) -> None:
        """Tell the end; an exception of ``run`` is raised here, where QGIS shows it."""
        thread, self._thread = self._thread, None
        if thread is None or self not in BackgroundTask._at_work:
            return
        BackgroundTask._at_work.discard(self)
        thread.deleteLater()
        self.finish(thread.result)
        (self.completed if thread.result else self.terminated).emit()
        if thread.problem is not None:
            raise thread.problem


class _Thread(QThread):
    """Runs a task.

    Attributes:
        result: what ``run`` of the task returned.
        problem: an exception that it did not handle.
    """

    def __init__(self, task: BackgroundTask) -> None:
        super().__init__(QCoreApplication.instance())
        self._task = task
        self.result = False
        self.problem: Exception | None = None

    def run(self) -> None:
        """Run the task."""
        try:
            self.result = self._task.run()
        except Exception as problem:  # whatever it is, the owner has to hear of the end
            self.problem = problem
