"""From open_clip's files to a model of ours: its configuration, and the names of its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import ModelError
from core.model.cards import OPEN_CLIP_CONFIG
from core.model.config import ModelConfig
from core.model.open_models.settings import (
    KIND,
    USE_THE_PUBLISHED_ONE,
    OpenModelSettings,
    read_open_clip_config,
)

Weights = dict[str, Tensor]

VISUAL, TEXT = "visual.trunk.tower.tower.", "text.tower."
"""Prefixes of open_clip's two towers in the state dict."""
WRAPPERS = ("clip_base_model.model.", "_orig_mod.", "model.")
"""Prefixes that training programs leave: Llama3-MS-CLIP's, torch.compile's, Lightning's."""
CONSTANTS = ("attn_mask", "position_ids", "input_resolution", "context_length", "vocab_size")
"""Last parts of names that are no weights."""
CLIP_SCALE, SIGLIP_SCALE = 1 / 0.07, 10.0


def open_config(settings: OpenModelSettings, **changes: Any) -> ModelConfig:  # noqa: ANN401 - fields of ModelConfig
    """Returns the configuration of an open_clip model.

    Args:
        settings: architecture, bands and normalisation.
        changes: fields of the configuration, such as ``templates``.

    Raises:
        ModelError: its image tower is of a family that is not known, or its settings do not fit together.
    """
    from core.model.open_models.visual import OpenTrunk

    architecture = dict(settings.architecture)
    if not isinstance(architecture.get("text_cfg"), Mapping):
        raise ModelError("The open_clip configuration lacks text_cfg.", hint=USE_THE_PUBLISHED_ONE)
    text = {"kind": KIND, "architecture": {key: architecture[key] for key in _TEXT_KEYS if key in architecture}}
    seen = {key: value for key, value in architecture.items() if key != "text_cfg"}
    # The towers' sizes decide stride and heads; building them without memory takes a moment.
    with torch.device("meta"):
        trunk = OpenTrunk(settings)
    bias = architecture.get("init_logit_bias")
    values: dict[str, Any] = {
        "image_size": trunk.image_size,
        "patch_size": trunk.token_stride,
        "width": trunk.embed_dim,
        "layers": 0,
        "heads": 1,
        "mlp_ratio": 1.0,
        "trunk": {**settings.to_json(), "architecture": seen},
        "text": text,
        "init_logit_scale": SIGLIP_SCALE if bias is not None else CLIP_SCALE,
        "init_logit_bias": float(bias or 0.0),
        "dense_head": trunk.best_head,
    }
    return ModelConfig.from_json({**values, **changes})


def config_beside(folder: Path) -> ModelConfig | None:
    """Returns the configuration of a folder in open_clip's layout; None where it holds none.

    Raises:
        ModelError: it holds one that cannot be read or does not fit.
    """
    for name in (OPEN_CLIP_CONFIG, "config.json"):
        settings = read_open_clip_config(folder / name)
        if settings is not None:
            return open_config(settings)
        if name == OPEN_CLIP_CONFIG and (folder / name).is_file():
            raise ModelError(
                f"{folder / name} is no configuration of open_clip, or is damaged.", hint="Fetch it again."
            )
    return None


def refuse_other_bands(config: ModelConfig, weights: Weights) -> None:
    """Make sure that a configuration has as many bands as the weights' first layer.

    Raises:
        ModelError: the weights take another number of bands than the configuration says.
    """
    first = weights.get(f"{VISUAL}conv1.weight")
    named = len((config.trunk or {}).get("bands_um", ()))
    if first is not None and first.ndim == 4 and first.shape[1] != named:
        raise ModelError(
            f"The weights take {first.shape[1]} bands, the configuration names {named}.",
            hint="Give bands_um, mean and std of every band in config.json; see resources/models/llama3-ms-clip.json.",
        )


def renamed_weights(weights: Weights) -> Weights:
    """Bring the tensors of an open_clip checkpoint under the names that they have in a model of ours.

    Both of open_clip's layouts are known (text tower at the top, or under ``text``), and the wrappers of training.
    """
    from open_clip.model import convert_to_custom_text_state_dict

    if any(name.startswith(VISUAL) for name in weights):
        return weights
    for wrapper in WRAPPERS:
        inside = {name.removeprefix(wrapper): value for name, value in weights.items() if name.startswith(wrapper)}
        if any(name.startswith("visual.") for name in inside):
            weights = inside
            break
    weights = {name: value for name, value in weights.items() if name.rpartition(".")[2] not in CONSTANTS}
    if "token_embedding.weight" in weights:
        weights = convert_to_custom_text_state_dict(weights)
    renamed: Weights = {"logit_bias": torch.tensor(0.0)}
    for name, value in weights.items():
        if name.startswith("visual."):
            renamed[VISUAL + name.removeprefix("visual.")] = value
        elif name.startswith("text."):
            renamed[TEXT + name.removeprefix("text.")] = value
        else:
            renamed[name] = value.reshape(()) if name in ("logit_scale", "logit_bias") else value
    return renamed


_TEXT_KEYS = ("embed_dim", "quick_gelu", "text_cfg")
