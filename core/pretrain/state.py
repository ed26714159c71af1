"""Atomic checkpoint files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from core.errors import OutputError, TrainingError


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint beside its place and move it there, so that a stop never leaves half a file.

    Raises:
        OutputError: the disk is full or the folder cannot be written.
    """
    partial = path.with_suffix(".partial")
    try:
        torch.save(state, partial)
        os.replace(partial, path)
    except (OSError, RuntimeError) as problem:
        partial.unlink(missing_ok=True)
        raise OutputError(f"The checkpoint {path} cannot be written.", hint="Free some disk space.") from problem


def load_state(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint, or give None where there is none yet.

    Raises:
        TrainingError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as problem:
        raise TrainingError(
            f"The checkpoint {path} is damaged.", hint="Delete it to start over, or restore a copy."
        ) from problem
    return state
