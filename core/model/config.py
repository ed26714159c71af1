"""What a model's JSON configuration may say, checked before anything is built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.errors import ModelError

Config = dict[str, Any]

SIZES: dict[str, type] = {
    "image_size": int,
    "patch_size": int,
    "width": int,
    "layers": int,
    "heads": int,
    "mlp_ratio": float,
}
OPTIONAL = {
    "text",  # sizes of a SigLIP text tower, or {"tower", "sha256", "revision"} of a frozen sentence encoder
    "translators",  # {teacher: {"grid", "channels"}}
    "embed_dim",  # a linear head from width to this many dimensions
    "trunk",  # {"kind", …} of a trunk in core.model.trunks; without it the ViT of the sizes above
    "stem",  # settings of the ViT's convolutional spectral stem
    "dense",  # settings of the dense decoder; "kind" where it is not the first one
    "scene",  # settings of the head over statistics of the trunk's maps
    "smallest_image",  # side in pixels that smaller whole images are enlarged to
    "drop_path",  # stochastic depth while training
    "templates",  # prompt templates with "{}" for the class
    "init_logit_scale",  # scale of the similarity before its logarithm
    "init_logit_bias",
    "dense_head",  # the dense head used unless asked otherwise
    "name",
    "notes",
}


def read_config(path: Path) -> Config:
    """Read and check a JSON configuration.

    Raises:
        ModelError: the file is missing, not JSON, or not a configuration.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise ModelError(f"There is no model configuration at {path}.", hint="Name the model's JSON file.") from problem
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise ModelError(f"The model configuration {path} cannot be read: {problem}.") from problem
    return check_config(config)


def check_config(config: Config) -> Config:
    """Returns the configuration if a model can be built from it.

    Raises:
        ModelError: an entry is missing, unknown, or contradicts another.
    """
    if not isinstance(config, dict):
        raise ModelError("A model configuration must be a JSON object.")
    missing = sorted(set(SIZES) - set(config))
    unknown = sorted(set(config) - set(SIZES) - OPTIONAL)
    if missing or unknown:
        parts = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        raise ModelError(f"The model configuration {' and '.join(parts)}.", hint="Compare it with resources/models.")
    for name, kind in SIZES.items():
        value: Any = config[name]
        if name == "layers" and config.get("trunk") is not None and value == 0:
            continue
        allowed = (int, float) if kind is float else (int,)
        if isinstance(value, bool) or not isinstance(value, allowed) or not value > 0:
            raise ModelError(f"The model configuration needs a positive number for {name}, not {value!r}.")
    if config["image_size"] < config["patch_size"] or config["width"] % config["heads"]:
        raise ModelError("The model configuration is contradictory: the patch must fit the image, the heads the width.")
    if config.get("scene") is not None and config.get("stem") is None and config.get("trunk") is None:
        raise ModelError("The model configuration has a scene head but no finer maps that it could read.")
    return config
