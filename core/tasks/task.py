"""A task: its name, its declared parameters, and its function."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.context import Context

Run = Callable[[Any, Context], dict[str, Any]]
"""``run(params, context) -> result``; ``params`` is the task's dataclass, the result holds JSON values alone."""
Show = Callable[[dict[str, Any]], str]
"""Formats a result as text."""


@dataclass(frozen=True)
class Task:
    """A task, declared once for the command line, the server and the Processing toolbox.

    Attributes:
        name: of the server's method and of the command.
        params: dataclass of its parameters; see ``core.protocol.parameter``.
        run: the function, or "module:function", imported when the task is requested.
        help: what it does, in one line.
        interactive: whether the user waits for it: it overtakes work in the background.
        command: whether the command line is made of the declaration.
        show: formats a result for the command line; None for one line a value.
    """

    name: str
    params: type
    run: str | Run
    help: str
    interactive: bool = False
    command: bool = False
    show: str | Show | None = None

    def load(self) -> Run:
        """The task's function, imported now."""
        found: Run = _loaded(self.run)
        return found

    def in_words(self, result: dict[str, Any]) -> str:
        """A result as text for the command line."""
        if self.show is None:
            return "\n".join(f"{name}: {value}" for name, value in result.items())
        return str(_loaded(self.show)(result))


def _loaded(address: Any) -> Any:  # noqa: ANN401 - a function, or where it is
    if not isinstance(address, str):
        return address
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name)
