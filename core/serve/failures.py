"""Conversion of exceptions into messages for the user; tracebacks go to the log."""

from __future__ import annotations

import errno

from core.errors import GeoLangBindError
from core.protocol import ErrorInfo

SMALLER = "Choose a smaller extent or a coarser resolution, or close other programs. Finished tiles are kept."
SEE_LOG = "Copy the diagnostics and report it; the details are in the runtime's log."

_OUT_OF_MEMORY_WORDS = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "bad allocation",
)
_LOST_DEVICE_WORDS = ("cuda error", "cublas_status", "cudnn_status", "device-side assert", "driver shutting down")


def explain_exception(problem: BaseException) -> ErrorInfo:
    """Returns the error code, message and hint for an exception.

    Known errors keep their own words; memory, disk, rights and device failures are recognised by type and wording;
    anything else is named as unexpected, without its traceback.
    """
    if isinstance(problem, GeoLangBindError):
        return ErrorInfo(problem.code, problem.message, problem.hint)
    text = str(problem).lower()
    if _is_cuda_out_of_memory(problem, text):
        return ErrorInfo("device", "The graphics card ran out of memory.", f"{SMALLER} Or run on the processor.")
    if isinstance(problem, MemoryError) or any(word in text for word in _OUT_OF_MEMORY_WORDS):
        return ErrorInfo("memory", "The computer ran out of memory.", SMALLER)
    if is_device_lost(problem):
        return ErrorInfo(
            "device", "The graphics card stopped answering.", "Run it again; choose the processor if it happens again."
        )
    if isinstance(problem, ModuleNotFoundError):
        return ErrorInfo(
            "environment", f"A part of the runtime is missing ({problem.name}).", "Repair the runtime in its settings."
        )
    if isinstance(problem, OSError):
        explained = _explain_os_error(problem)
        if explained is not None:
            return explained
    return ErrorInfo("unexpected", f"Something unexpected went wrong ({type(problem).__name__}).", SEE_LOG)


def is_device_lost(problem: BaseException) -> bool:
    """Whether this process can no longer use its graphics card and has to be started again."""
    text = str(problem).lower()
    if isinstance(problem, GeoLangBindError) or _is_cuda_out_of_memory(problem, text):
        return False
    return isinstance(problem, RuntimeError) and any(word in text for word in _LOST_DEVICE_WORDS)


def _is_cuda_out_of_memory(problem: BaseException, lower_text: str) -> bool:
    """Recognise torch's own class by name (torch may not be imported) and the older plain RuntimeError."""
    if type(problem).__name__ == "OutOfMemoryError":
        return True
    return isinstance(problem, RuntimeError) and "cuda" in lower_text and "out of memory" in lower_text


def _explain_os_error(problem: OSError) -> ErrorInfo | None:
    """Explain full disks, missing rights and missing files; None for the rest."""
    name = problem.filename if isinstance(problem.filename, str) else "a file"
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return ErrorInfo("output", "The disk is full.", "Free some space, or choose another folder for the result.")
    if isinstance(problem, PermissionError) or problem.errno == errno.EROFS:
        return ErrorInfo("output", f"No right to use {name}.", "Choose a folder you may write to.")
    if isinstance(problem, FileNotFoundError):
        return ErrorInfo("input", f"{name} does not exist.", "Check the path; the file may have been moved or deleted.")
    if problem.errno == errno.ENOMEM:
        return ErrorInfo("memory", "The computer ran out of memory.", SMALLER)
    return None
