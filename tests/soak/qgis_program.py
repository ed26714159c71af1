"""A QGIS with the plugin that does one request after another while something goes wrong; started by soak_qgis.

    .venv-qgis/bin/python qgis_program.py PROFILE READING WRITING

Every line that is read from the pipe READING is a task as JSON, every line written to WRITING what became of it. When
the pipe is closed, QGIS quits as its main program does. Everything that is waited for has a time limit, and a main
thread that hangs shows its stack at SIGUSR1.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import signal
import sys
from pathlib import Path

from qgis import utils
from qgis.core import QgsApplication, QgsProject
from qgis.gui import QgsLayerTreeMapCanvasBridge, QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QSocketNotifier, QTimer
from qgis.PyQt.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget
from qgis_requests import REQUESTS, Request
from qgis_waiting import LateError, wait_for

from geolangbind_qgis import settings
from geolangbind_qgis.layers.background_task import BackgroundTask
from geolangbind_qgis.layers.results_folder import discard_unsaved
from geolangbind_qgis.runtime.client_qt import RuntimeState

PLUGIN = "geolangbind_qgis"


class Program:
    """Does what it is told by the pipe.

    Args:
        reading: pipe of tasks.
        writing: pipe of answers.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._tasks, self._answers = os.fdopen(reading, "rb", 0), os.fdopen(writing, "wb", 0)
        self._notifier = QSocketNotifier(reading, QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._on_line)
        self._plugin = utils.plugins[PLUGIN]
        self._modal: list[str] = []
        self._watch = QTimer()
        self._watch.timeout.connect(self._close_questions)
        self._watch.start(500)

    def _on_line(self, *_: object) -> None:
        """Do one task; the end of the pipe is the end of QGIS."""
        self._notifier.setEnabled(False)
        line = self._tasks.readline()
        if not line:
            QgsProject.instance().setDirty(False)
            QgsProject.instance().clear()
            QApplication.instance().exit(0)
            return
        answer = self._do(json.loads(line))
        self._answers.write(json.dumps(answer).encode() + b"\n")
        self._notifier.setEnabled(True)

    def _do(self, task: dict) -> dict:
        """Returns what became of a task: how the request ended, its result, and errors of all requests meanwhile."""
        self._modal.clear()
        client = self._plugin.session.client
        client.recent_errors = []
        answer: dict = {"late": ""}
        try:
            self._ready()
            settings.choose_results_folder(task["results"])
            self._plugin.session.choose_model(task["model"])
            request = REQUESTS[task["method"]](self._plugin, task)
            answer |= self._run(request, task)
            self._ready()
        except LateError as problem:
            answer["late"] = str(problem)
            faulthandler.dump_traceback(all_threads=True)
        except Exception as problem:
            answer["late"] = f"the plugin failed: {problem!r}"
        finally:
            answer |= {"runtime": client.process_id, "errors": client.recent_errors, "modal": list(self._modal)}
            QgsProject.instance().setDirty(False)
            QgsProject.instance().clear()
        return answer

    def _run(self, request: Request, task: dict) -> dict:
        """Start a request, do the fault at its moment, and wait for the end of the request."""
        client, struck, heard = self._plugin.session.client, False, 0
        fault = FAULTS[task["fault"]] if task["fault"] else None

        def strike() -> None:
            nonlocal struck
            if fault is not None and not struck:
                struck = True
                fault(task, client.process_id, request)

        def on_message(*_: object) -> None:
            nonlocal heard
            heard += 1
            if heard >= task["moment"]:
                strike()

        if task["moment"] == 0 and task["fault"] != "cancelled":
            strike()
        request.start(on_message)
        if task["moment"] == 0:
            strike()
        wait_for(lambda: request.end is not None, f"the end of {task['method']}")
        during = struck
        strike()  # where the request was faster, the fault comes after it
        mend(task, client.process_id)
        request.release()
        return {"end": request.end, "message": request.message, "output": request.output, "during": during}

    def _ready(self) -> None:
        """Wait until nothing is at work and the runtime answers, a new one where one was killed."""
        client, dock = self._plugin.session.client, self._plugin.dock
        wait_for(lambda: not dock.highlighter.busy and not dock.finetune.runner.busy, "the end of the dock's work")
        wait_for(lambda: not self._plugin.menu.running, "the end of the menu's work")
        wait_for(lambda: not BackgroundTask.at_work(), "the end of background tasks")
        if not self._answers_ping() and not self._answers_ping():  # the first may meet the end of a killed process
            raise LateError(f"the runtime does not answer: {client.recent_errors}")
        wait_for(lambda: client.state is RuntimeState.READY and not client.busy, "a runtime without work")

    def _answers_ping(self) -> bool:
        """Whether the runtime answers; it is started where it does not run."""
        answers: list[bool] = []
        self._plugin.session.client.request(
            "ping", on_result=lambda _: answers.append(True), on_error=lambda _: answers.append(False)
        )
        wait_for(lambda: bool(answers), "an answer to a ping")
        return answers[0]

    def _close_questions(self) -> None:
        """Close a window that waits for a person, which nobody expects here."""
        window = QApplication.activeModalWidget()
        if window is not None:
            self._modal.append(f"{type(window).__name__}: {window.windowTitle()}")
            window.close()


