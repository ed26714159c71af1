"""Dispatch of methods to tasks, with imports on demand."""

from __future__ import annotations

import importlib
import threading

from core.protocol import METHODS
from core.tasks.registry import tasks
from core.tasks.task import Run

CATALOGUE_METHODS = frozenset({"models"})
"""Answered from lists and folders, without a raster."""

SESSION_METHODS = frozenset({"hello", "ping", "cancel", "shutdown"})
"""Answered by the server itself, also in the middle of work."""


FIRST_PROMPT_MODULES = ("core.tasks.highlight", "core.model.geolangbind", "core.model.weight_files")

SECONDS_OF_LOOKING = 2.0
"""After an answer, until what speeds up the next is prepared: a request that follows at once has the processor."""

_IMPORTING = threading.RLock()
"""Two threads importing modules that need each other would each get half a module of the other's."""


def methods() -> dict[str, type]:
    """Params dataclass of every method: those of the server itself, of the catalogues, and of all tasks."""
    return {**METHODS, **{name: task.params for name, task in tasks().items()}}


def is_interactive(method: str) -> bool:
    """Whether the user waits for the answer, whatever is requested."""
    return method in METHODS or tasks()[method].interactive


def find_task(method: str) -> Run:
    """The function that does the work of ``method``.

    Raises:
        KeyError: no such method, or one that the server answers itself.
    """
    with _IMPORTING:
        if method in CATALOGUE_METHODS:
            found: Run = getattr(importlib.import_module("core.serve.catalogue"), method)
            return found
        return tasks()[method].load()


def warm_up() -> None:
    """Import the modules of the first prompt while the user is still typing."""
    with _IMPORTING:
        for name in FIRST_PROMPT_MODULES:
            importlib.import_module(name)


def prepare_for_more() -> None:
    """Prepare the compiled kernels in the background after the first result."""
    from core.dense.compiled import KERNELS

    KERNELS.prepare_beside(SECONDS_OF_LOOKING)
