"""Atomic writes into the models folder."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from core.errors import OutputError
from core.model.cards import models_folder


def make_models_folder() -> Path:
    """Returns the models folder, made where it is missing.

    Raises:
        OutputError: it cannot be made.
    """
    root = models_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(f"The models folder {root} cannot be made: {problem}.", hint="Set GEOLANGBIND_HOME.") from (
            problem
        )
    return root


def move_into_place(staging: Path, target: Path) -> None:
    """Move a finished folder to its name atomically."""
    if target.exists():
        shutil.rmtree(target)
    os.replace(staging, target)


def write_json(path: Path, values: object) -> None:
    """Write values as an indented JSON file."""
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
