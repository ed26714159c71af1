"""Fetching a published model into the models folder."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from core.context import Context
from core.errors import ModelError
from core.model.cards import CARD_FILE, CONFIG_FILE, ModelCard, ModelFile
from core.model.download import fetch_file, matches
from core.model.hub import published_file
from core.model.zoo.listing import get_card
from core.model.zoo.models_folder import make_models_folder, move_into_place, write_json

HUB = "https://huggingface.co"


def fetch_model(
    name: str, *, accept_licence: bool | Callable[[ModelCard], bool] = False, context: Context | None = None
) -> ModelCard:
    """Fetch a published model into the models folder.

    Args:
        name: name of a published model.
        accept_licence: True where the user has read the licence and accepted it; or a function that shows the card's
            licence, asks, and returns the answer.
        context: reports the fraction downloaded; a cancelled download is resumed by the next.

    Returns:
        The card of the model, now on this computer.

    Raises:
        ModelError: the model is unknown, its licence was not accepted, or it could not be fetched whole and unchanged.
        CancelledError: the work was cancelled.
    """
    context = context or Context()
    card = get_card(name)
    if card.available:
        context.progress(1.0, f"{name} is already on this computer")
        return card
    if not card.address:
        raise ModelError(f"The model {name} cannot be fetched.", hint="Import it from a file or folder.")
    if card.must_accept and not (accept_licence(card) if callable(accept_licence) else accept_licence):
        raise ModelError(
            f"The model {name} is licensed {card.licence}; it is fetched once you accept that. {card.licence_text}",
            hint=f"Read {card.licence_url}, then run it again with --accept-licence.",
        )
    folder = make_models_folder()
    partial = folder / f".{name}.partial"
    fetched: list[dict[str, object]] = []
    revision = card.revision
    bytes_before, bytes_of_all = 0, sum(file.size for file in card.files) or 1
    for file in sorted(card.files, key=lambda item: item.size):  # small ones first: what is missing shows at once
        share = context.step(bytes_before / bytes_of_all, (bytes_before + file.size) / bytes_of_all)
        known, revision = _fetch(dataclasses.replace(card, revision=revision), file, partial, share)
        bytes_before += file.size
        fetched.append({"name": file.name, "size": (partial / file.name).stat().st_size, "hash": known})
    if card.layout_file is not None:
        shutil.copyfile(card.layout_file, partial / CONFIG_FILE)
    write_json(partial / CARD_FILE, {"revision": revision, "fetched": fetched, "address": card.address})
    move_into_place(partial, folder / name)
    context.progress(1.0, f"{name} is ready")
    return get_card(name)


def _fetch(card: ModelCard, file: ModelFile, folder: Path, context: Context) -> tuple[str, str]:
    """Fetch one file of a model; returns its hash and the commit that it is of.

    Raises:
        ModelError: the publisher gives no hash, or the file cannot be fetched.
    """
    address = card.address
    if os.environ.get("HF_ENDPOINT"):
        address = address.replace(HUB, os.environ["HF_ENDPOINT"].rstrip("/"))
    url = f"{address}/resolve/{card.revision}/{file.name}"
    known, size, commit = file.sha256, file.size, card.revision
    if not known:
        published = published_file(url)
        known, size, commit = published.hash, published.size or file.size, published.commit or card.revision
    if not known:
        raise ModelError(
            f"The publisher of {card.name} gives no hash for {file.name}, so it cannot be trusted.",
            hint="Fetch it by hand and import the folder.",
        )
    if not ((folder / file.name).is_file() and matches(folder / file.name, known)):
        fetch_file(url, folder / file.name, known, size=size, context=context)
    return known, commit
