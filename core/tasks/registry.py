"""All tasks by name, found in the modules of ``core.tasks.declared``; a new task is one file there."""

from __future__ import annotations

import importlib
import pkgutil

from core.tasks import declared
from core.tasks.task import Task


def tasks() -> dict[str, Task]:
    """All declared tasks by name.

    Raises:
        ValueError: two tasks have one name.
    """
    found: dict[str, Task] = {}
    for module in pkgutil.iter_modules(declared.__path__, f"{declared.__name__}."):
        for task in _tasks_of(module.name):
            if found.setdefault(task.name, task) is not task:
                raise ValueError(f"Two tasks are called {task.name}.")
    return found


def _tasks_of(name: str) -> tuple[Task, ...]:
    module = importlib.import_module(name)
    alone = getattr(module, "TASK", None)
    return (*getattr(module, "TASKS", ()), *(() if alone is None else (alone,)))
