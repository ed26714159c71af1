"""Loads a head for embeddings by its name or folder."""

from __future__ import annotations

from pathlib import Path

from core.errors import ModelError
from core.model.class_head import KIND, ClassHead, config_of, read_class_head
from core.model.zoo.listing import list_models


def load_class_head(name_or_path: str, layout: str) -> ClassHead:
    """Load a head for embeddings of a layout.

    Args:
        name_or_path: name of a model, or a folder.
        layout: of the raster it is to be used on.

    Raises:
        ModelError: there is none, it is a model for images, it is damaged, or it was fitted on another layout.
    """
    folder = _folder_of(name_or_path)
    config = config_of(folder)
    if KIND not in config:
        raise ModelError(
            f"{name_or_path} is a model for images; the raster holds embeddings, which words cannot be compared with.",
            hint="Train a head on them first (core.train --raster … --labels …) and name it with --model.",
        )
    if config[KIND] != layout:
        raise ModelError(
            f"{name_or_path} was fitted on {config[KIND]} embeddings, these are {layout}.",
            hint="Train a head on embeddings of this kind.",
        )
    return read_class_head(folder, name_or_path)


def _folder_of(name_or_path: str) -> Path:
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    named = {card.name: card.path for card in list_models()}.get(name_or_path)
    if named is None:
        raise ModelError(f"There is no model called {name_or_path}.", hint="core models list shows those there are.")
    return named
