"""The models at hand: list, fetch, import, check and load them by name or path."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import GeoLangBindError, ModelError, OutputError, UsageError
from core.model.cards import (
    CARD_FILE,
    CONFIG_FILE,
    LINK_FILE,
    RESOURCES,
    ModelCard,
    catalogue,
    models_folder,
    read_card,
    weights_file,
)
from core.model.config import Config, read_config
from core.model.download import fetch_file, matches, published_hash
from core.progress import CancelToken, Progress, no_progress

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind
    from core.model.weight_files import Weights

DEFAULT_MODEL = "geolb-tiny"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class CheckReport:
    """What was found wrong with a model: nothing, when ``problems`` is empty."""

    name: str
    findings: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether the model can be used."""
        return not self.problems


def list_models() -> list[ModelCard]:
    """List every model: embedded, published (fetched or not) and the person's own.

    Folders put into the models folder, by training or by hand, appear at once; a broken one is listed with the reason
    as its description rather than hidden.
    """
    cards = catalogue()
    for name, folder in sorted(_installed().items()):
        known = cards.get(name)
        try:
            own = read_card(folder, name=name, **({"source": known.source} if known else {}))
        except GeoLangBindError as problem:
            cards[name] = ModelCard(name, name, description=str(problem))
            continue
        usable = weights_file(folder) is not None
        merged = own
        if known is not None:
            details = {**known.details, **own.details}
            merged = dataclasses.replace(known, path=folder, revision=own.revision, details=details)
        cards[name] = (
            merged if usable else dataclasses.replace(merged, path=None, description="Its weights are missing.")
        )
    return list(cards.values())


def get_card(name: str) -> ModelCard:
    """Returns a model's card by its name.

    Raises:
        ModelError: no model has this name.
    """
    cards = {card.name: card for card in list_models()}
    if name not in cards:
        raise ModelError(f"There is no model called {name}.", hint=f"Known are {', '.join(cards)}; or give a path.")
    return cards[name]