def limit_files(process: int | None, most: int) -> None:
    """Set the largest file that the runtime can write, as a full disk or a quota would have it."""
    if process is not None:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def kill(process: int | None) -> None:
    """End the runtime at once."""
    if process is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def damage_chunk(task: dict) -> None:
    """Cut a stored chunk short."""
    files = sorted(path for path in Path(task["features"]).glob("*/*/*/c/**/*") if path.is_file())
    if files:
        chosen = files[int(task["share"] * len(files))]
        os.truncate(chosen, int(chosen.stat().st_size * task["share"]))


def mend(task: dict, process: int | None) -> None:
    """Restore disk and network."""
    limit_files(process, resource.RLIM_INFINITY)
    Path(task["switch"]).write_text(str(10**9))


FAULTS = {
    "worker killed": lambda task, process, request: kill(process),
    "cancelled": lambda task, process, request: request.cancel(),
    "disk full": lambda task, process, request: limit_files(process, task["quota"]),
    "raster removed": lambda task, process, request: Path(task["scene"]).unlink(missing_ok=True),
    "file truncated": lambda task, process, request: os.truncate(task["scene"], task["bytes"]),
    "network cut": lambda task, process, request: Path(task["switch"]).write_text(str(task["answers"])),
    "chunk damaged": lambda task, process, request: damage_chunk(task),
}
"""What goes wrong, as a function of task, runtime process and request."""


def main(profile: str, reading: int, writing: int) -> int:
    """Do what QGIS's main program does."""
    from pytest_qgis.qgis_interface import QgisInterface

    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    for pipe in (reading, writing):
        os.set_inheritable(pipe, False)
    os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(Path(profile).parent.parent)  # QGIS 3.40 ignores the argument
    application = QgsApplication([], True, profile)
    QgsApplication.initQgis()
    window = QMainWindow()
    content = QWidget(window)
    canvas, bar = QgsMapCanvas(content), QgsMessageBar(content)
    box = QVBoxLayout(content)
    box.addWidget(bar)
    box.addWidget(canvas, 1)
    window.setCentralWidget(content)
    utils.iface = QgisInterface(canvas, bar, window)
    bridge = QgsLayerTreeMapCanvasBridge(QgsProject.instance().layerTreeRoot(), canvas)
    settings.remember("tour_seen", "yes")
    sys.path[:0] = utils.plugin_paths = [f"{profile}/python/plugins", f"{QgsApplication.pkgDataPath()}/python/plugins"]
    utils.updateAvailablePlugins()
    assert utils.loadPlugin(PLUGIN)
    assert utils.startPlugin(PLUGIN)
    window.resize(1200, 800)
    window.show()
    program = Program(reading, writing)
    status = application.exec()
    assert utils.unloadPlugin(PLUGIN)
    discard_unsaved()
    bridge.deleteLater()
    window.deleteLater()
    program = None  # noqa: F841 - its timers end before QGIS does
    QgsApplication.exitQgis()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
