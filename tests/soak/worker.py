"""A runtime process made by forking: the real server on real pipes, ready in milliseconds, killed like any other."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.protocol import Notification, Reply, Request, decode, encode

GIVEN_UP_AFTER_S = 120.0


class GoneError(Exception):
    """The process has ended."""


@dataclass
class Worker:
    """One runtime process.

    Attributes:
        process: its number.
        heard: notifications so far.
        asked: requests so far.
    """

    process: int
    requests: int
    answers: int
    heard: list[Notification] = field(default_factory=list)
    asked: int = 0
    _rest: bytes = b""

    def ask(self, method: str, params: dict[str, Any]) -> int:
        """Send a request; returns its number."""
        self.asked += 1
        with contextlib.suppress(BrokenPipeError):
            os.write(self.requests, encode(Request(self.asked, method, params)).encode() + b"\n")
        return self.asked

    def reply(self, number: int, on_notification: Callable[[int], None] = lambda count: None) -> Reply:
        """Read on until the reply to a request.

        Args:
            number: of the request.
            on_notification: told how many notifications have come.

        Raises:
            GoneError: the process ended first.
        """
        count = 0
        while True:
            message = self._read()
            if isinstance(message, Reply) and message.id == number:
                return message
            if isinstance(message, Notification):
                self.heard.append(message)
                count += 1
                on_notification(count)

    def kill(self) -> None:
        """End it at once, with all it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)

    def close(self) -> None:
        """Close its stdin, as QGIS does when it ends, and wait for its end."""
        with contextlib.suppress(OSError):
            os.close(self.requests)
        ended = time.monotonic() + GIVEN_UP_AFTER_S
        while time.monotonic() < ended:
            done, _ = os.waitpid(self.process, os.WNOHANG)
            if done:
                break
            select.select([self.answers], [], [], 0.05)
            with contextlib.suppress(OSError):
                os.read(self.answers, 65536)
        else:
            self.kill()
            os.waitpid(self.process, 0)
            raise AssertionError("the runtime did not end after its stdin was closed")
        os.close(self.answers)

    def wait(self) -> None:
        """Wait for the end of a killed process and close what led to it."""
        os.waitpid(self.process, 0)
        os.close(self.requests)
        os.close(self.answers)

    def limit_files(self, file_bytes: int | None) -> None:
        """Set the largest file that it can write, as a full disk or a quota would have it; None for any."""
        most = resource.RLIM_INFINITY if file_bytes is None else file_bytes
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self.process, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def companions(self) -> list[int]:
        """Numbers of the other processes of its group: those that it has started and not ended."""
        return [number for number in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._started(number)]

    def _started(self, process: int) -> bool:
        try:
            return process != self.process and os.getpgid(process) == self.process
        except ProcessLookupError:
            return False

    def has_orphans(self) -> bool:
        """Whether a process of its group is still there after its end."""
        try:
            os.killpg(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def _read(self) -> Reply | Notification:
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.answers], [], [], GIVEN_UP_AFTER_S)
            if not ready:
                self.kill()
                raise AssertionError(f"the runtime said nothing for {GIVEN_UP_AFTER_S:.0f} s")
            block = os.read(self.answers, 65536)
            if not block:
                raise GoneError
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\n")
        message = decode(line.decode("utf-8"))
        assert isinstance(message, Reply | Notification), f"not a message: {line!r}"
        return message


def fork_worker(models: Any, log: Any) -> Worker:
    """Make a runtime process out of this one.

    Args:
        models: loaded models, which the process inherits.
        log: file for its stderr.
    """
    request_end, requests = os.pipe()
    answers, answer_end = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if process:
        os.close(request_end)
        os.close(answer_end)
        with contextlib.suppress(OSError):  # the child does it too; whoever is first
            os.setpgid(process, process)
        return Worker(process, requests, answers)
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        os.close(requests)
        os.close(answers)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that is too large is an error, not the end
        _serve(models, request_end, answer_end)
    finally:
        os._exit(0)


def _serve(models: Any, request_end: int, answer_end: int) -> None:
    from core.serve.server import Server
    from core.serve.streams import ProtocolOutput

    output = ProtocolOutput(os.fdopen(answer_end, "wb"))
    Server(os.fdopen(request_end, "rb"), output, models=models).run()
