"""Loading a model by name or path, with its weights and its text part checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ModelError
from core.model.cards import CARD_FILE, CONFIG_FILE, ModelCard, card_from, weights_file
from core.model.config import ModelConfig, read_config
from core.model.zoo.listing import lies_in_model_folder, locate_model
from core.model.zoo.published import published_config, published_facts

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

DEFAULT_MODEL = "geolb-tiny"


def load_model(
    name_or_path: str | Path = DEFAULT_MODEL,
    *,
    config: ModelConfig | Mapping[str, Any] | str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
) -> GeoLangBind:
    """Load a model, every key of its weights accounted for and its text part tested.

    Args:
        name_or_path: name from ``list_models``, a weights file, or a folder with one.
        config: configuration, its values or its JSON file; None for the one beside the weights, or the published one
            that fits.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        dtype: "auto", "float32", "bf16" or "float16".

    Returns:
        The model in evaluation mode, without gradients, on the device.

    Raises:
        ModelError: it is unknown, not on this computer, damaged, or does not fit its configuration.
        DeviceError: the device is not there.
    """
    from core.model.devices import choose_device

    compute = choose_device(device, dtype)
    card, path = locate_model(name_or_path)
    if path is None:
        how = f"Fetch it with: python -m core models fetch {card.name}" if card.address else "Import it first."
        raise ModelError(f"The model {card.name} is not on this computer.", hint=how)
    if isinstance(config, (str, Path)):
        config = read_config(Path(config))
    elif isinstance(config, Mapping):
        config = ModelConfig.from_json(config)
    model = read_model(path, config)
    model.card = _completed(card, model.config)
    model.compute = compute
    return model.to(device=compute.torch_device, memory_format=model.visual.trunk.memory_format)  # type: ignore[call-overload, no-any-return]


def read_model(path: Path, config: ModelConfig | None) -> GeoLangBind:
    """Read, build and test a model on the CPU in float32.

    Args:
        path: weights file, or a folder with one.
        config: its configuration; None for the one beside the weights, or the published one that fits.

    Raises:
        ModelError: it is not there, is damaged, or does not fit its configuration.
    """
    from core.model.pixel_classifier import read_pixel_classifiers
    from core.model.selftest import check_prompts_differ
    from core.model.weight_files import build_model, read_weights

    if config is None:
        config, weights_path = find_model_files(path)
    else:
        weights_path = find_weights(path)
    weights = read_weights(weights_path)
    model = build_model(config or published_config(weights, weights_path), weights, weights_path.name)
    folder = weights_path.parent
    if lies_in_model_folder(path):
        model.pixel_classifiers = read_pixel_classifiers(folder)
    if model.knows_words:
        tower: Any = model.text
        if getattr(tower, "tokenizer_name", "") and (folder / "tokenizer.json").is_file():
            tower.tokenizer_name = str(folder)
        check_prompts_differ(model)
    return model


def find_model_files(path: Path) -> tuple[ModelConfig | None, Path]:
    """Find configuration (None where there is none) and weights of a file or folder.

    Raises:
        ModelError: there is nothing, or no weights.
    """
    weights = find_weights(path)
    return (_config_in(weights.parent) if lies_in_model_folder(path) else None), weights


def find_weights(path: Path) -> Path:
    """Find the weights of a file or folder.

    Raises:
        ModelError: there is nothing, or no weights.
    """
    if not path.exists():
        raise ModelError(f"There is no model at {path}.", hint="Check the path.")
    weights = weights_file(path) if path.is_dir() else path
    if weights is None:
        raise ModelError(f"The folder {path} holds no model weights.", hint="It needs a model.safetensors.")
    return weights


def _config_in(folder: Path) -> ModelConfig | None:
    """Returns the configuration of a model's folder, ours or open_clip's; None where there is none.

    Raises:
        ModelError: it cannot be read, or does not fit.
    """
    from core.model.open_models.layout import config_beside

    file = folder / CONFIG_FILE
    if not file.is_file():
        return config_beside(folder)
    try:
        return read_config(file)
    except ModelError:
        beside = config_beside(folder)  # transformers writes another config.json beside open_clip's
        if beside is not None:
            return beside
        if _is_of_transformers(file):
            raise ModelError(
                f"{file} is a configuration of the transformers library, not one of open_clip.",
                hint="Import the open_clip version of the model, which has an open_clip_config.json.",
            ) from None
        raise


def _is_of_transformers(file: Path) -> bool:
    """Whether a configuration is one of the transformers library, whose weights have other names."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(values, Mapping) and "model_type" in values


def _completed(card: ModelCard, config: ModelConfig) -> ModelCard:
    """Returns the card of a model; for a published one that came without a card, with what the catalogue states."""
    facts = published_facts(config)
    if not facts or (card.path is not None and (card.path / CARD_FILE).is_file()):
        return card
    return card_from(facts, name=card.name, title=card.title, source=card.source, path=card.path, details=card.details)
