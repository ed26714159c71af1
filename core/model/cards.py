"""Model cards: description, location, licence and figures of a model. Does not import torch."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tomllib

from core.errors import ModelError
from core.platform_folders import data_base

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
CATALOGUE = RESOURCES / "models.toml"
HOME_VARIABLE = "GEOLANGBIND_HOME"

CARD_FILE = "card.json"
CONFIG_FILE = "config.json"
OPEN_CLIP_CONFIG = "open_clip_config.json"
LINK_FILE = "location.json"
RESULTS_FILE = "results.json"
CLASSIFIER_FILE = "pixel_classifier.safetensors"
WEIGHT_FILES = (
    "model.safetensors",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
    "model.bin",
    "model.pt",
)
WEIGHT_ENDINGS = (".safetensors", ".bin", ".pt", ".pth")
ONLY_IN_THE_CATALOGUE = ("address", "files", "config")
"""Fields that a folder's own card may not set: address and files of downloads, and the configuration's resource."""


@dataclass(frozen=True)
class ModelFile:
    """A file to fetch: its name, size in bytes (0 where unknown) and SHA-256 ("" to ask the hub for its own hash)."""

    name: str
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class ModelCard:
    """Facts about a model.

    Attributes:
        name: what to call it on the command line.
        title: what to call it on screen.
        source: "embedded", "published" (in the catalogue, perhaps not fetched yet) or "user".
        path: folder with config.json and weights; None while it is not on this computer.
        licence: SPDX identifier or name of the licence of the weights.
        licence_text: what the user must know before using the weights.
        licence_url: where the whole licence is.
        must_accept: whether the licence must be accepted before a fetch.
        address: where its files are fetched from; "" where it cannot be fetched.
        revision: commit of the address.
        files: to download.
        config: the model's configuration among the resources, for models published without one of ours.
        parameters: number of parameters; 0 where unknown.
        sensors: names in sensors.toml it was trained on.
        band_counts: numbers of bands it was trained on; () for any.
        description: one sentence.
        details: everything else its card says, such as training data and held-out figures.
    """

    name: str
    title: str = ""
    source: str = "user"
    path: Path | None = None
    licence: str = ""
    licence_text: str = ""
    licence_url: str = ""
    must_accept: bool = False
    address: str = ""
    revision: str = "main"
    files: tuple[ModelFile, ...] = ()
    config: str = ""
    parameters: int = 0
    sensors: tuple[str, ...] = ()
    band_counts: tuple[int, ...] = ()
    description: str = ""
    details: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def available(self) -> bool:
        """Whether it can be loaded now."""
        return self.path is not None

    @property
    def placeholders(self) -> str | None:
        """Name of its table of wavelengths for bands that have none of their own; None for the sensors' own."""
        table = self.details.get("placeholders")
        return None if table is None else str(table)

    @property
    def pixel_sizes_m(self) -> dict[str, tuple[float, float]]:
        """The finest and the coarsest pixels in metres that it was trained on, by sensor; {} where unknown."""
        table = self.details.get("pixel_sizes_m") or {}
        return {sensor: (float(finest), float(coarsest)) for sensor, (finest, coarsest) in table.items()}

    @property
    def layout_file(self) -> Path | None:
        """The configuration among the resources; None where the model is published with one."""
        return RESOURCES / self.config if self.config else None

    @property
    def size(self) -> int:
        """Bytes to fetch, or on disk where it is already here; 0 where unknown."""
        if self.path is not None:
            weights = weights_file(self.path)
            return weights.stat().st_size if weights is not None else 0
        return sum(file.size for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """Returns the card as plain values, for ``--json`` and the plugin."""
        values: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("name", "title", "source", "licence", "licence_text", "licence_url", "must_accept", "address")
        }
        values.update(
            revision=self.revision,
            path=str(self.path) if self.path else None,
            available=self.available,
            size=self.size,
            parameters=self.parameters,
            sensors=list(self.sensors),
            band_counts=list(self.band_counts),
            description=self.description,
            details=self.details,
        )
        return values


def models_folder() -> Path:
    """The folder of fetched, imported and self-trained models: $GEOLANGBIND_HOME/models or the platform's own."""
    home = os.environ.get(HOME_VARIABLE)
    return (Path(home).expanduser() if home else data_base()) / "models"


def weights_file(folder: Path) -> Path | None:
    """Find the weights in a model's folder: a usual name, or the only weights of another; None where there are none."""
    usual = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    if usual is not None or not folder.is_dir():
        return usual
    others = [path for path in folder.iterdir() if path.suffix in WEIGHT_ENDINGS and path.is_file()]
    return others[0] if len(others) == 1 else None


def card_from(values: dict[str, Any], **overrides: Any) -> ModelCard:  # noqa: ANN401 - fields of the card
    """Make a card from a table of TOML or JSON; unknown entries go into ``details``.

    Raises:
        ModelError: a value has the wrong form.
    """
    values = {**values, **overrides}
    known = {name: values.pop(name) for name in list(values) if name in ModelCard.__dataclass_fields__}
    details = {**known.pop("details", {}), **values}
    try:
        known["sensors"] = tuple(known.get("sensors", ()))
        known["band_counts"] = counted(known.get("band_counts", ()))
        known["files"] = tuple(ModelFile(**item) if isinstance(item, dict) else item for item in known.get("files", ()))
        if known.get("path") is not None:
            known["path"] = Path(known["path"])
        return ModelCard(**known, details=details)
    except (TypeError, KeyError, ValueError) as problem:
        raise ModelError(
            f"A model card cannot be read: {problem}.", hint="Compare it with resources/models.toml."
        ) from (problem)


def counted(counts: Any) -> tuple[int, ...]:  # noqa: ANN401 - a list or a table of a model card
    """Return the numbers of bands that a card names one by one or as ``{"from": 1, "to": 13}``.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(counts, dict):
        return tuple(range(int(counts.get("from", 1)), int(counts["to"]) + 1))
    return tuple(counts)


def read_card(folder: Path, **overrides: Any) -> ModelCard:  # noqa: ANN401 - fields of the card
    """Read a folder's card.json; a folder without one gets a card with its name alone.

    Raises:
        ModelError: the card is not JSON.
    """
    values: dict[str, Any] = {"name": folder.name}
    file = folder / CARD_FILE
    if file.is_file():
        try:
            values.update(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError, RecursionError) as problem:
            raise ModelError(f"The model card {file} cannot be read: {problem}.") from problem
    values.pop("source", None) if "source" in overrides else None
    for name in ("path", *ONLY_IN_THE_CATALOGUE):
        values.pop(name, None)
    card = card_from(values, **{"path": folder, **overrides})
    return replace(card, title=" ".join(card.title.split()) or card.name, licence=" ".join(card.licence.split()))


def catalogue() -> dict[str, ModelCard]:
    """Read resources/models.toml: the embedded model and the published ones, by name."""
    tables = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["models"]
    cards = {}
    for name, table in tables.items():
        embedded = table.pop("embedded", None)
        if embedded is None:
            cards[name] = card_from({"name": name, "source": "published", **table})
            continue
        folder = RESOURCES / embedded
        present = weights_file(folder) is not None
        base = card_from({"name": name, **table})
        cards[name] = replace(base, source="embedded", path=folder if present else None)
        if present and (folder / CARD_FILE).is_file():
            own = read_card(folder, name=name, source="embedded")
            cards[name] = replace(
                own,
                title=base.title or own.title,
                licence=own.licence or base.licence,
                description=own.description or base.description,
                sensors=own.sensors or base.sensors,
            )
    return cards
