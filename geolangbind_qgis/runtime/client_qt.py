"""The runtime client of QGIS: one child process, started on demand and again after an exit, without blocking.

Everything happens in the event loop of the thread that made the client: calls return at once, callbacks bring answers.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QElapsedTimer, QObject, QProcess, QProcessEnvironment, QTimer, pyqtSignal

from ..protocol_import import protocol
from .client import ClientState, Event, Failed, Finished, Logged, LossReported, Previewed, Progressed
from .closing import ClosingWatch
from .launch import RuntimeCommand
from .worker_exits import Ending, WorkerExit, end_of_file, explain_exit, size_of_file

_STDERR_KEPT = 16_384
_MILLISECONDS = 1000


class RuntimeState(Enum):
    """State of the runtime process."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"


class RuntimeRequest:
    """A request in progress; ``cancel`` stops it within one batch."""

    def __init__(
        self, client: RuntimeClient, id: int, method: str, callbacks: dict[str, Callable[..., None] | None]
    ) -> None:
        self.id = id
        self.method = method
        self._client = client
        self._callbacks = callbacks

    def cancel(self) -> None:
        """Request cancellation; ``on_error`` follows with code "cancelled", unless the result arrives first."""
        self._client.cancel(self.id)

    def notify(self, what: str, *report: Any) -> None:  # noqa: ANN401 - as the callback takes it
        """Call the callback of this name, if there is one."""
        callback = self._callbacks.get(what)
        if callback is not None:
            callback(*report)


