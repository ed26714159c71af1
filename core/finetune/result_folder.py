"""Folder of a fine-tuned model: write check, name, and link in the models folder."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from core.errors import OutputError
from core.model.zoo import import_model, list_models


def check_writable(output: Path) -> None:
    """Raise before any work if the folder cannot be written; it is created when there is something to write.

    Raises:
        OutputError: it cannot be written.
    """
    folder = next(parent for parent in (output.absolute(), *output.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        raise OutputError(f"The folder {output} cannot be written to.", hint="Name another one with -o.") from problem


def model_name(output: Path) -> str:
    """The folder's name, made one that a model can have."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", output.resolve().name).strip("-._")
    return name or "my-model"


def _imported(folder: Path, name: str) -> str:
    return import_model(folder, name, link=True).name


def list_result(output: Path, link: Callable[[Path, str], str] = _imported) -> str:
    """Link the folder among the models, under its name or, where another has that, a numbered one.

    Args:
        output: the folder.
        link: links a folder under a name, and returns that.

    Returns:
        The name it is listed under.
    """
    folder = output.resolve()
    cards = list_models()
    for card in cards:
        if card.path is not None and card.path.resolve() == folder:
            return card.name
    known = {card.name for card in cards}
    base = model_name(output)
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, len(known) + 2))
    return link(folder, next(name for name in names if name not in known))
