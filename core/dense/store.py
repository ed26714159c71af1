"""Feature store: dense features of rasters on disk, so that a second prompt does not run the model.

One entry per (model, raster, bands, wavelengths, scaling, grid, head), named by the SHA-256 of them all: where any of
them changes, another entry is used. ``core.dense.stored_features`` documents the content of an entry and how several
processes share one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.dense.chunk_layout import ChunkLayout
from core.dense.feature_key import FeatureKey
from core.dense.store_mirror import StoreMirror
from core.dense.stored_features import StoredFeatures

DEFAULT_CAP_BYTES = 20 * 2**30
ABANDONED_AFTER_S = 3600.0
IN_USE_FOR_S = 600.0
EVICT_EVERY_S = 600.0
_EVICTED_AT: dict[Path, float] = {}


@dataclass(frozen=True)
class StoreEntry:
    """Facts about one entry, for ``core cache list``."""

    digest: str
    path: str
    bytes: int
    last_used: float
    chunks: int
    chunks_done: int
    about: dict[str, Any]


@dataclass(frozen=True)
class VerifyReport:
    """Result of ``core cache verify``."""

    entries: int
    chunks: int
    corrupt: int


class FeatureStore:
    """A directory of entries under a size cap.

    Args:
        root: directory; made when first written to.
        cap_bytes: largest size of all entries; the least recently used ones are removed first.
        mirror: an object store that holds the same; the cap is of the directory alone.
    """

    def __init__(self, root: Path, cap_bytes: int = DEFAULT_CAP_BYTES, mirror: StoreMirror | None = None) -> None:
        self.root = root
        self.cap_bytes = cap_bytes
        self.mirror = mirror

    def existing(self, digest: str) -> StoredFeatures | None:
        """Returns the entry of a key's digest; None if neither the store nor the mirror has it."""
        return StoredFeatures.existing(self.root / digest[:2] / digest, self.mirror)

    def open(self, key: FeatureKey, layout: ChunkLayout, about: dict[str, Any] | None = None) -> StoredFeatures:
        """Returns the entry of a key, created if it is missing.

        Args:
            key: of the features.
            layout: the chunked grid.
            about: facts for ``core cache list``: raster, model, head.

        Raises:
            StoreError: the directory cannot be written.
        """
        digest = key.digest()
        about = {**(about or {}), "key": asdict(key)}
        stored = StoredFeatures(self.root / digest[:2] / digest, layout, about, self.mirror)
        stored.create()
        return stored

    def entries(self) -> list[StoreEntry]:
        """Returns the entries, the most recently used first."""
        found = [_describe(path) for path in self._paths()]
        return sorted((entry for entry in found if entry is not None), key=lambda entry: -entry.last_used)

    def clear(self, digest_prefix: str = "") -> int:
        """Remove all entries, or those whose name has a prefix; returns the bytes freed."""
        freed = 0
        for path in self._paths():
            if path.name.startswith(digest_prefix):
                freed += _remove(path)
        return freed

    def evict(self) -> int:
        """Reduce the store to its maximal size, return the bytes freed; entries of the last ten minutes stay."""
        sizes = {path: _size(path) for path in self._paths()}
        excess, freed = sum(sizes.values()) - self.cap_bytes, 0
        for path in sorted(sizes, key=_last_used):
            if freed >= excess:
                break
            if time.time() - _last_used(path) > IN_USE_FOR_S:
                freed += _remove(path)
        return freed

    def evict_if_due(self) -> None:
        """Evict at most once in ten minutes for each process, since it lists every file of the store."""
        now = time.monotonic()
        if now - _EVICTED_AT.get(self.root, -EVICT_EVERY_S) >= EVICT_EVERY_S:
            _EVICTED_AT[self.root] = now
            self.evict()

    def verify(self) -> VerifyReport:
        """Read every chunk; remove damaged ones, so that they are computed again, and abandoned part files."""
        entries = chunks = corrupt = 0
        for path in self._paths():
            stored = StoredFeatures.existing(path)
            if stored is None:
                begun = not (path / "zarr.json").exists()
                corrupt += not begun
                if not begun or time.time() - path.stat().st_mtime > ABANDONED_AFTER_S:
                    _remove(path)
                continue
            entries += 1
            _remove_abandoned(path)
            for chunk in stored.done():
                chunks += 1
                corrupt += stored.read(chunk) is None and not stored.has(chunk)
        return VerifyReport(entries, chunks, corrupt)

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.root.glob("[0-9a-f][0-9a-f]/*") if len(path.name) == 64)


def _describe(path: Path) -> StoreEntry | None:
    stored = StoredFeatures.existing(path)
    if stored is None:
        return None
    rows, columns = stored.layout.counts
    about = {name: value for name, value in stored.about.items() if name != "key"}
    return StoreEntry(path.name, str(path), _size(path), _last_used(path), rows * columns, len(stored.done()), about)


def _size(path: Path) -> int:
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(folder, name)).st_size
    return total


def _last_used(path: Path) -> float:
    try:
        return (path / "last_used").stat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> int:
    """Remove an entry, metadata first, so that a partly removed entry is not opened."""
    size = _size(path)
    with contextlib.suppress(OSError):
        (path / "zarr.json").unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    return size


def _remove_abandoned(path: Path) -> None:
    """Remove part files and groups of processes that have ended."""
    for part in [*path.rglob("*.partial"), *path.glob("making-*")]:
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > ABANDONED_AFTER_S:
                shutil.rmtree(part) if part.is_dir() else part.unlink()
