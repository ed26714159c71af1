"""Finds the task behind a method; nothing heavy is imported before it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from core.protocol import METHODS

Task = Callable[..., dict[str, Any]]
"""``run(params, *, progress, cancel, notify, models) -> dict``; ``params`` is the method's dataclass."""

CATALOGUE_METHODS = frozenset({"models", "schemes"})
"""Answered from lists and folders, without a raster."""

SESSION_METHODS = frozenset({"hello", "ping", "cancel", "shutdown"})
"""Answered by the server itself, also in the middle of work."""


def find_task(method: str) -> Task:
    """Give the function that does the work of ``method``.

    Raises:
        KeyError: no such method, or one that the server answers itself.
    """
    if method not in METHODS or method in SESSION_METHODS:
        raise KeyError(method)
    module = "core.serve.catalogue" if method in CATALOGUE_METHODS else f"core.tasks.{method}"
    return getattr(importlib.import_module(module), method if method in CATALOGUE_METHODS else "run")
