"""Runs a program line by line with output callbacks and cancellation."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess  # nosec B404
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .platforms import Platform, this_platform
from .setup_error import cancelled as cancelled_error

_LOOK_SECONDS = 0.2
_STOP_SECONDS = 10
_NO_CONSOLE = 0x08000000
"""Windows: the program gets no console window."""


def run_lines(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    on_line: Callable[[str], None] = lambda line: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[int, str]:
    """Run a program without stdin and return its exit status and output (stdout and stderr together).

    Args:
        command: program and arguments.
        environment: all of its variables.
        folder: where it runs.
        on_line: called with each line as it comes.
        cancelled: called five times a second; true ends the program and its children.

    Raises:
        SetupError: it was cancelled.
        OSError: it cannot be started.
    """
    platform = this_platform()
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
        **start_options(platform),
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
        end_with_children(process, platform)
        raise
    return process.wait(), "".join(output)


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    """Move lines from the pipe to the queue; None marks the end."""
    if process.stdout is not None:
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
    lines.put(None)


def start_options(platform: Platform) -> dict[str, Any]:
    """Returns options of ``Popen`` that allow to end a program together with its children."""
    return {"creationflags": _NO_CONSOLE} if platform.is_windows else {"start_new_session": True}


def end_with_children(process: subprocess.Popen[str], platform: Platform) -> None:
    """Terminate a program and its children, then kill them."""
    for kill in (False, True):
        if platform.is_windows:
            process.kill() if kill else process.terminate()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
            return
