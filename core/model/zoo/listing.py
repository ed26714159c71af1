"""List of available models: embedded, published, and those in the models folder."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from core.errors import GeoLangBindError, ModelError
from core.model.cards import (
    CONFIG_FILE,
    LINK_FILE,
    OPEN_CLIP_CONFIG,
    ModelCard,
    catalogue,
    models_folder,
    read_card,
    weights_file,
)


def list_models() -> list[ModelCard]:
    """List every model: embedded, published (fetched or not) and the user's own.

    Folders put into the models folder, by training or by hand, appear at once; a broken one is listed with the reason
    as its description rather than hidden.
    """
    cards = catalogue()
    for name, folder in sorted(installed_models().items()):
        known = cards.get(name)
        try:
            own = read_card(folder, name=name, **({"source": known.source} if known else {}))
        except GeoLangBindError as problem:
            cards[name] = ModelCard(name, name, description=str(problem))
            continue
        usable = weights_file(folder) is not None
        merged = own
        if known is not None:
            details = {**known.details, **own.details}
            merged = dataclasses.replace(known, path=folder, revision=own.revision, details=details)
        cards[name] = (
            merged if usable else dataclasses.replace(merged, path=None, description="Its weights are missing.")
        )
    return list(cards.values())


def get_card(name: str) -> ModelCard:
    """Returns a model's card by its name.

    Raises:
        ModelError: no model has this name.
    """
    cards = {card.name: card for card in list_models()}
    if name not in cards:
        raise ModelError(f"There is no model called {name}.", hint=f"Known are {', '.join(cards)}; or give a path.")
    return cards[name]


def locate_model(name_or_path: str | Path) -> tuple[ModelCard, Path | None]:
    """Returns the card of a listed model, or of one at a path, and where its weights are; None where they are not here.

    Raises:
        ModelError: no model has this name, and nothing is there.
    """
    named = {card.name: card for card in list_models()}.get(str(name_or_path))
    path = Path(name_or_path).expanduser()
    if named is None and not path.exists():
        named = get_card(str(name_or_path))  # says which models there are
    if named is not None:
        return named, named.path
    if lies_in_model_folder(path):
        return read_card(path if path.is_dir() else path.parent), path
    return ModelCard(path.stem, path.name, path=path.parent), path


def lies_in_model_folder(path: Path) -> bool:
    """Whether configuration and card beside a weights file are this one's; a folder is always a model's own."""
    if path.is_dir() or path.name.startswith(("model.", "open_clip")):
        return True
    return (path.parent / OPEN_CLIP_CONFIG).is_file() and weights_file(path.parent) == path


def installed_models() -> dict[str, Path]:
    """Returns the folders in the models folder by name, links followed."""
    root = models_folder()
    found = {}
    for folder in root.iterdir() if root.is_dir() else []:
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        link = folder / LINK_FILE
        if link.is_file():
            try:
                folder_there = Path(json.loads(link.read_text(encoding="utf-8"))["folder"])
            except (OSError, ValueError, KeyError):
                continue
            found[folder.name] = folder_there
        elif (folder / CONFIG_FILE).is_file() or weights_file(folder) is not None:
            found[folder.name] = folder
    return found
