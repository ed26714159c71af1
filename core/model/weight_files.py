"""Reading and writing weights: strictly, without running code from files, without twice the memory."""

from __future__ import annotations

import json
import os
import pickle
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.errors import ModelError, OutputError
from core.model.cards import CLASSIFIER_FILE, RESULTS_FILE
from core.model.config import ModelConfig
from core.model.geolangbind import GeoLangBind
from core.model.model_folder import made_whole
from core.model.open_models.layout import refuse_other_bands, renamed_weights
from core.model.open_models.settings import is_open
from core.model.pixel_classifier import PixelClassifiers, save_pixel_classifiers
from core.model.sentence_encoder import file_sha256

Weights = dict[str, Tensor]

PICKLED = (".bin", ".pt", ".pth")
NAMES_SHOWN = 4


def read_weights(path: Path, sha256: str | None = None) -> Weights:
    """Read a state dict without running anything the file contains.

    Args:
        path: ``.safetensors``, or an open_clip ``.bin``, ``.pt`` or ``.pth``; a training checkpoint's "state_dict" and
            the prefix "module." of data-parallel training are unwrapped.
        sha256: hash the file must have.

    Returns:
        Tensors by name in memory of their own, floating ones as float32.

    Raises:
        ModelError: the file is missing, truncated, not a checkpoint, holds code, or has another hash.
    """
    if not path.is_file():
        raise ModelError(f"There is no model file at {path}.", hint="Check the path, or fetch the model again.")
    if sha256 is not None and file_sha256(path) != sha256:
        raise ModelError(f"{path.name} is not the file it should be: its hash differs.", hint="Fetch it again.")
    with path.open("rb") as stream:
        if stream.read(24).startswith(b"version https://git-lfs"):
            raise ModelError(f"{path.name} is a Git LFS pointer, not the model itself.", hint="Run git lfs pull.")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix in PICKLED:
        return _read_pickled(path)
    raise ModelError(f"{path.name} is not a kind of model file.", hint="Use .safetensors, .bin, .pt or .pth.")


def build_model(config: ModelConfig, weights: Weights, source: str) -> GeoLangBind:
    """Build a model around weights, every key accounted for; memory is that of the weights alone.

    Translators may be absent from the weights. Where the configuration does not name translators and the weights
    hold some, their sizes are read from the weights.

    Args:
        config: the model's configuration.
        weights: state dict; its tensors become the model's.
        source: what to call the weights in an error.

    Raises:
        ModelError: a key is missing or unexpected, or a shape differs.
    """
    if is_open(config):
        weights = renamed_weights(weights)
        refuse_other_bands(config, weights)
    found = translator_sizes(weights)
    if not found:
        config = config.with_values(translators=None)
    elif config.translators is None:
        config = config.with_values(translators=found)
    with torch.device("meta"):
        model = GeoLangBind(config)
    _refuse_differences(model.state_dict(), weights, source)
    model.load_state_dict(weights, strict=True, assign=True)
    if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
        # A part keeps constants outside its state dict, which only an ordinary construction fills in.
        model = GeoLangBind(config)
        model.load_state_dict(weights, strict=True, assign=True)
    return model.eval().requires_grad_(False)


def save_weights(model: GeoLangBind, path: Path, dtype: torch.dtype | None = None) -> None:
    """Write a model's weights as ``.safetensors`` or ``.bin``, whole or not at all.

    Args:
        model: the model; a frozen sentence encoder is not part of it.
        path: target.
        dtype: floating type to store, such as float16 for a small file; None to keep.

    Raises:
        OutputError: the file cannot be written.
    """
    weights = {
        name: tensor.detach().to(dtype if dtype and tensor.is_floating_point() else tensor.dtype).cpu().contiguous()
        for name, tensor in model.state_dict().items()
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            if path.suffix == ".safetensors":
                save_file(weights, temporary, metadata={"format": "pt"})
            else:
                torch.save(weights, temporary)
            temporary.chmod(0o644)  # safetensors keeps its files to their owner; a shared installation needs more
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, SafetensorError, RuntimeError) as problem:
        raise OutputError(f"{path} cannot be written: {problem}.", hint="Check the folder and the free space.") from (
            problem
        )


