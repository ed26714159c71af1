"""Benchmarks whose classes, though not images, occur in a model's training data."""

from __future__ import annotations

from pathlib import Path

from core.errors import ModelError
from core.model.cards import CARD_FILE, read_card
from core.model.zoo import get_card

CARD_FIELD = "trained_benchmarks"


def trained_benchmarks(model: str | Path) -> frozenset[str]:
    """Return the names of the benchmarks whose classes a model's card states it was trained on.

    Args:
        model: name or path, as for ``load_model``; for a file, the card beside it is read.
    """
    path = Path(model)
    try:
        if path.exists():
            folder = path if path.is_dir() else path.parent
            if not (folder / CARD_FILE).is_file():
                return frozenset()
            card = read_card(folder, name=folder.name)
        else:
            card = get_card(str(model))
    except ModelError:
        return frozenset()
    return frozenset(card.details.get(CARD_FIELD, ()))
