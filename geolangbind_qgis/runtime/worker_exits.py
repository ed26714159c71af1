"""Explanations of an exit of the runtime process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..protocol_import import protocol

GO_ON = "Run it again to go on from the finished tiles."
REPAIR = "Repair the runtime in its settings, or copy the diagnostics and report it."
EXIT_DEVICE_LOST = 75

_SIGKILL, _SIGABRT, _SIGSEGV = 9, 6, 11
_MISSING_LIBRARY_WORDS = ("c10.dll", "vcruntime140", "msvcp140", "winerror 126", "winerror 1114")
_TAIL_BYTES = 2048
"""Enough for the last traceback, not enough for an older, unrelated one."""


class Ending(Enum):
    """How the process ended, as far as the client can see."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    NOT_STARTED = "not started"
    SILENT_AT_START = "silent at start"
    SILENT = "silent"
    INVALID_OUTPUT = "invalid output"
    STOPPED = "stopped"


@dataclass(frozen=True)
class WorkerExit:
    """Facts about an exit.

    Attributes:
        code: exit status, or the signal's number where signalled.
        was_ready: the runtime had answered its greeting before.
        invalid_line: a line it printed that is not a message; empty if none.
        log_tail: the end of stderr or of the log.
    """

    ending: Ending
    code: int = 0
    was_ready: bool = False
    invalid_line: str = ""
    log_tail: str = ""


def explain_exit(worker_exit: WorkerExit) -> protocol.ErrorInfo:
    """Returns the message and the hint for a worker's exit."""
    if worker_exit.ending is Ending.STOPPED:
        return protocol.ErrorInfo("cancelled", "The runtime was stopped.", GO_ON)
    if worker_exit.ending is Ending.NOT_STARTED:
        return _info("The runtime cannot be started: its Python is missing or may not be run.", REPAIR)
    if worker_exit.ending is Ending.SILENT_AT_START:
        return _info("The runtime did not answer in time after its start.", f"Try once more; then: {REPAIR}")
    if worker_exit.ending is Ending.SILENT:
        return _info("The runtime stopped answering and was ended.", GO_ON)
    if worker_exit.ending is Ending.INVALID_OUTPUT or (worker_exit.invalid_line and not worker_exit.was_ready):
        return _info(
            "The runtime printed something that is not its protocol.",
            f"Another program may be set as its Python. {REPAIR}",
        )
    words = worker_exit.log_tail.lower()
    if worker_exit.ending is Ending.SIGNALLED:
        return _explain_signal(worker_exit, words)
    if any(word in words for word in _MISSING_LIBRARY_WORDS):
        return _info(
            "The runtime lacks the Microsoft Visual C++ libraries.",
            "Install the Microsoft Visual C++ Redistributable (x64), then run it again.",
        )
    if "memoryerror" in words or "out of memory" in words:
        return protocol.ErrorInfo("memory", "The runtime ran out of memory.", f"Choose a smaller extent. {GO_ON}")
    if "modulenotfounderror" in words or "importerror" in words:
        return _info(f"A part of the runtime is missing{_missing_module(worker_exit.log_tail)}.", REPAIR)
    if worker_exit.code == EXIT_DEVICE_LOST:
        return protocol.ErrorInfo("device", "The graphics card stopped answering.", GO_ON)
    if not worker_exit.was_ready:
        return _info(f"The runtime ended while starting (status {worker_exit.code}).", REPAIR)
    return _info(f"The runtime ended unexpectedly (status {worker_exit.code}).", GO_ON)


def _explain_signal(worker_exit: WorkerExit, words: str) -> protocol.ErrorInfo:
    memory_words = "out of memory" in words or "bad_alloc" in words
    if worker_exit.code == _SIGKILL or (worker_exit.code == _SIGABRT and memory_words):
        return protocol.ErrorInfo(
            "memory",
            "The operating system ended the runtime, most likely because memory ran out.",
            f"Choose a smaller extent or a coarser resolution, or close other programs. {GO_ON}",
        )
    faults = {_SIGSEGV: "a memory fault", _SIGABRT: "an internal error"}
    fault = faults.get(worker_exit.code, f"signal {worker_exit.code}")
    return _info(f"The runtime crashed ({fault}).", f"{GO_ON} If it crashes again: {REPAIR}")


def _missing_module(log_tail: str) -> str:
    """Returns the name of the module of a ModuleNotFoundError; empty if there is none."""
    for line in reversed(log_tail.splitlines()):
        if "No module named" in line:
            return f" ({line.rpartition('No module named')[2].strip(' ')})"
    return ""


def _info(message: str, hint: str) -> protocol.ErrorInfo:
    return protocol.ErrorInfo("runtime", message, hint)


def size_of_file(path: str | None) -> int:
    """Returns the size of a file in bytes; 0 if it does not exist."""
    try:
        return 0 if path is None else Path(path).stat().st_size
    except OSError:
        return 0


def end_of_file(path: str | None, *, since: int = 0) -> str:
    """Returns the last part of a log.

    Args:
        path: the file; None for none.
        since: its size when the process began, so that the words of an earlier one are not read.
    """
    if path is None:
        return ""
    try:
        with Path(path).open("rb") as stream:
            end = stream.seek(0, 2)
            begin = since if since <= end else 0  # a shorter file is a fresh one
            stream.seek(max(begin, end - _TAIL_BYTES))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
