"""Published models as their publishers distribute them: weights without a configuration or a card of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from core.errors import ModelError
from core.model.cards import ModelCard, catalogue
from core.model.config import ModelConfig, read_config
from core.model.open_models.settings import is_open

if TYPE_CHECKING:
    from pathlib import Path

    from core.model.weight_files import Weights

SIZES = ("image_size", "patch_size", "width", "layers", "heads", "mlp_ratio", "embed_dim", "trunk", "stem", "dense")
FACTS = ("licence", "licence_text", "licence_url", "sensors", "band_counts")
"""Facts of a published model in the catalogue that hold for copies of it, too."""


def published_config(weights: Weights, source: Path) -> ModelConfig:
    """Returns the configuration of a published model, which is recognised by the sizes of its tensors.

    Raises:
        ModelError: it is none of them.
    """
    positions = weights.get("visual.trunk.pos_embed")
    for _, config in _layouts():
        side = config.image_size // config.patch_size
        if positions is not None and tuple(positions.shape) == (1, side * side, config.width):
            return config
    raise ModelError(
        f"It is unknown how {source.name} is built.",
        hint="Import the folder that has its config.json or open_clip_config.json, or name the architecture of an "
        "open_clip model: core models import FILE --architecture ViT-B-16.",
    )


def published_facts(config: ModelConfig) -> dict[str, Any]:
    """Returns what the catalogue states of the published model of this layout, as entries of a card; {} for none.

    A model without a card counts as the published one of its layout. It was trained with that one's wavelengths of
    bands that have none of their own, and is under its licence.
    """
    for card, published in _layouts():
        if all(getattr(config, name) == getattr(published, name) for name in SIZES):
            facts = {name: value for name in FACTS if (value := getattr(card, name))}
            facts = {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}
            return facts if card.placeholders is None else {**facts, "placeholders": card.placeholders}
    return {}


def _layouts() -> Iterator[tuple[ModelCard, ModelConfig]]:
    for card in catalogue().values():
        if card.layout_file is None:
            continue
        config = read_config(card.layout_file)
        if not is_open(config):  # a layout that many models share tells nothing of where one comes from
            yield card, config
