"""Finds the task behind a method; nothing heavy is imported before it is asked for."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

from core.context import Context
from core.protocol import METHODS

Task = Callable[[Any, Context], dict[str, Any]]
"""``run(params, context) -> dict``; ``params`` is the method's dataclass."""

CATALOGUE_METHODS = frozenset({"models", "schemes"})
"""Answered from lists and folders, without a raster."""

SESSION_METHODS = frozenset({"hello", "ping", "cancel", "shutdown"})
"""Answered by the server itself, also in the middle of work."""


FIRST_PROMPT_MODULES = ("core.tasks.highlight", "core.model.geolangbind", "core.model.weight_files")

SECONDS_OF_LOOKING = 2.0
"""After an answer, until what speeds up the next is prepared: who asks again at once shares no processor."""

_IMPORTING = threading.RLock()
"""Two threads importing modules that need each other would each get half a module of the other's."""


def find_task(method: str) -> Task:
    """Returns the function that does the work of ``method``.

    Raises:
        KeyError: no such method, or one that the server answers itself.
    """
    if method not in METHODS or method in SESSION_METHODS:
        raise KeyError(method)
    module = "core.serve.catalogue" if method in CATALOGUE_METHODS else f"core.tasks.{method}"
    with _IMPORTING:
        return getattr(importlib.import_module(module), method if method in CATALOGUE_METHODS else "run")


def warm_up() -> None:
    """Import what the first prompt needs while the person is still typing it: most of the time to a first answer."""
    with _IMPORTING:
        for name in FIRST_PROMPT_MODULES:
            importlib.import_module(name)


def prepare_for_more() -> None:
    """After a first answer from a model, have compiled kernels made ready, while the person looks at it."""
    from core.dense.compiled import KERNELS

    KERNELS.prepare_beside(SECONDS_OF_LOOKING)
