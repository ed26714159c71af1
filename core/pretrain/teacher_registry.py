"""Registry of teachers with code of their own. Packages above core register theirs, so that core names none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.model.teachers import Teacher

_TEACHERS: dict[str, Callable[[], Teacher]] = {}


def register_teacher(name: str, make: Callable[[], Teacher]) -> None:
    """Let recipes name a teacher.

    Args:
        name: as recipes name it.
        make: loads it; called when a recipe names it, so that what is heavy is imported there.

    Raises:
        ValueError: another teacher has this name.
    """
    if _TEACHERS.setdefault(name, make) is not make:
        raise ValueError(f"The teacher {name!r} is registered already.")


def registered_teacher(name: str) -> Callable[[], Teacher] | None:
    """Returns the function that loads a teacher; None where no such teacher is registered."""
    return _TEACHERS.get(name)
