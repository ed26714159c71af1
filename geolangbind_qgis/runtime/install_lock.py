"""Lock that allows one installation at a time for one environment, across QGIS windows and the command line."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .platforms import Platform, this_platform
from .setup_error import SetupError
from .translation import tr


@contextlib.contextmanager
def install_lock(target: Path, platform: Platform | None = None) -> Iterator[None]:
    """Hold the lock of an environment; the operating system releases it when the process ends.

    Args:
        target: folder of the environment; the lock file is beside it.
        platform: the system; None for this one.

    Raises:
        SetupError: somebody else holds it, or the file cannot be written.
    """
    path = target.with_name(f"{target.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise no_rights(path.parent, problem) from problem
    try:
        if not _lock(descriptor, platform or this_platform()):
            raise SetupError(
                tr("Another set-up of the runtime is at work."),
                tr("Wait until it has ended, then try again."),
                code="busy",
            )
        yield
    finally:
        os.close(descriptor)


def no_rights(folder: Path, problem: OSError) -> SetupError:
    """Returns the error for a folder without write permission."""
    return SetupError(
        tr("The folder {0} cannot be written to ({1}).").format(folder, problem.strerror or type(problem).__name__),
        tr("Choose a folder that you may write to."),
        code="rights",
    )


def _lock(descriptor: int, platform: Platform) -> bool:
    """Acquire the lock without waiting."""
    try:
        if platform.is_windows:
            msvcrt: Any = importlib.import_module("msvcrt")
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
