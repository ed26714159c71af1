"""Importing a model from a local file or folder."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from core.errors import ModelError, OutputError, UsageError
from core.model.cards import CARD_FILE, CLASSIFIER_FILE, CONFIG_FILE, LINK_FILE, ModelCard, catalogue
from core.model.open_models.settings import is_open, named_architecture
from core.model.zoo.listing import get_card
from core.model.zoo.loading import find_model_files, find_weights, read_model
from core.model.zoo.models_folder import make_models_folder, move_into_place, write_json
from core.model.zoo.published import published_facts

COPIED = (".json", ".txt", ".model", ".md")
"""Endings of files that are copied beside the weights: configuration, card, tokenizer, licence."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def import_model(
    path: str | Path, name: str | None = None, *, link: bool = False, architecture: str | None = None
) -> ModelCard:
    """Take a model from a local file or folder into the models folder, after making sure that it loads.

    Args:
        path: ``.safetensors``, ``.bin``, ``.pt``, or a folder.
        name: what to call it; None for the name of the file or folder.
        link: remember where the folder is instead of copying it.
        architecture: name in open_clip, such as ViT-B-16, of weights without a configuration.

    Returns:
        Its card.

    Raises:
        ModelError: it does not load, or the name is taken.
        UsageError: the name cannot be used, or a single file is to be linked.
    """
    source = Path(path).expanduser().resolve()
    if architecture is None:
        config, weights_path = find_model_files(source)
    else:
        from core.model.open_models.layout import open_config

        config, weights_path = open_config(named_architecture(architecture)), find_weights(source)
    name = name or (source.name if source.is_dir() else source.stem)
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be a model's name.", hint="Use letters, digits, dots and hyphens.")
    target = make_models_folder() / name
    known = catalogue().get(name)
    if target.exists() or (known is not None and known.source == "embedded"):
        raise ModelError(f"There is already a model called {name}.", hint="Give it another name.")
    model = read_model(source, config)
    staging = Path(tempfile.mkdtemp(dir=make_models_folder(), prefix=f".{name}."))
    try:
        if link:
            if not source.is_dir() or not (source / CONFIG_FILE).is_file():
                raise UsageError("Only a folder with a config.json can be linked.", hint="Import it without linking.")
            write_json(staging / LINK_FILE, {"folder": str(source)})
        elif source.is_dir():
            for file in source.iterdir():
                if file == weights_path or _comes_along(file, source):
                    shutil.copy2(file, staging / file.name)
        else:
            shutil.copy2(weights_path, staging / f"model{weights_path.suffix}")
        if not link:
            write_json(staging / CONFIG_FILE, model.config.to_json())
            if not (staging / CARD_FILE).is_file():
                facts = published_facts(model.config)
                if is_open(model.config):
                    facts["bands_um"] = list((model.config.trunk or {})["bands_um"])
                write_json(staging / CARD_FILE, {"title": name, "imported_from": source.name, **facts})
        move_into_place(staging, target)
    except OSError as problem:
        raise OutputError(f"The model cannot be copied to {target}: {problem}.", hint="Check the free space.") from (
            problem
        )
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return get_card(name)


def _comes_along(file: Path, source: Path) -> bool:
    """Whether a file of a model's folder is copied: its texts, but not what a link elsewhere leads to.

    The hub's own cache is made of links, to the folder of blobs beside the snapshots.
    """
    if (file.suffix not in COPIED and file.name != CLASSIFIER_FILE) or file.name == LINK_FILE or not file.is_file():
        return False
    return not file.is_symlink() or file.resolve().is_relative_to(source.parent.parent)