def fetch_model(
    name: str,
    *,
    accept_licence: bool | Callable[[ModelCard], bool] = False,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> ModelCard:
    """Fetch a published model into the models folder.

    Args:
        name: name of a published model.
        accept_licence: True where the person has read the licence and accepted it; or a function that shows the card's
            licence, asks, and gives the answer.
        progress: told the fraction that has come.
        cancel: looked at between blocks; what has come is kept for the next time.

    Returns:
        The card of the model, now on this computer.

    Raises:
        ModelError: the model is unknown, its licence was not accepted, or it could not be fetched whole and unchanged.
        CancelledError: a stop was asked for.
    """
    card = get_card(name)
    if card.available:
        progress(1.0, f"{name} is already on this computer")
        return card
    if not card.address:
        raise ModelError(f"The model {name} cannot be fetched.", hint="Import it from a file or folder.")
    if card.must_accept and not (accept_licence(card) if callable(accept_licence) else accept_licence):
        raise ModelError(
            f"The model {name} is licensed {card.licence}; it is fetched once you accept that. {card.licence_text}",
            hint=f"Read {card.licence_url}, then run it again with --accept-licence.",
        )
    base = card.address
    hub = os.environ.get("HF_ENDPOINT")
    if hub:
        base = base.replace("https://huggingface.co", hub.rstrip("/"))
    partial = _target(f".{name}.partial")
    total = sum(file.size for file in card.files) or 1
    done = 0
    fetched = []
    for file in sorted(card.files, key=lambda item: item.size):  # small ones first: what is missing shows at once
        url = f"{base}/resolve/{card.revision}/{file.name}"
        known, size, commit = (file.sha256, file.size, card.revision) if file.sha256 else published_hash(url)
        if not known:
            raise ModelError(
                f"The publisher of {name} gives no hash for {file.name}, so it cannot be trusted.",
                hint="Fetch it by hand and import the folder.",
            )
        if not ((partial / file.name).is_file() and matches(partial / file.name, known)):

            def report(fraction: float, message: str, start: int = done, share: int = file.size) -> None:
                progress(min((start + fraction * share) / total, 1.0), message)

            fetch_file(url, partial / file.name, known, size=size or file.size, progress=report, cancel=cancel)
        done += file.size
        fetched.append({"name": file.name, "size": (partial / file.name).stat().st_size, "hash": known})
        card = dataclasses.replace(card, revision=commit or card.revision)
    if card.config:
        shutil.copyfile(RESOURCES / card.config, partial / CONFIG_FILE)
    _write_json(partial / CARD_FILE, {"revision": card.revision, "fetched": fetched, "address": card.address})
    _settle(partial, _target(name))
    progress(1.0, f"{name} is ready")
    return get_card(name)


def import_model(path: str | Path, name: str | None = None, *, link: bool = False) -> ModelCard:
    """Take a model from a local file or folder into the models folder, after making sure that it loads.

    Args:
        path: ``.safetensors``, ``.bin``, ``.pt``, or a folder.
        name: what to call it; None for the name of the file or folder.
        link: remember where the folder is instead of copying it.

    Returns:
        Its card.

    Raises:
        ModelError: it does not load, or the name is taken.
        UsageError: the name cannot be used, or a single file is to be linked.
    """
    source = Path(path).expanduser().resolve()
    config, weights_path = _locate(source)
    name = name or (source.name if source.is_dir() else source.stem)
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be a model's name.", hint="Use letters, digits, dots and hyphens.")
    target = _target(name)
    known = catalogue().get(name)
    if target.exists() or (known is not None and known.source == "embedded"):
        raise ModelError(f"There is already a model called {name}.", hint="Give it another name.")
    model = _load(source, config)
    staging = Path(tempfile.mkdtemp(dir=_models_folder(), prefix=f".{name}."))
    try:
        if link:
            if not source.is_dir() or not (source / CONFIG_FILE).is_file():
                raise UsageError("Only a folder with a config.json can be linked.", hint="Import it without linking.")
            _write_json(staging / LINK_FILE, {"folder": str(source)})
        elif source.is_dir():
            for file in source.iterdir():
                if file.is_file() and (file == weights_path or file.suffix in (".json", ".txt", ".model", ".md")):
                    shutil.copy2(file, staging / file.name)
        else:
            shutil.copy2(weights_path, staging / f"model{weights_path.suffix}")
        if not link:
            _write_json(staging / CONFIG_FILE, model.config)
            if not (staging / CARD_FILE).is_file():
                _write_json(staging / CARD_FILE, {"title": name, "imported_from": source.name})
        _settle(staging, target)
    except OSError as problem:
        raise OutputError(f"The model cannot be copied to {target}: {problem}.", hint="Check the free space.") from (
            problem
        )
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return get_card(name)


def check_model(name: str) -> CheckReport:
    """Look whether a model's files are whole, unchanged and load; its text part is tested too.

    Args:
        name: name from ``list_models``, a weights file, or a folder with one.

    Raises:
        ModelError: no model has this name, and nothing is there.
    """
    card, path = _located(name)
    findings, problems = [], []
    if card.path is None or path is None:
        hint = "fetch or import it" if card.address else card.description or "its files are missing"
        return CheckReport(name, (), (f"{name} is not on this computer: {hint}.",))
    for entry in card.details.get("fetched", []):
        file = card.path / entry["name"]
        if not file.is_file():
            problems.append(f"{entry['name']} is missing.")
        elif not matches(file, entry["hash"]):
            problems.append(f"{entry['name']} has changed since it was fetched.")
        else:
            findings.append(f"{entry['name']} is unchanged.")
    if not problems:
        try:
            model = load_model(name, device="cpu", dtype="float32")
            parameters = sum(parameter.numel() for parameter in model.parameters())
            findings.append(f"It loads: {parameters:,} parameters, hash {model.model_hash[:12]}.")
            findings.append("Unrelated prompts have different vectors.")
        except GeoLangBindError as problem:
            problems.append(str(problem))
    return CheckReport(name, tuple(findings), tuple(problems))


def load_model(
    name_or_path: str | Path = DEFAULT_MODEL,
    *,
    config: Config | str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
) -> GeoLangBind:
    """Load a model, every key of its weights accounted for and its text part tested.

    Args:
        name_or_path: name from ``list_models``, a weights file, or a folder with one.
        config: configuration or its JSON file; None for the one beside the weights, or the published one that fits.
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
    card, path = _located(name_or_path)
    if path is None:
        how = f"Fetch it with: python -m core models fetch {card.name}" if card.address else "Import it first."
        raise ModelError(f"The model {card.name} is not on this computer.", hint=how)
    if isinstance(config, (str, Path)):
        config = read_config(Path(config))
    model = _load(path, config)
    model.card = card
    model.compute = compute
    return model.to(device=compute.torch_device, memory_format=model.visual.trunk.memory_format)  # type: ignore[call-overload, no-any-return]


def _located(name_or_path: str | Path) -> tuple[ModelCard, Path | None]:
    """Returns the card of a listed model, or of one at a path, and where its weights are; None where they are not here.

    Raises:
        ModelError: no model has this name, and nothing is there.
    """
    named = {card.name: card for card in list_models()}.get(str(name_or_path))
    path = Path(name_or_path).expanduser()
    if named is None and not path.exists():
        named = get_card(str(name_or_path))  # says which models there are
    if named is not None:
        return named, named.path
    return (read_card(path) if path.is_dir() else ModelCard(path.stem, path.name, path=path.parent)), path


def _load(path: Path, config: Config | None) -> GeoLangBind:
    """Read, build and test a model on the CPU in float32."""
    from core.model.selftest import check_prompts_differ
    from core.model.text import SiglipTextTower
    from core.model.weight_files import build_model, read_weights

    found, weights_path = _locate(path)
    weights = read_weights(weights_path)
    config = copy.deepcopy(config or found or _published_config(weights, weights_path))
    model = build_model(config, weights, weights_path.name)
    folder = weights_path.parent
    if "text" in config and isinstance(model.text, SiglipTextTower) and (folder / "tokenizer.json").is_file():
        model.text.tokenizer_name = str(folder)
    if "text" in config:
        check_prompts_differ(model)
    return model


def _locate(path: Path) -> tuple[Config | None, Path]:
    """Find configuration (None where there is none) and weights of a file or folder."""
    if not path.exists():
        raise ModelError(f"There is no model at {path}.", hint="Check the path.")
    folder = path if path.is_dir() else path.parent
    weights = weights_file(path) if path.is_dir() else path
    if weights is None:
        raise ModelError(f"The folder {path} holds no model weights.", hint="It needs a model.safetensors.")
    file = folder / CONFIG_FILE
    beside = path.is_dir() or path.name.startswith(("model.", "open_clip"))
    return (read_config(file) if beside and file.is_file() else None), weights


def _published_config(weights: Weights, source: Path) -> Config:
    """Recognise a published model by the sizes of its tensors.

    Raises:
        ModelError: it is none of them.
    """
    positions = weights.get("visual.trunk.pos_embed")
    for card in catalogue().values():
        if not card.config or positions is None:
            continue
        config = read_config(RESOURCES / card.config)
        side = config["image_size"] // config["patch_size"]
        if tuple(positions.shape) == (1, side * side, config["width"]):
            return config
    raise ModelError(
        f"It is unknown how {source.name} is built.",
        hint="Put its config.json into the same folder, or name it with config.",
    )


def _installed() -> dict[str, Path]:
    """Folders in the models folder by name, links followed."""
    root = models_folder()
    found = {}
    for folder in root.iterdir() if root.is_dir() else []:
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        link = folder / LINK_FILE
        if link.is_file():
            try:
                folder_there = Path(json.loads(link.read_text(encoding="utf-8"))["folder"])
            except (OSError, ValueError, KeyError):
                continue
            found[folder.name] = folder_there
        elif (folder / CONFIG_FILE).is_file() or weights_file(folder) is not None:
            found[folder.name] = folder
    return found


def _models_folder() -> Path:
    root = models_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(f"The models folder {root} cannot be made: {problem}.", hint="Set GEOLANGBIND_HOME.") from (
            problem
        )
    return root


def _target(name: str) -> Path:
    return _models_folder() / name


def _settle(staging: Path, target: Path) -> None:
    """Make a finished folder appear under its name at once."""
    if target.exists():
        shutil.rmtree(target)
    os.replace(staging, target)


def _write_json(path: Path, values: object) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
