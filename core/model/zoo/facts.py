"""What is known of a model: its card with input, normalisation, templates and files, and what is not known."""

from __future__ import annotations

from typing import Any

from core.errors import ModelError
from core.model.cards import CONFIG_FILE, ModelCard
from core.model.config import DEFAULT_TEMPLATES, ModelConfig, read_config
from core.model.open_models.settings import OpenModelSettings, is_open
from core.model.zoo.listing import get_card


def model_facts(name: str) -> dict[str, Any]:
    """Return a card as plain values, with what its configuration and its files add.

    Added to the card: ``image_size`` in pixels; ``fixed_bands`` with ``bands_um``, ``mean``, ``std`` and ``scale``
    (None for a model of any bands); ``templates`` of prompts; ``files`` to fetch, their size in bytes and SHA-256 None
    where unknown; ``not_known``, in words. Of a model without a readable configuration the first three are None.

    Raises:
        ModelError: no model has this name.
    """
    card = get_card(name)
    config = _configuration(card)
    files = [{"name": file.name, "size": file.size or None, "sha256": file.sha256 or None} for file in card.files]
    return {
        **card.to_json(),
        "image_size": None if config is None else config.image_size,
        "fixed_bands": None if config is None else _fixed_bands(config),
        "templates": None if config is None else list(config.templates or DEFAULT_TEMPLATES),
        "files": files,
        "not_known": [] if card.available else _not_known(card),
    }


def _configuration(card: ModelCard) -> ModelConfig | None:
    """Returns the configuration beside the weights, or the published one; None where it cannot be read."""
    file = card.layout_file if card.path is None else card.path / CONFIG_FILE
    if file is None:
        return None
    try:
        return read_config(file)
    except ModelError:
        return None


def _fixed_bands(config: ModelConfig) -> dict[str, Any] | None:
    if not is_open(config):
        return None
    values = OpenModelSettings.from_json(config.trunk or {}).to_json()
    return {name: values[name] for name in ("bands_um", "mean", "std", "scale")}


def _not_known(card: ModelCard) -> list[str]:
    """Returns what a card of a model that is to be fetched leaves open, in words; the hub is asked at the fetch."""
    sizes = [file.name for file in card.files if not file.size]
    hashes = [file.name for file in card.files if not file.sha256]
    open_facts = [f"size of {', '.join(sizes)}"] * bool(sizes) + [f"hash of {', '.join(hashes)}"] * bool(hashes)
    if card.address and card.revision == "main":
        open_facts.append("the commit (the newest is fetched, and its name kept)")
    return open_facts
