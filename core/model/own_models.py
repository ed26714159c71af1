"""Models that a person may rename or delete: those in the models folder, imported, fetched or trained."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from core.errors import ModelError
from core.model.cards import CARD_FILE, models_folder

_NAME = re.compile(r"[\w][\w .-]{0,79}")


def delete_model(name: str) -> None:
    """Delete a model of the models folder; linked weights elsewhere are not deleted.

    Raises:
        ModelError: there is no such model, it came with the program, or it cannot be deleted.
    """
    folder = _own_folder(name)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise ModelError(f"The model {name} cannot be deleted ({error.strerror}).", hint=f"Delete {folder}.") from error


def rename_model(name: str, new_name: str) -> None:
    """Rename a model of the models folder.

    Raises:
        ModelError: there is no such model, it came with the program, the name cannot be used or is taken.
    """
    folder, new_name = _own_folder(name), new_name.strip()
    if not _NAME.fullmatch(new_name) or new_name.endswith("."):
        raise ModelError(f"{new_name!r} cannot be a model's name.", hint="Use letters, digits and hyphens.")
    target = folder.with_name(new_name)
    if target.exists():
        raise ModelError(f"There is already a model called {new_name}.", hint="Give it another name.")
    try:
        folder.rename(target)
        _write_name(target / CARD_FILE, name, new_name)
    except OSError as error:
        hint = "Close other programs that use it."
        raise ModelError(f"The model {name} cannot be renamed ({error.strerror}).", hint=hint) from error


def _own_folder(name: str) -> Path:
    """Returns the folder of a model that is the person's own."""
    folder = models_folder() / name
    if not name or Path(name).name != name or not folder.is_dir():
        raise ModelError(
            f"{name} is not in the models folder.", hint="Models that came with the program stay as they are."
        )
    return folder


def _write_name(card: Path, name: str, new_name: str) -> None:
    """Write the new name into a model's card, and into its title where that was the name."""
    if not card.is_file():
        return
    values = json.loads(card.read_text(encoding="utf-8"))
    values["name"] = new_name
    if values.get("title") == name:
        values["title"] = new_name
    card.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
