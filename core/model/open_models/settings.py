"""Settings of an open_clip model: architecture, bands and normalisation of pixels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ModelError
from core.spectral.band_choice import COLOURS_UM

if TYPE_CHECKING:
    from core.model.config import ModelConfig

KIND = "open_clip"
"""The ``kind`` of a configuration's trunk and text."""
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
"""Mean and deviation of OpenAI's CLIP, which open_clip takes where a configuration names none."""
DISPLAY, REFLECTANCE = "display", "reflectance"
SCALES = (DISPLAY, REFLECTANCE)
_NAME, _HUB_NAME = re.compile(r"\w[\w.-]*"), re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_NAMED_PARTS = (
    ("vision_cfg", "timm_model_name", _NAME),
    ("text_cfg", "hf_model_name", _HUB_NAME),
    ("text_cfg", "hf_tokenizer_name", _HUB_NAME),
)
"""Entries of an architecture that name what other packages build, and how such names look."""
_WRONG_VALUES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What open_clip, timm and torch raise for settings that do not fit."""
USE_THE_PUBLISHED_ONE = "Use the open_clip_config.json that came with the weights."


@dataclass(frozen=True)
class OpenModelSettings:
    """An open_clip model.

    Attributes:
        architecture: ``model_cfg`` as open_clip writes it: ``embed_dim``, ``vision_cfg``, ``text_cfg`` and more.
        bands_um: centre wavelengths of its input, in its order, in µm.
        mean: subtracted of each band, in units of ``scale``.
        std: what the difference is divided by.
        scale: DISPLAY for 0..1 of a picture, REFLECTANCE for reflectance × 10 000.
    """

    architecture: Mapping[str, Any]
    bands_um: tuple[float, ...] = COLOURS_UM
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD
    scale: str = DISPLAY

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        lengths = {len(self.bands_um), len(self.mean), len(self.std)}
        if len(lengths) != 1 or self.scale not in SCALES or not all(value > 0 for value in self.std):
            raise ModelError(
                "The model's bands, means and deviations do not fit together.",
                hint="Give one wavelength, mean and deviation for every band.",
            )
        if not {"embed_dim", "vision_cfg"} <= set(self.architecture):
            raise ModelError("The open_clip configuration lacks embed_dim or vision_cfg.", hint=USE_THE_PUBLISHED_ONE)
        dimension = self.architecture["embed_dim"]
        if not isinstance(dimension, int) or dimension < 1:
            raise ModelError(
                f"The open_clip configuration's embed_dim is no positive number: {dimension!r}.",
                hint=USE_THE_PUBLISHED_ONE,
            )
        if not isinstance(self.architecture["vision_cfg"], Mapping):
            raise ModelError("The open_clip configuration's vision_cfg is no object.", hint=USE_THE_PUBLISHED_ONE)
        refuse_places(self.architecture)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> OpenModelSettings:
        """Read the settings of a configuration's trunk.

        Raises:
            ModelError: an entry is unknown, missing or does not fit.
        """
        try:
            settings = {name: value for name, value in values.items() if name != "kind"}
            lists: dict[str, Any] = {
                name: tuple(settings.pop(name)) for name in ("bands_um", "mean", "std") if name in settings
            }
            return cls(settings.pop("architecture"), **lists, **settings)
        except (KeyError, TypeError) as problem:
            raise ModelError(f"The settings of the open_clip model do not fit: {problem}.") from problem

    def to_json(self) -> dict[str, Any]:
        """Returns the settings of a configuration's trunk."""
        return {
            "kind": KIND,
            "architecture": dict(self.architecture),
            "bands_um": list(self.bands_um),
            "mean": list(self.mean),
            "std": list(self.std),
            "scale": self.scale,
        }


def refuse_places(architecture: Mapping[str, Any]) -> None:
    """Refuse paths and addresses where an architecture names what timm or transformers build.

    Raises:
        ModelError: an entry is no name of a published model or tokenizer.
    """
    for part, entry, pattern in _NAMED_PARTS:
        name = (architecture.get(part) or {}).get(entry)
        if name is not None and not (isinstance(name, str) and pattern.fullmatch(name)):
            raise ModelError(
                f"The configuration's {entry} is no name of a published model: {str(name)[:80]!r}.",
                hint=USE_THE_PUBLISHED_ONE,
            )


@contextmanager
def fitting_part(part: str) -> Iterator[None]:
    """Build a part of an open_clip model from its settings, which open_clip, timm and torch check in their own ways.

    Raises:
        ModelError: a setting is unknown, missing, of the wrong type or contradicts another.
    """
    try:
        yield
    except _WRONG_VALUES as problem:
        said = " ".join(str(problem).split()).removesuffix(".")[:200]
        raise ModelError(
            f"The open_clip configuration's {part} does not fit: {said}.", hint=USE_THE_PUBLISHED_ONE
        ) from problem


def is_open(config: ModelConfig) -> bool:
    """Whether a configuration is that of an open_clip model."""
    return config.trunk is not None and config.trunk.get("kind") == KIND


def read_open_clip_config(path: Path) -> OpenModelSettings | None:
    """Read a JSON file as open_clip writes it; None where it is something else.

    ``{"model_cfg": …, "preprocess_cfg": {"mean", "std"}}``, or the architecture alone.

    Raises:
        ModelError: it is one, and does not fit.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(values, Mapping):
        return None
    architecture = values.get("model_cfg", values)
    if not isinstance(architecture, Mapping) or "vision_cfg" not in architecture:
        return None
    preprocessing = values.get("preprocess_cfg") or {}
    with fitting_part("preprocess_cfg"):
        given: dict[str, Any] = {
            name: _numbers(preprocessing[name]) for name in ("mean", "std") if preprocessing.get(name)
        }
    return OpenModelSettings(architecture, **given)


def named_architecture(name: str) -> OpenModelSettings:
    """Returns the settings of an architecture that open_clip knows, such as ViT-B-16.

    Raises:
        ModelError: it knows none of this name.
    """
    from open_clip.factory import get_model_config, list_models

    found = get_model_config(name)
    if found is None:
        near = [known for known in list_models() if known.lower().startswith(name.lower()[:5])][:8]
        raise ModelError(f"open_clip knows no architecture {name!r}.", hint=f"Similar are {', '.join(near)}.")
    half: dict[str, Any] = {"mean": (0.5,) * 3, "std": (0.5,) * 3} if "siglip" in name.lower() else {}
    return OpenModelSettings(found, **half)


def _numbers(values: Any) -> tuple[float, ...]:  # noqa: ANN401 - a number or a list of a JSON file
    return tuple(map(float, values)) if isinstance(values, Sequence) else (float(values),) * 3