class RuntimeClient(QObject):
    """Starts the runtime, sends requests and monitors the process.

    Signals:
        state_changed: a ``RuntimeState``.
        greeted: facts of ``hello`` (version, device, models) after each start.
        logged: level and message of a remark of the runtime.
        ended_unexpectedly: ``ErrorInfo`` of the end.

    Args:
        command: how the process is started.
        start_seconds: how long the greeting may take; torch is read from a cold disk in that time.
        heartbeat_seconds: time between pings of a working runtime.
        silence_seconds: how long a working runtime may say nothing before it is ended.
        stop_seconds: time for a clean shutdown before the process is killed.
        device: what ``hello`` requests.
    """

    state_changed = pyqtSignal(object)
    greeted = pyqtSignal(dict)
    logged = pyqtSignal(str, str)
    ended_unexpectedly = pyqtSignal(object)

    def __init__(
        self,
        command: RuntimeCommand,
        parent: QObject | None = None,
        *,
        start_seconds: float = 180.0,
        heartbeat_seconds: float = 5.0,
        silence_seconds: float = 90.0,
        stop_seconds: float = 6.0,
        device: str = "auto",
    ) -> None:
        super().__init__(parent)
        self.command = command
        self.facts: dict[str, Any] = {}
        self.recent_errors: list[str] = []
        self._device = device
        self._state = RuntimeState.STOPPED
        self._protocol_state = ClientState()
        self._requests: dict[int, RuntimeRequest] = {}
        self._process: QProcess | None = None
        self._ending: Ending | None = None
        self._stderr = b""
        self._log_size = 0
        self._start_seconds, self._stop_seconds = start_seconds, stop_seconds
        self._silence_seconds = silence_seconds
        self._heard = QElapsedTimer()
        self._start_watch = QTimer(self)
        self._start_watch.setSingleShot(True)
        self._start_watch.timeout.connect(lambda: self._kill(Ending.SILENT_AT_START))
        self._heartbeat = QTimer(self)
        self._heartbeat.setInterval(int(heartbeat_seconds * _MILLISECONDS))
        self._heartbeat.timeout.connect(self._beat)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    @property
    def state(self) -> RuntimeState:
        """State of the process."""
        return self._state

    @property
    def busy(self) -> bool:
        """Whether a request is pending."""
        return bool(self._requests)

    @property
    def process_id(self) -> int | None:
        """Process id of the runtime; None if it does not run."""
        return None if self._process is None else int(self._process.processId()) or None

    def start(self) -> None:
        """Start the process if it does not run; ``greeted`` follows."""
        if self._process is not None:
            return
        process = QProcess(self)
        environment = QProcessEnvironment()
        for name, value in self.command.environment.items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(self.command.working_directory)
        process.setProgram(self.command.program)
        process.setArguments(list(self.command.arguments))
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_stderr)
        process.errorOccurred.connect(self._on_process_error)
        process.finished.connect(self._on_finished)
        self._process, self._ending, self._stderr, self.facts = process, None, b"", {}
        self._log_size = size_of_file(self.command.log_file)
        self._change_state(RuntimeState.STARTING)
        self._heard.start()
        self._start_watch.start(int(self._start_seconds * _MILLISECONDS))
        process.start()
        self._send("hello", protocol.HelloParams(device=self._device))

    def request(
        self,
        method: str,
        params: Any = None,  # noqa: ANN401 - the method's dataclass, a dict, or None
        *,
        on_result: Callable[[dict[str, Any]], None] | None = None,
        on_error: Callable[[protocol.ErrorInfo], None] | None = None,
        on_progress: Callable[[float, str, float | None], None] | None = None,
        on_preview: Callable[[dict[str, Any]], None] | None = None,
        on_loss: Callable[[dict[str, Any]], None] | None = None,
    ) -> RuntimeRequest:
        """Send a request; the process is started if it does not run.

        Args:
            method: one of ``protocol.METHODS``.
            params: its parameters.
            on_result: called once with the result.
            on_error: called once with an ``ErrorInfo``, also when the process dies; exactly one of the two is called.
            on_progress: called with fraction (0..1), message and seconds left (None while unknown).
            on_preview: called with the parameters of each ``preview`` notification.
            on_loss: called with the parameters of each ``loss`` notification.
        """
        self.start()
        callbacks = {"result": on_result, "error": on_error, "progress": on_progress}
        callbacks |= {"preview": on_preview, "loss": on_loss}
        number = self._send(method, params)
        request = RuntimeRequest(self, number, method, callbacks)
        if self._process is None:  # could not even be started, and that was told at once
            QTimer.singleShot(0, lambda: request.notify("error", explain_exit(WorkerExit(Ending.NOT_STARTED))))
            return request
        self._requests[number] = request
        if not self._heartbeat.isActive():
            self._heard.restart()
            self._heartbeat.start()
        return request

    def cancel(self, id: int) -> None:
        """Request cancellation of a request."""
        if id in self._requests and self._process is not None:
            self._send("cancel", protocol.CancelParams(request=id))

    def stop(self) -> None:
        """End the process without waiting; pending requests fail, and the next request starts another process."""
        process = self._process
        if process is None:
            return
        self._gone(WorkerExit(Ending.STOPPED), keep_process=True)
        ClosingWatch(process, self._stop_seconds)

    def close(self) -> None:
        """End the process and wait for its exit, when QGIS quits and no event loop runs any more."""
        self.stop()
        ClosingWatch.wait_for_all()

    def _send(self, method: str, params: Any = None) -> int:  # noqa: ANN401 - the method's dataclass, a dict, or None
        """Number a message and write it to the process."""
        number, line = self._protocol_state.begin(method, params)
        if self._process is not None:
            self._process.write(line)
        return number

    def _read(self) -> None:
        """Read output and dispatch its events."""
        if self._process is None:
            return
        self._heard.restart()
        self._handle(self._protocol_state.feed(bytes(self._process.readAllStandardOutput())))
        if self._protocol_state.output_is_invalid:
            self._kill(Ending.INVALID_OUTPUT)

    def _read_stderr(self) -> None:
        if self._process is not None:
            self._stderr = (self._stderr + bytes(self._process.readAllStandardError()))[-_STDERR_KEPT:]

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Logged):
                self.logged.emit(event.level, event.message)
            elif isinstance(event, Progressed) and event.id in self._requests:
                self._requests[event.id].notify("progress", event.fraction, event.message, event.seconds_left)
            elif isinstance(event, Previewed) and event.id in self._requests:
                self._requests[event.id].notify("preview", event.params)
            elif isinstance(event, LossReported) and event.id in self._requests:
                self._requests[event.id].notify("loss", event.params)
            elif isinstance(event, Finished):
                self._on_answer(event)
            elif isinstance(event, Failed):
                self._on_failure(event)

    def _on_answer(self, event: Finished) -> None:
        if event.method == "hello":
            self._on_greeting(event.result)
        request = self._requests.pop(event.id, None)
        self._rest_when_idle()
        if request is not None:
            request.notify("result", event.result)

    def _on_failure(self, event: Failed) -> None:
        if event.method == "hello" and event.id not in self._requests and self._ending is None:
            self.logged.emit("warning", f"{event.error.message} {event.error.hint}".strip())
            self._on_greeting({})  # it speaks, so it lives; what it cannot do shows in the requests
        request = self._requests.pop(event.id, None)
        self._rest_when_idle()
        if request is not None:
            if event.error.code != "cancelled":
                self._remember(event.error)
            request.notify("error", event.error)

    def _on_greeting(self, facts: dict[str, Any]) -> None:
        self._start_watch.stop()
        self.facts = facts
        if self._state is RuntimeState.STARTING:
            self._change_state(RuntimeState.READY)
            self.greeted.emit(facts)

    def _rest_when_idle(self) -> None:
        if not self._requests:
            self._heartbeat.stop()

    def _beat(self) -> None:
        """Ping a working runtime; end one that does not reply for too long."""
        if self._process is None or self._state is not RuntimeState.READY:
            return
        if self._heard.hasExpired(int(self._silence_seconds * _MILLISECONDS)):
            self._kill(Ending.SILENT)
        elif "ping" not in self._protocol_state.pending.values():
            self._send("ping")

    def _kill(self, why: Ending) -> None:
        if self._process is not None and self._ending is None:
            self._ending = why
            self._process.kill()

    def _on_process_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._gone(WorkerExit(Ending.NOT_STARTED))

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._read_stderr()
        crashed = status == QProcess.ExitStatus.CrashExit
        ending = self._ending or (Ending.SIGNALLED if crashed else Ending.EXITED)
        log_tail = self._stderr.decode("utf-8", "replace") or end_of_file(self.command.log_file, since=self._log_size)
        was_ready = self._state is RuntimeState.READY
        self._gone(WorkerExit(ending, code, was_ready, self._protocol_state.invalid_line, log_tail))

    def _gone(self, worker_exit: WorkerExit, *, keep_process: bool = False) -> None:
        """Release the process and fail all pending requests."""
        process, self._process = self._process, None
        self._start_watch.stop()
        self._heartbeat.stop()
        if process is not None:
            for signal in (
                process.readyReadStandardOutput,
                process.readyReadStandardError,
                process.errorOccurred,
                process.finished,
            ):
                signal.disconnect()
            if not keep_process:
                process.deleteLater()
        error = explain_exit(worker_exit)
        asked_for = worker_exit.ending is Ending.STOPPED
        waiting, self._requests = self._requests, {}
        self._protocol_state.end(error)
        self._change_state(RuntimeState.STOPPED)
        if not asked_for:
            self._remember(error)
        for request in waiting.values():
            request.notify("error", error)
        if not asked_for:
            self.ended_unexpectedly.emit(error)

    def _change_state(self, state: RuntimeState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)

    def _remember(self, error: protocol.ErrorInfo) -> None:
        """Store the latest errors for the diagnostics."""
        self.recent_errors = [*self.recent_errors[-9:], f"{error.code}: {error.message}"]
