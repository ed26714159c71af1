"""Linear classifier of per-pixel embeddings: fitted in seconds, stored as a model folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import ModelError, OutputError
from core.learning.logistic_regression import fit_linear
from core.model.cards import CARD_FILE, CONFIG_FILE, LINK_FILE, models_folder
from core.model.zoo import list_models

KIND = "embedding_head"
"""Entry of config.json by which a head is known."""
WEIGHTS_FILE = "model.safetensors"
STEPS = 300


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


def fit_class_head(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], classes: int, penalty: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], list[float]]:
    """Fit a softmax regression; every class weighs the same, whatever its number of pixels.

    Args:
        vectors: (N, D) unit vectors.
        labels: (N,) class of each.
        classes: number of classes.
        penalty: weight of the squared weights beside the mean loss.

    Returns:
        Weights (K, D), biases (K,), and the loss after every step.
    """
    samples, wanted = torch.from_numpy(vectors), torch.from_numpy(labels)
    mean = samples.mean(0)
    centred = samples - mean
    scale = float(centred.norm(dim=1).mean().clamp_min(1e-6))
    counts = torch.bincount(wanted, minlength=classes).clamp_min(1)
    each = 1.0 / counts[wanted]
    each = each / each.sum()
    losses: list[float] = []

    def loss_of(logits: Tensor) -> Tensor:
        loss = (each * F.cross_entropy(logits, wanted, reduction="none")).sum()
        losses.append(float(loss.detach()))
        return loss

    with torch.enable_grad():
        fitted = fit_linear(centred / scale, classes, loss_of, penalty, iterations=STEPS).T
    weight = fitted[:, :-1] / scale
    bias = fitted[:, -1] - weight @ mean
    return weight.numpy().copy(), bias.numpy().copy(), losses


def save_class_head(head: ClassHead, folder: Path, card: dict[str, Any]) -> None:
    """Write a head as config.json, model.safetensors and card.json.

    Raises:
        OutputError: the folder cannot be written.
    """
    config = {KIND: head.layout, "dimensions": int(head.weight.shape[1]), "classes": list(head.classes)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {"weight": torch.from_numpy(head.weight), "bias": torch.from_numpy(head.bias)}
        save_file(tensors, folder / WEIGHTS_FILE)
        for name, content in ((CONFIG_FILE, config), (CARD_FILE, card)):
            (folder / name).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as problem:
        raise OutputError(f"{folder} cannot be written: {problem}.", hint="Check the free space.") from problem


def link_class_head(folder: Path, name: str) -> str:
    """List a head's folder among the models, under a name that none of them has, and return it.

    Raises:
        OutputError: the models folder cannot be written.
    """
    target = models_folder() / name
    try:
        target.mkdir(parents=True)
        (target / LINK_FILE).write_text(json.dumps({"folder": str(folder)}), encoding="utf-8")
    except OSError as problem:
        raise OutputError(f"{target} cannot be written: {problem}.", hint="Check the models folder.") from problem
    return name


def load_class_head(name_or_path: str, layout: str) -> ClassHead:
    """Load a head for embeddings of a layout.

    Args:
        name_or_path: name of a model, or a folder.
        layout: of the raster it is to be used on.

    Raises:
        ModelError: there is none, it is a model for images, it is damaged, or it was fitted on another layout.
    """
    folder = _folder_of(name_or_path)
    config = _config_of(folder)
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
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
        weight, bias = tensors["weight"].numpy(), tensors["bias"].numpy()
        content = (folder / WEIGHTS_FILE).read_bytes()
    except (OSError, KeyError, ValueError, RuntimeError) as problem:
        raise ModelError(f"The head {name_or_path} cannot be read: {problem}.", hint="Train it again.") from problem
    sha256 = hashlib.sha256(content).hexdigest()
    return ClassHead(layout, tuple(config["classes"]), weight, bias, name_or_path, sha256)


def _folder_of(name_or_path: str) -> Path:
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    named = {card.name: card.path for card in list_models()}.get(name_or_path)
    if named is None:
        raise ModelError(f"There is no model called {name_or_path}.", hint="core models list shows those there are.")
    return named


def _config_of(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ModelError(f"{folder} holds no model that can be read: {problem}.", hint="Check the folder.") from problem
    return config if isinstance(config, dict) else {}
