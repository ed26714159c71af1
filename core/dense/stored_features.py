"""The features of one raster on disk: a zarr group of codes, scales and the background's odds, chunk by chunk.

- A chunk's scales are written last, and each file appears by an atomic rename: readable scales mean a complete chunk,
- every file ends in a CRC-32C; a damaged chunk reads as missing and is computed again,
- a lock file per chunk lets several processes share the work of one raster; readers take no lock.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import zarr
from crc32c import crc32c
from filelock import BaseFileLock, FileLock, Timeout
from numcodecs import blosc
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec

from core.dense.chunk import FeatureChunk
from core.dense.chunk_layout import ChunkLayout
from core.dense.store_mirror import StoreMirror
from core.errors import GeoLangBindError
from core.raster.pixel_window import RowCol

LOG = logging.getLogger(__name__)
CODEC: Final = "lz4"
LEVEL = 1
CHECKSUM_BYTES = 4
BLOSC_HEADER_BYTES, BLOSC_FLAGS, BLOSC_COPIED = 16, 2, 2
"""Blosc's header, the byte in it that holds flags, and the flag of what was copied, not compressed."""
WORTH_COMPRESSING = 0.9
"""Data that compress to more than this share of their size are stored uncompressed, and read without another copy."""
REMOVALS = 3
"""How often in a row an entry may be removed by another process while it is written, before that is an error."""
METADATA = ("codes/zarr.json", "background/zarr.json", "scales/zarr.json", "zarr.json")
"""Files that describe an entry, the group's own last."""
NOT_WRITTEN = -1.0
"""Never a scale, so that zarr does not leave out the scales of a chunk without data."""


class StoreError(GeoLangBindError):
    """The feature store cannot be written; work continues without it."""

    code = "store"


