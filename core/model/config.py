"""A model's configuration: sizes and parts, checked before anything is built."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from core.errors import ModelError

Settings = Mapping[str, Any]
"""Arguments of a part's class; where there are several classes, ``kind`` names one."""
DEFAULT_TEMPLATES = ("a satellite photo of {}.", "a satellite image of {}.")
"""SkyScript's prompt templates, which the published figures were measured with."""
LARGEST_SIZE = 1 << 16
"""Above all sizes of published models; larger ones would ask for more memory than there is."""
PARTS = ("text", "translators", "trunk", "stem", "dense", "scene", "prompt_calibration")


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and parts of a model.

    Attributes:
        image_size: side in pixels of the images that it was trained on.
        patch_size: side in pixels of a token's patch.
        width: channels of the tokens.
        layers: transformer blocks; 0 for a trunk without them.
        heads: attention heads.
        mlp_ratio: hidden width of the blocks' MLPs over ``width``.
        name: of the published layout.
        embed_dim: channels of text space, behind a linear head; None where they are the trunk's ``width``.
        trunk: a trunk of ``core.model.trunks``; None for the vision transformer of the sizes above.
        stem: the vision transformer's convolutional spectral stem.
        dense: the dense decoder.
        scene: the head over statistics of the trunk's maps.
        multi_scale_m: pixel size in metres up to which the windows of finer pictures are encoded at coarser sizes as
            well; 0 for never. See ``core.dense.scales``.
        smallest_image: side in pixels that smaller whole images are enlarged to.
        drop_path: stochastic depth while training.
        init_logit_scale: scale of the similarity before its logarithm.
        init_logit_bias: bias of the similarity.
        known_words: the words of the training, by which other words are read; see ``core.model.known_words``.
        templates: prompt templates with ``{}`` for the class; None for SkyScript's.
        prompt_calibration: ``{"norm", "slope", "offset", "radar"}`` of prompts; see ``core.model.prompt_calibration``.
        text: sizes of a SigLIP text tower, or ``{"tower", "sha256", "revision"}`` of a frozen sentence encoder.
        translators: ``{teacher: {"grid", "channels", "reads"}}``; what is read is "tokens", or "dense" features of
            the decoder, which is what learns where a pretrained trunk stays as it is.
        dense_head: the default dense head.
        notes: free text.
        entries: names of the values that the file gives, in its order. They are what ``to_json`` returns, so that a
            file that is read and written again, and the hash of the model, stay the same.

    Raises:
        ModelError: a value has the wrong type or contradicts another.
    """

    image_size: int
    patch_size: int
    width: int
    layers: int
    heads: int
    mlp_ratio: float
    name: str | None = None
    embed_dim: int | None = None
    trunk: Settings | None = None
    stem: Settings | None = None
    dense: Settings | None = None
    scene: Settings | None = None
    multi_scale_m: float = 0.0
    smallest_image: int = 0
    drop_path: float = 0.0
    init_logit_scale: float = 10.0
    init_logit_bias: float = -10.0
    known_words: tuple[str, ...] | None = None
    templates: tuple[str, ...] | None = None
    prompt_calibration: Settings | None = None
    text: Settings | None = None
    translators: Mapping[str, Settings] | None = None
    dense_head: str | None = None
    notes: Any = None
    entries: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("image_size", "patch_size", "width", "heads", "mlp_ratio"):
            _require_positive(name, getattr(self, name), whole=name != "mlp_ratio")
        if self.trunk is None or self.layers != 0:
            _require_positive("layers", self.layers)
        if self.embed_dim is not None:
            _require_positive("embed_dim", self.embed_dim)
        for name in PARTS:
            if not isinstance(getattr(self, name), Mapping | None):
                raise ModelError(f"The model configuration needs an object for {name}, not {getattr(self, name)!r}.")
        if self.multi_scale_m:
            _require_positive("multi_scale_m", self.multi_scale_m, whole=False)
        if self.image_size < self.patch_size or self.width % self.heads:
            raise ModelError(
                "The model configuration is contradictory: the patch must fit the image, the heads the width."
            )
        if self.scene is not None and self.stem is None and self.trunk is None:
            raise ModelError("The model configuration has a scene head but no finer maps that it could read.")
        if not self.entries:
            given = tuple(name for name, default in _DEFAULTS.items() if getattr(self, name) != default)
            object.__setattr__(self, "entries", given)

    @classmethod
    def from_json(cls, values: object) -> ModelConfig:
        """Check the values of a configuration file.

        Raises:
            ModelError: they are no JSON object, or an entry is missing, unknown, of the wrong type or contradicts
                another.
        """
        if not isinstance(values, Mapping):
            raise ModelError("A model configuration must be a JSON object.")
        if "embedding_head" in values:
            raise ModelError(
                f"This is a head for {values['embedding_head']} embeddings, not a model for images.",
                hint="Use it on rasters of such embeddings: core classify EMBEDDINGS --model NAME.",
            )
        missing = sorted(name for name, default in _DEFAULTS.items() if default is MISSING and name not in values)
        unknown = sorted(str(name) for name in values if name not in _DEFAULTS)
        parts = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        if parts:
            raise ModelError(
                f"The model configuration {' and '.join(parts)}.", hint="Compare it with resources/models."
            )
        given = copy.deepcopy(dict(values))
        for name in ("templates", "known_words"):
            if given.get(name) is not None:
                given[name] = tuple(given[name])
        return cls(**given, entries=tuple(values))

    def to_json(self) -> dict[str, Any]:
        """Returns the values that the file gives, in its order."""
        values = {name: copy.deepcopy(getattr(self, name)) for name in self.entries}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def with_values(self, **changes: Any) -> ModelConfig:  # noqa: ANN401 - the values of any field
        """Returns the configuration with other values; None takes an optional one away."""
        removed = {name for name, value in changes.items() if value is None}
        values = {**self.to_json(), **changes}
        return ModelConfig.from_json({name: value for name, value in values.items() if name not in removed})


_DEFAULTS = {entry.name: entry.default for entry in fields(ModelConfig) if entry.name != "entries"}


def read_config(path: Path) -> ModelConfig:
    """Read and check a JSON configuration.

    Raises:
        ModelError: the file is missing, not JSON, or not a configuration.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise ModelError(f"There is no model configuration at {path}.", hint="Name the model's JSON file.") from problem
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise ModelError(f"The model configuration {path} cannot be read: {problem}.") from problem
    return ModelConfig.from_json(values)


@contextmanager
def fitting_settings(part: str) -> Iterator[None]:
    """Build a part of a model from its settings, whose names its class checks.

    Raises:
        ModelError: a setting is unknown or missing.
    """
    try:
        yield
    except TypeError as problem:
        raise ModelError(f"The model configuration's {part} entry does not fit: {problem}.") from problem


def _require_positive(name: str, value: object, whole: bool = True) -> None:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not value > 0:
        raise ModelError(f"The model configuration needs a positive number for {name}, not {value!r}.")
    if value > LARGEST_SIZE:
        raise ModelError(
            f"The model configuration's {name} is too large: {value!r}.", hint="Compare it with its source."
        )
