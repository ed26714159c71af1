"""A model's folder appears whole: it is made in a hidden folder beside it and moved into place at the end."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import OutputError

STALE_AFTER_S = 24 * 3600
"""Age at which a hidden folder of a process that was killed is removed."""


@contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """Yield an empty folder to make a model in; on a clean exit it becomes the target.

    Where the target exists its other files stay, and those of the same names are replaced after all have been written.

    Args:
        target: the model's folder; its parents are made where they are missing.

    Yields:
        A folder on the same file system.

    Raises:
        OutputError: the folder cannot be written; nothing is left behind.
    """
    target = target.absolute()
    prefix = f".{target.name}.part-"
    staged = target.parent / f"{prefix}{uuid.uuid4().hex[:12]}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target.parent, prefix)
        staged.mkdir()
        yield staged
        if target.exists():
            for made in sorted(staged.iterdir()):
                os.replace(made, target / made.name)
        else:
            os.replace(staged, target)
    except OSError as problem:
        raise OutputError(f"{target} cannot be written: {problem}.", hint="Check the folder and the free space.") from (
            problem
        )
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _remove_stale(parent: Path, prefix: str) -> None:
    for left in parent.glob(f"{prefix}*"):
        if left.is_dir() and time.time() - left.stat().st_mtime > STALE_AFTER_S:
            shutil.rmtree(left, ignore_errors=True)
