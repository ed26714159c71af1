"""Background task on the runtime environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal

from geolangbind_qgis.layers.background_task import BackgroundTask
from geolangbind_qgis.runtime.setup_error import SetupError


class EnvironmentTask(BackgroundTask):
    """Runs a function that plans, builds, checks or removes the environment.

    Signals:
        stepped: fraction done and what is being done.
        logged: a line of the tools at work.

    Args:
        work: called with the task on the task's thread; uses ``step``, ``log`` and ``is_cancelled``, gives any result.
    """

    stepped = pyqtSignal(float, str)
    logged = pyqtSignal(str)

    def __init__(self, work: Callable[[EnvironmentTask], Any]) -> None:
        super().__init__()
        self.result: Any = None
        self.problem: SetupError | None = None
        self._work = work

    def run(self) -> bool:
        """Run the function."""
        try:
            self.result = self._work(self)
        except SetupError as problem:
            self.problem = problem
            return False
        return True

    def step(self, fraction: float, message: str) -> None:
        """Report the progress."""
        self.set_progress(100 * fraction)
        self.stepped.emit(fraction, message)

    def log(self, line: str) -> None:
        """Report an output line of a program."""
        self.logged.emit(line)
