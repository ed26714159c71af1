"""Manifest that marks an environment as complete: written last, removed before any change."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

MANIFEST_FILE = "geolangbind-environment.json"
UNFINISHED_FILE = "geolangbind-unfinished"
FORMAT = 2


@dataclass(frozen=True)
class Manifest:
    """Contents of an environment.

    Attributes:
        python: its interpreter.
        requirements: hash of each requirement file that it was made from.
        device: what torch computed on in the self-test: ``cpu``, ``cuda`` or ``mps``.
        versions: package versions found in the self-test.
        python_version: for instance "3.11.2".
        managed: whether this code made it; False for an environment of the user's own.
        note: what the user should know, for instance that the card could not be used.
    """

    python: str
    requirements: list[str]
    device: str
    versions: dict[str, str] = field(default_factory=dict)
    python_version: str = ""
    managed: bool = True
    note: str = ""
    format: int = FORMAT


def read_manifest(folder: Path) -> Manifest | None:
    """Returns the manifest of an environment; None if it is missing, unreadable or its interpreter is gone."""
    try:
        values = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        manifest = Manifest(**values)
    except (OSError, ValueError, TypeError):
        return None
    return manifest if manifest.format == FORMAT and Path(manifest.python).is_file() else None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest atomically and remove the mark of an unfinished environment."""
    temporary = folder / f"{MANIFEST_FILE}.new"
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(dataclasses.asdict(manifest), stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, folder / MANIFEST_FILE)
    (folder / UNFINISHED_FILE).unlink(missing_ok=True)


def mark_unfinished(folder: Path) -> None:
    """Mark the environment as unfinished, before it is changed."""
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    (folder / UNFINISHED_FILE).touch()


def is_ours(folder: Path) -> bool:
    """Whether the plugin installed the environment, complete or not, and so may remove it."""
    manifest = read_manifest(folder)
    return (folder / UNFINISHED_FILE).is_file() or (manifest is not None and manifest.managed)


def requirements_hash(file: Path) -> str:
    """Returns the hash of a requirement file's lines, without comments and line endings."""
    lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return hashlib.sha256("\n".join(line for line in lines if line).encode()).hexdigest()