class StoredFeatures:
    """One entry of the store: chunks of features, each present or missing.

    Args:
        path: folder of the entry.
        layout: the chunked grid.
        about: attributes of its zarr group.
        mirror: an object store that holds the same files; None for the disk alone.
    """

    def __init__(
        self, path: Path, layout: ChunkLayout, about: dict[str, Any], mirror: StoreMirror | None = None
    ) -> None:
        self.path = path
        self.layout = layout
        self.about = about
        self._mirror = mirror
        self._entry = f"{path.parent.name}/{path.name}"

    @classmethod
    def existing(cls, path: Path, mirror: StoreMirror | None = None) -> StoredFeatures | None:
        """Returns the entry on disk or in the mirror, without its key; None if it cannot be read."""
        if mirror is not None and not (path / "zarr.json").exists():
            for name in METADATA:
                if name in mirror.names(path.parent.name + "/" + path.name):
                    mirror.fetch(f"{path.parent.name}/{path.name}", name, path / name)
        try:
            group = zarr.open_group(path, mode="r", zarr_format=3)
            codes: Any = group["codes"]
            layout = ChunkLayout(codes.shape[2], codes.shape[0], codes.shape[1], (codes.chunks[0], codes.chunks[1]))
            return cls(path, layout, dict(group.attrs), mirror)
        except Exception:
            return None

    def create(self) -> None:
        """Write the entry's metadata if it is missing, and mark it as used.

        Raises:
            StoreError: the directory cannot be written.
        """
        try:
            self._create()
        except (OSError, Timeout) as problem:
            raise _unwritable(self.path, problem) from problem

    def touch(self) -> None:
        """Mark the entry as used now."""
        (self.path / "last_used").touch()

    def has(self, chunk: RowCol) -> bool:
        """Whether the chunk was written whole, here or in the mirror."""
        file = self._scale_file(chunk)
        return file.exists() or (self._mirror is not None and self._name(file) in self._mirror.names(self._entry))

    def done(self) -> list[RowCol]:
        """Returns the chunks that were written completely."""
        rows, columns = self.layout.counts
        every = (RowCol(row, column) for row in range(rows) for column in range(columns))
        return [chunk for chunk in every if self.has(chunk)]

    def read(self, chunk: RowCol) -> FeatureChunk | None:
        """Returns a chunk; None where it is missing or damaged (a damaged one is removed)."""
        if self._mirror is not None and not self._scale_file(chunk).exists():
            self._fetch(chunk)
        window = self.layout.window(chunk)
        here = (slice(0, window.height), slice(0, window.width))
        found = _version(self._scale_file(chunk))
        if found is None:
            self._forget_in_mirror(chunk)
            return None
        try:
            gain, inverse_norm = self._decoded(self._scale_file(chunk), (2, *self.layout.side), np.dtype("<f2"))
            if not inverse_norm[here].view(np.uint16).any():
                return FeatureChunk.empty(self.layout.channels, window.height, window.width)
            codes = self._decoded(self._codes_file(chunk), (*self.layout.side, self.layout.channels), np.dtype("int8"))
            background = self._decoded(self._background_file(chunk), self.layout.side, np.dtype("<f4"))
            return FeatureChunk(codes[here], gain[here], inverse_norm[here], background[here])
        except MemoryError:
            raise
        except OSError as problem:
            if isinstance(problem, FileNotFoundError):
                self._forget(chunk, found)
            else:  # too many open files, a disk that does not answer: what is there may be whole
                LOG.warning("A stored chunk of features could not be read (%s); it is computed again.", problem)
            return None
        except Exception:  # codecs say, each in its own way, that bytes are not what they were
            self._forget(chunk, found)
            return None

    def _forget(self, chunk: RowCol, damaged: tuple[int, int]) -> None:
        """Mark a damaged chunk as missing, unless it was written anew since or is being written.

        Args:
            chunk: the chunk.
            damaged: version of the scales that it was read with.
        """
        file = self._scale_file(chunk)
        if _version(file) != damaged:
            return
        with contextlib.suppress(OSError, StoreError), self.claim(chunk, wait=False) as free:
            if not free or _version(file) != damaged:
                return
            file.unlink(missing_ok=True)
        self._forget_in_mirror(chunk)

    def _forget_in_mirror(self, chunk: RowCol) -> None:
        """Mark a chunk as missing in the mirror, where it could not be fetched from or is damaged."""
        if self._mirror is not None and self._name(self._scale_file(chunk)) in self._mirror.names(self._entry):
            self._mirror.forget(self._entry, self._name(self._scale_file(chunk)))

    def _fetch(self, chunk: RowCol) -> None:
        """Download a chunk from the mirror, scales last."""
        assert self._mirror is not None
        known = self._mirror.names(self._entry)
        scales = self._name(self._scale_file(chunk))
        if scales not in known:
            return
        for file in (self._codes_file(chunk), self._background_file(chunk)):
            if self._name(file) in known and not self._mirror.fetch(self._entry, self._name(file), file):
                return
        self._mirror.fetch(self._entry, scales, self._scale_file(chunk))

    def _name(self, file: Path) -> str:
        """Returns a file's name in the mirror."""
        return file.relative_to(self.path).as_posix()

    def write(self, chunk: RowCol, features: FeatureChunk) -> None:
        """Write a chunk: codes first, scales last.

        Raises:
            StoreError: the disk is full or the directory cannot be written.
        """
        try:
            _despite_removals(lambda: self._write(chunk, features))
        except (OSError, Timeout) as problem:
            raise _unwritable(self.path, problem) from problem

    @contextlib.contextmanager
    def claim(self, chunk: RowCol, *, wait: bool) -> Iterator[bool]:
        """Claim a chunk for this process; yields whether it was free."""
        # Not tied to a thread: one claims a chunk, another finishes it.
        lock = FileLock(self.path / "locks" / f"{chunk.row}-{chunk.col}.lock", thread_local=False)
        try:
            _despite_removals(lambda: self._acquire(lock, wait=wait))
        except Timeout:
            yield False
            return
        except OSError as problem:
            raise _unwritable(self.path, problem) from problem
        try:
            yield True
        finally:
            lock.release()

    def _acquire(self, lock: BaseFileLock, *, wait: bool) -> None:
        (self.path / "locks").mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=-1 if wait else 0)

    def _create(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / "create.lock", timeout=60):
            if not (self.path / "zarr.json").exists():
                self._make_group()
        if self._mirror is not None and "zarr.json" not in self._mirror.names(self._entry):
            for name in METADATA:
                self._mirror.send(self._entry, name, self.path / name)
        self.touch()

    def _write(self, chunk: RowCol, features: FeatureChunk) -> None:
        if not (self.path / "zarr.json").exists():
            self._create()
        if not features.blank:
            self._encode(self._codes_file(chunk), features.codes, 0, 0)
            self._encode(self._background_file(chunk), features.background, 0, 0)
        scales = np.stack([features.gain, features.inverse_norm])
        self._encode(self._scale_file(chunk), scales, 1, NOT_WRITTEN)
        if self._mirror is not None:
            for file in (self._codes_file(chunk), self._background_file(chunk), self._scale_file(chunk)):
                if file.exists():
                    self._mirror.send(self._entry, self._name(file), file)

    def _decoded(self, file: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Decode a chunk's file; zarr's event loop would take longer than the decoding."""
        with open(file, "rb", buffering=0) as opened:
            content = np.empty(os.fstat(opened.fileno()).st_size, np.uint8)
            opened.readinto(content.data)
        kept = content[:-CHECKSUM_BYTES]
        if crc32c(kept.data) != int.from_bytes(content[-CHECKSUM_BYTES:].tobytes(), "little"):
            raise ValueError("the checksum is wrong")
        if kept[BLOSC_FLAGS] & BLOSC_COPIED:
            return kept[BLOSC_HEADER_BYTES:].view(dtype).reshape(shape)
        decoded = np.empty(shape, dtype)
        blosc.decompress(kept, decoded)
        return decoded

    def _encode(self, file: Path, values: NDArray[Any], axis: int, fill: float) -> None:
        """Write a chunk's file as zarr would, atomically and in a quarter of the time; rows are along ``axis``."""
        height, width = self.layout.side
        missing = [(0, 0)] * values.ndim
        missing[axis : axis + 2] = [(0, height - values.shape[axis]), (0, width - values.shape[axis + 1])]
        whole = np.pad(values, missing, constant_values=fill) if any(after for _, after in missing) else values
        whole = np.ascontiguousarray(whole)
        kept = blosc.compress(whole, CODEC.encode(), LEVEL, blosc.NOSHUFFLE)
        if len(kept) > WORTH_COMPRESSING * whole.nbytes:
            kept = blosc.compress(whole, CODEC.encode(), 0, blosc.NOSHUFFLE)
        aside = file.with_name(f"{file.name}.{uuid.uuid4().hex}.partial")
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as opened:
                opened.write(kept)
                opened.write(crc32c(kept).to_bytes(CHECKSUM_BYTES, "little"))
            aside.replace(file)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise

    def _make_group(self) -> None:
        """Create the group in a temporary folder and move it into place, metadata of the group last."""
        layout = self.layout
        aside = self.path / f"making-{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        group = zarr.create_group(aside, zarr_format=3, attributes=_plain(self.about))
        shapes = {
            "codes": ((layout.rows, layout.columns, layout.channels), (*layout.side, layout.channels), "int8", 0),
            "background": ((layout.rows, layout.columns), layout.side, "float32", 0),
            "scales": ((2, layout.rows, layout.columns), (2, *layout.side), "float16", NOT_WRITTEN),
        }
        for name, (shape, chunks, dtype, fill) in shapes.items():
            group.create_array(
                name,
                shape=shape,
                chunks=chunks,
                dtype=dtype,
                fill_value=fill,
                serializer=BytesCodec(),
                compressors=(BloscCodec(cname=CODEC, clevel=LEVEL, shuffle="noshuffle"), Crc32cCodec()),
            )
        for item in (*(f"{name}/zarr.json" for name in shapes), "zarr.json"):
            # The folder may be there with a chunk in it: one that was written while the entry was being removed.
            (self.path / item).parent.mkdir(exist_ok=True)
            (aside / item).replace(self.path / item)
        shutil.rmtree(aside, ignore_errors=True)

    def _scale_file(self, chunk: RowCol) -> Path:
        return self.path / f"scales/c/0/{chunk.row}/{chunk.col}"

    def _codes_file(self, chunk: RowCol) -> Path:
        return self.path / f"codes/c/{chunk.row}/{chunk.col}/0"

    def _background_file(self, chunk: RowCol) -> Path:
        return self.path / f"background/c/{chunk.row}/{chunk.col}"


def _version(file: Path) -> tuple[int, int] | None:
    """Returns what tells a file from one that replaced it, (inode, time of change in ns); None where there is none."""
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns


def _despite_removals(work: Callable[[], None]) -> None:
    """Call a function that creates its folders, and repeat it once if they were removed meanwhile."""
    for left in reversed(range(REMOVALS)):
        try:
            return work()
        except FileNotFoundError:
            if not left:
                raise


def _plain(about: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(about))
    return plain


def _unwritable(path: Path, problem: BaseException) -> StoreError:
    return StoreError(
        f"The feature store at {path.parent.parent} cannot be written ({problem}).",
        hint="Free some space, or name another directory with GEOLANGBIND_CACHE.",
    )
