"""The server: reads requests, runs tasks and replies; it stays responsive during work.

One thread reads stdin and answers ``ping``, ``cancel`` and ``shutdown`` itself. Two threads work: one on interactive
requests alone, one on any. When stdin ends, because QGIS has ended or wants the runtime to end, everything stops.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, BinaryIO

from core.context import Context, Models
from core.errors import CancelledError, GeoLangBindError, UsageError
from core.progress import Progress
from core.protocol import PROTOCOL_VERSION, ErrorInfo, ModelsParams, Notification, Reply, Request, decode, from_params
from core.serve.dispatch import find_task, is_interactive, methods
from core.serve.failures import explain_exception, is_device_lost
from core.serve.jobs import Job, JobQueue, priority_of
from core.serve.log import LOGGER
from core.serve.streams import ProtocolOutput
from core.serve.time_left import TimeLeft
from core.tasks.task import Run

SECONDS_TO_STOP = 5.0
"""How long running tasks may take to clean up after stdin has ended."""

SECONDS_BETWEEN_REPORTS = 0.1
_NUMBERS = re.compile(r"[\d.,]+")
EXIT_DEVICE_LOST = 75
"""The exit status after which the client simply starts a fresh process (sysexits' "try again")."""


def _describe_device(device: str) -> dict[str, Any]:
    """Query the device through torch, in the thread that waits for the answer."""
    from core.model.devices import choose_device

    chosen = choose_device(device)
    return {
        "kind": chosen.kind,
        "name": chosen.name,
        "precision": chosen.precision,
        "memory_bytes": chosen.memory_bytes,
        "label": chosen.label,
    }


class Server:
    """One connection with one client.

    Args:
        requests: binary stream of request lines.
        output: where replies and notifications go.
        models: loaded models, shared by all requests.
        find_task: gives the function of a method.
        describe_device: gives the device facts of ``hello``.
        after_job: called after each job, for instance to rotate the log.
        after_hello: called once ``hello`` is answered, in a thread of its own: the user is about to ask for something.
        exit_process: ends the process at once; replaced in tests.
    """

    def __init__(
        self,
        requests: BinaryIO,
        output: ProtocolOutput,
        *,
        models: Models,
        find_task: Callable[[str], Run] = find_task,
        describe_device: Callable[[str], dict[str, Any]] = _describe_device,
        after_job: Callable[[], None] = lambda: None,
        after_hello: Callable[[], None] = lambda: None,
        exit_process: Callable[[int], None] = os._exit,
    ) -> None:
        self._requests = requests
        self._output = output
        self._models = models
        self._find_task = find_task
        self._describe_device = describe_device
        self._after_job = after_job
        self._after_hello = after_hello
        self._exit_process = exit_process
        self._queue = JobQueue()

    def run(self) -> None:
        """Serve until stdin ends or ``shutdown`` is requested; running tasks are cancelled and may clean up."""
        for name, interactive_only in (("interactive", True), ("any", False)):
            threading.Thread(target=self._work, args=(interactive_only,), name=name, daemon=True).start()
        for line in self._requests:
            if line.strip() and self._read(line) == "shutdown":
                break
        self._queue.close()
        if not self._queue.wait_until_idle(SECONDS_TO_STOP):
            LOGGER.warning("A task did not stop within %.0f s.", SECONDS_TO_STOP)

    def _read(self, line: bytes) -> str | None:
        """Handle one line; returns its method."""
        try:
            message = decode(line.decode("utf-8"))
            if not isinstance(message, Request):
                raise ValueError("not a request")
        except (ValueError, TypeError, AttributeError) as problem:
            LOGGER.warning("Not a request: %.200r (%s)", line, problem)
            self._notify("log", {"level": "warning", "message": "The runtime got a line that is not a request."})
            return None
        try:
            self._accept(message)
        except Exception as problem:  # every request gets an answer
            self._fail(message.id, message.method, problem)
        return message.method

    def _accept(self, request: Request) -> None:
        """Answer immediate requests, queue the others."""
        known = methods()
        if request.method not in known:
            raise UsageError(
                f"The runtime knows no method {request.method!r}.",
                hint="Plugin and runtime differ: repair the runtime.",
            )
        try:
            params: Any = from_params(known[request.method], request.params)
        except ValueError as problem:
            raise UsageError(str(problem), hint="Plugin and runtime differ: repair the runtime.") from problem
        if request.method == "ping":
            running, waiting = self._queue.counts()
            self._reply(request.id, {"running": running, "waiting": waiting})
        elif request.method == "cancel":
            self._reply(request.id, {"found": self._queue.cancel(params.request)})
        elif request.method == "shutdown":
            self._reply(request.id, {})
        elif request.method == "hello":
            if params.protocol != PROTOCOL_VERSION:
                raise UsageError(
                    f"The plugin speaks version {params.protocol} of the protocol, this runtime {PROTOCOL_VERSION}.",
                    hint="Plugin and runtime differ: repair the runtime.",
                )
            threading.Thread(target=self._hello, args=(request.id, params), name="hello", daemon=True).start()
        else:
            self._queue.put(
                request.id, request.method, params, priority_of(is_interactive(request.method), request.params)
            )

    def _hello(self, id: int, params: Any) -> None:  # noqa: ANN401 - HelloParams
        """Answer ``hello`` from a thread of its own, because asking for the device imports torch for seconds."""
        from core import __version__

        try:
            device = self._describe_device(params.device)
            facts = {
                "version": __version__,
                "protocol": PROTOCOL_VERSION,
                "pid": os.getpid(),
                "python": sys.version.split()[0],
                "device": device,
                **self._find_task("models")(ModelsParams(), Context(models=self._models)),
            }
            self._reply(id, facts)
        except Exception as problem:  # every request gets an answer
            self._fail(id, "hello", problem)
            return
        try:
            self._after_hello()
        except Exception:
            LOGGER.exception("What follows a greeting failed")

    def _work(self, interactive_only: bool) -> None:
        """Run jobs until the queue closes."""
        while (job := self._queue.take(interactive_only=interactive_only)) is not None:
            try:
                self._do(job)
            finally:
                self._queue.done(job)
            self._after_job()

    def _do(self, job: Job) -> None:
        """Run one job and reply."""
        LOGGER.info("request %d: %s begins", job.id, job.method)
        began = time.monotonic()
        try:
            job.cancel.raise_if_cancelled()
            task = self._find_task(job.method)
            self._reply(job.id, task(job.params, self._context_of(job)))
            LOGGER.info("request %d: %s done in %.2f s", job.id, job.method, time.monotonic() - began)
        except BaseException as problem:  # a task may raise anything, SystemExit too; the server lives on
            self._fail(job.id, job.method, problem)

    def _context_of(self, job: Job) -> Context:
        return Context(
            progress=self._progress_of(job),
            cancel=job.cancel,
            notify=lambda method, params: self._notify(method, {"id": job.id, **params}),
            models=self._models,
        )

    def _progress_of(self, job: Job) -> Progress:
        """Returns the callback that sends progress notifications with the time left.

        It sends a few per second at most, and a message of another step at once: one that begins right after another
        is not shown under the name of the former.
        """
        time_left = TimeLeft()
        last_sent, last_step = -math.inf, ""

        def report(fraction: float, message: str) -> None:
            nonlocal last_sent, last_step
            fraction = min(1.0, max(0.0, float(fraction)))
            seconds_left = time_left.update(fraction)
            now = time.monotonic()
            step = _NUMBERS.sub("", message)
            if now - last_sent < SECONDS_BETWEEN_REPORTS and fraction < 1.0 and step == last_step:
                return
            last_sent, last_step = now, step
            params = {"id": job.id, "fraction": fraction, "message": message, "seconds_left": seconds_left}
            self._notify("progress", params)

        return report

    def _reply(self, id: int, result: dict[str, Any]) -> None:
        self._output.send(Reply(id, result=_plain(result)))

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        self._output.send(Notification(method, _plain(params)))

    def _fail(self, id: int, method: str, problem: BaseException) -> None:
        """Reply with the error; the traceback goes to the log only."""
        if isinstance(problem, CancelledError):
            LOGGER.info("request %d: %s cancelled", id, method)
        elif isinstance(problem, GeoLangBindError):
            LOGGER.warning("request %d: %s refused: %s", id, method, problem)
        else:
            LOGGER.error("request %d: %s failed", id, method, exc_info=problem)
        explained: ErrorInfo = explain_exception(problem)
        self._output.send(Reply(id, error=explained))
        if is_device_lost(problem):
            logging.shutdown()
            self._exit_process(EXIT_DEVICE_LOST)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a task puts in its result
    """Returns the value as JSON values: NaN and infinity become null, paths and numpy scalars plain values."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return _plain(value.item())
    json.dumps(value)  # anything else that JSON cannot carry is an error here, with the job that made it
    return value
