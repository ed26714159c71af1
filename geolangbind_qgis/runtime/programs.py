"""Runs a program to its end, line by line, so that it can be watched and stopped."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess  # nosec B404
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .setup_error import cancelled as cancelled_error

_LOOK_SECONDS = 0.2
_STOP_SECONDS = 10


def run_lines(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    on_line: Callable[[str], None] = lambda line: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[int, str]:
    """Run a program without stdin and give its exit status and output (stdout and stderr together).

    Args:
        command: program and arguments.
        environment: all of its variables.
        folder: where it runs.
        on_line: called with each line as it comes.
        cancelled: looked at five times a second; true ends the program and its children.

    Raises:
        SetupError: it was cancelled.
        OSError: it cannot be started.
    """
    options = {"creationflags": 0x08000000} if os.name == "nt" else {"start_new_session": True}  # no console window
    process = subprocess.Popen(  # nosec B603
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(environment),
        text=True,
        encoding="utf-8",
        errors="replace",
        **options,
    )
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(process, lines), daemon=True).start()
    output = []
    try:
        while True:
            if cancelled():
                raise cancelled_error()
            with contextlib.suppress(queue.Empty):
                line = lines.get(timeout=_LOOK_SECONDS)
                if line is None:
                    break
                output.append(line)
                on_line(line.rstrip())
    except BaseException:
        _end(process)
        raise
    return process.wait(), "".join(output)


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    """Move lines from the pipe to the queue; None at the end."""
    if process.stdout is not None:
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
    lines.put(None)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the program and its children to end, then make them."""
    for ask in (_terminate, _kill):
        ask(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
            return


def _terminate(process: subprocess.Popen[str]) -> None:
    if os.name == "nt":
        process.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


def _kill(process: subprocess.Popen[str]) -> None:
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
