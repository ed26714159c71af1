"""Linear classifier of per-pixel embeddings, stored as a model folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from core.errors import ModelError
from core.model.cards import CARD_FILE, CONFIG_FILE, LINK_FILE, RESULTS_FILE, models_folder
from core.model.model_folder import made_whole

KIND = "embedding_head"
"""Entry of config.json by which a head is known."""
WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True)
class ClassHead:
    """Logits of classes: ``weight · vector + bias``.

    Attributes:
        layout: name of the layout of embeddings it was fitted on.
        classes: words of each class.
        weight: (K, D) float32.
        bias: (K,) float32.
        name: of the model; "" before it is kept.
        sha256: of the weights file; "" before it is kept.
    """

    layout: str
    classes: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    name: str = ""
    sha256: str = ""

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (K, h, w) of unit vectors (D, h, w)."""
        found = np.einsum("kd,dhw->khw", self.weight, vectors, optimize=True) + self.bias[:, None, None]
        return np.asarray(found, np.float32)


def save_class_head(head: ClassHead, folder: Path, card: dict[str, Any], results: dict[str, Any]) -> None:
    """Write a head as config.json, model.safetensors, card.json and results.json, whole or not at all.

    Raises:
        OutputError: the folder cannot be written.
    """
    config = {KIND: head.layout, "dimensions": int(head.weight.shape[1]), "classes": list(head.classes)}
    tensors = {"weight": np.ascontiguousarray(head.weight), "bias": np.ascontiguousarray(head.bias)}
    with made_whole(folder) as staged:
        save_file(tensors, staged / WEIGHTS_FILE)
        for name, content in ((CONFIG_FILE, config), (CARD_FILE, card), (RESULTS_FILE, results)):
            (staged / name).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def link_class_head(folder: Path, name: str) -> str:
    """List a head's folder among the models, under a name that none of them has, and return it.

    Raises:
        OutputError: the models folder cannot be written.
    """
    with made_whole(models_folder() / name) as staged:
        (staged / LINK_FILE).write_text(json.dumps({"folder": str(folder)}), encoding="utf-8")
    return name


def read_class_head(folder: Path, name: str) -> ClassHead:
    """Read a head from its folder.

    Raises:
        ModelError: it is damaged.
    """
    config = config_of(folder)
    classes = config.get("classes")
    try:
        content = (folder / WEIGHTS_FILE).read_bytes()
        tensors = load(content)
        weight, bias = tensors["weight"], tensors["bias"]
        if not isinstance(classes, list) or weight.shape != (len(classes), config["dimensions"]):
            raise ValueError("its weights do not fit its configuration")
        if bias.shape != (len(classes),):
            raise ValueError("its weights do not fit its configuration")
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as problem:
        raise ModelError(f"The head {name} cannot be read: {problem}.", hint="Train it again.") from problem
    sha256 = hashlib.sha256(content).hexdigest()
    return ClassHead(str(config[KIND]), tuple(map(str, classes)), weight, bias, name, sha256)


def is_class_head(folder: Path) -> bool:
    """Whether a model's folder holds a head for embeddings."""
    try:
        return KIND in config_of(folder)
    except ModelError:
        return False


def config_of(folder: Path) -> dict[str, Any]:
    """Return a model's configuration.

    Raises:
        ModelError: there is none that can be read.
    """
    try:
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ModelError(f"{folder} holds no model that can be read: {problem}.", hint="Check the folder.") from problem
    return config if isinstance(config, dict) else {}