def save_model(
    model: GeoLangBind,
    folder: Path,
    card: dict[str, object],
    dtype: torch.dtype | None = None,
    results: dict[str, object] | None = None,
    classifiers: PixelClassifiers | None = None,
) -> None:
    """Write a model as a folder that ``core.model.zoo`` lists, whole or not at all.

    Args:
        model: the model.
        folder: gets config.json, model.safetensors and card.json.
        card: facts for card.json.
        dtype: floating type to store; None to keep.
        results: of its training, for results.json; None for no such file.
        classifiers: of the classes it was fine-tuned on; None for none. Those of a file that is replaced are removed.

    Raises:
        OutputError: the folder cannot be written.
    """
    if classifiers is None:
        (folder / CLASSIFIER_FILE).unlink(missing_ok=True)
    with made_whole(folder) as staged:
        save_weights(model, staged / "model.safetensors", dtype)
        (staged / "config.json").write_text(json.dumps(model.config.to_json(), indent=2) + "\n", encoding="utf-8")
        (staged / "card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if classifiers is not None:
            save_pixel_classifiers(classifiers, staged)
        if results is not None:
            (staged / RESULTS_FILE).write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")


def translator_sizes(weights: Weights) -> dict[str, dict[str, int]]:
    """Read the translators' grids and channels off their tensors."""
    sizes = {}
    for name, tensor in weights.items():
        parts = name.split(".", 2)
        if parts[0] == "translators" and len(parts) == 3 and parts[2] == "norm1.layer_norm.weight":
            kernel = weights.get(f"translators.{parts[1]}.conv1.weight")
            if kernel is not None and tensor.ndim == 3:
                sizes[parts[1]] = {"grid": tensor.shape[1], "channels": kernel.shape[0]}
    return sizes


def _read_safetensors(path: Path) -> Weights:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: _own(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, ValueError) as problem:
        raise ModelError(f"{path.name} is damaged or cut short ({problem}).", hint="Fetch or copy it again.") from (
            problem
        )


def _read_pickled(path: Path) -> Weights:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except pickle.UnpicklingError as problem:
        if "unsupported" in str(problem).lower():
            raise ModelError(
                f"{path.name} holds code besides weights, so it was not opened.",
                hint="Ask its author for a .safetensors file.",
            ) from problem
        raise ModelError(f"{path.name} is damaged or not a model file.", hint="Fetch or copy it again.") from problem
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as problem:
        raise ModelError(f"{path.name} is damaged or cut short.", hint="Fetch or copy it again.") from problem
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not all(isinstance(tensor, Tensor) for tensor in loaded.values()):
        raise ModelError(
            f"{path.name} does not hold a model's weights.", hint="Use a state dict as open_clip saves it."
        )
    return {str(name).removeprefix("module."): _own(loaded[name]) for name in list(loaded)}


def _own(tensor: Tensor) -> Tensor:
    """Copy a tensor out of the file's memory map, so that the file may change; float16 and bf16 become float32."""
    return tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"


def _refuse_differences(expected: Weights, given: Weights, source: str) -> None:
    """Name every kind of difference between the keys and shapes a model has and those it is given.

    Raises:
        ModelError: there is a difference.
    """
    missing = sorted(expected.keys() - given.keys())
    unexpected = sorted(given.keys() - expected.keys())
    shapes = sorted(name for name in expected.keys() & given.keys() if expected[name].shape != given[name].shape)
    parts = []
    for kind, names in (("lacks", missing), ("has unexpected", unexpected)):
        if names:
            parts.append(f"{kind} {_some(names)}")
    if shapes:
        first = shapes[0]
        parts.append(
            f"has other sizes for {_some(shapes)} (such as {tuple(given[first].shape)} "
            f"in place of {tuple(expected[first].shape)})"
        )
    if parts:
        raise ModelError(
            f"{source} does not fit its configuration: it {'; it '.join(parts)}.",
            hint="Use the configuration it was trained with.",
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN} more"
