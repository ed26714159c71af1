"""Dense features of a raster of any size: computed chunk by chunk when first looked at, kept, and read ever after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.dense.chunk import FeatureChunk
from core.dense.encode import DenseEncoder
from core.dense.level import RasterLevel
from core.dense.recent import RecentlyUsed
from core.dense.store import ChunkLayout, FeatureKey, FeatureStore, StoredFeatures, StoreError
from core.errors import InputError
from core.progress import CancelToken
from core.raster.blend import taper
from core.raster.grid import PixelWindow

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind
    from core.raster.reader import RasterReader
    from core.spectral.recognise import Recognition

LOG = logging.getLogger(__name__)
DEFAULT_BUDGET_BYTES = 2**30
BATCH_PIXELS = 4 * 256 * 256
"""Pixels a batch on a processor, where more is no faster; a graphics card gets sixteen times as many."""

Chunk = tuple[int, int]


class EncodedWindow(NamedTuple):
    """What the model gave for one window: coordinates (K, h, w) float16 and which cells (h, w) have data."""

    coordinates: Tensor
    valid: NDArray[np.bool_]


class DenseFeatures:
    """The feature grid of one level of one raster.

    Args:
        encoder: model, head and bands.
        level: the raster at the resolution that is encoded.
        stored: where chunks are kept; None to keep them in memory alone.
        budget_bytes: memory for recent windows and chunks.
        cancel: looked at before every batch.

    Attributes:
        plan: windows and chunks.
        layout: the chunked grid of cells.
        encoded_windows: how many windows went through the model so far.
    """

    def __init__(
        self,
        encoder: DenseEncoder,
        level: RasterLevel,
        stored: StoredFeatures | None = None,
        *,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        cancel: CancelToken | None = None,
    ) -> None:
        self.encoder = encoder
        self.level = level
        self.plan = encoder.plan(level.grid.width, level.grid.height)
        self.layout = _layout(encoder, level)
        self.encoded_windows = 0
        self._stored = stored
        self._cancel = cancel or CancelToken()
        self._windows: RecentlyUsed[PixelWindow, EncodedWindow] = RecentlyUsed(budget_bytes // 2, _window_bytes)
        self._chunks: RecentlyUsed[Chunk, FeatureChunk] = RecentlyUsed(budget_bytes // 4, _chunk_bytes)
        self._fingerprint = level.fingerprint()

    @property
    def folder(self) -> Path | None:
        """Where the chunks are kept; None where they are not."""
        return None if self._stored is None else self._stored.path

    def missing(self, cells: PixelWindow) -> list[Chunk]:
        """List the chunks of a block of cells that are not on disk yet."""
        kept = self._stored
        return [chunk for chunk in self.layout.chunks_in(cells) if kept is None or not kept.has(chunk)]

    def chunk(self, chunk: Chunk) -> FeatureChunk:
        """Give a chunk, computing it where it is not kept.

        Raises:
            CancelledError: a stop was asked for.
            InputError: the raster's file changed since it was opened.
        """
        recent = self._chunks.get(chunk)
        if recent is None:
            recent = self._computed(chunk) if self._stored is None else self._kept(chunk, self._stored)
            self._chunks.put(chunk, recent)
        return recent

    def compute(self, cells: PixelWindow, done: Callable[[int, int], None] | None = None) -> None:
        """Compute and keep every chunk of a block of cells; chunks that another process works on come last.

        Args:
            cells: the block.
            done: called with (chunks done, chunks wanted).
        """
        wanted = self.missing(cells)
        left_to_others = []
        finished = 0
        for chunk in wanted:
            if self._computed_if_free(chunk):
                finished += 1
                if done is not None:
                    done(finished, len(wanted))
            else:
                left_to_others.append(chunk)
        for chunk in left_to_others:
            self.chunk(chunk)
            finished += 1
            if done is not None:
                done(finished, len(wanted))

    def blocks(self, window: PixelWindow) -> Iterator[tuple[PixelWindow, Tensor, NDArray[np.bool_]]]:
        """Walk over the features of a part of the level, chunk by chunk.

        Args:
            window: pixels of the level.

        Yields:
            The pixels covered, unit vectors (D, h, w) float32 in text space on the feature grid, valid (h, w).
        """
        for chunk in self.layout.chunks_in(self.plan.cells(window)):
            features = self.chunk(chunk)
            vectors = features.vectors(self.encoder.basis)
            yield self.plan.pixels(self.layout.window(chunk)), vectors, features.valid

    def _computed_if_free(self, chunk: Chunk) -> bool:
        """Compute a chunk unless another process is at it; tells which."""
        if self._stored is None:
            self.chunk(chunk)
            return True
        try:
            with self._stored.claim(chunk, wait=False) as free:
                if free:
                    self._chunks.put(chunk, self._computed_and_kept(chunk, self._stored))
                return free
        except StoreError as problem:
            self._go_on_without_store(problem)
            return False

    def _kept(self, chunk: Chunk, stored: StoredFeatures) -> FeatureChunk:
        found = stored.read(chunk)
        if found is not None:
            return found
        try:
            with stored.claim(chunk, wait=True):
                return self._computed_and_kept(chunk, stored)
        except StoreError as problem:
            self._go_on_without_store(problem)
            return self._computed(chunk)

    def _computed_and_kept(self, chunk: Chunk, stored: StoredFeatures) -> FeatureChunk:
        """Compute a chunk that this process has claimed, unless another finished it meanwhile."""
        found = stored.read(chunk)
        if found is None:
            found = self._computed(chunk)
            try:
                stored.write(chunk, found)
            except StoreError as problem:
                self._go_on_without_store(problem)
        return found

    def _go_on_without_store(self, problem: StoreError) -> None:
        LOG.warning("%s The features of this run are not kept.", problem)
        self._stored = None

    def _computed(self, chunk: Chunk) -> FeatureChunk:
        """Blend the windows that reach into a chunk, and quantise."""
        block = self.layout.window(chunk)
        total = torch.zeros(self.layout.channels, block.height, block.width)
        weights = torch.zeros(block.height, block.width)
        valid = np.zeros((block.height, block.width), bool)
        weight_of_window = torch.from_numpy(taper(self.plan.tiles.tile, self.plan.tiles.overlap).copy())
        windows = self.plan.windows_of(block)
        found = dict(self._encoded(windows))
        for window in windows:  # always in this order, whichever was remembered: sums depend on it in their last bit
            if window not in found:
                continue
            encoded = found[window]
            part = window.intersection(block)
            here, there = part.slices_in(block), part.slices_in(window)
            weight = weight_of_window[there]
            total[:, here[0], here[1]] += weight * encoded.coordinates[:, there[0], there[1]]
            weights[here] += weight
            valid[here] |= encoded.valid[there]
        if self._fingerprint != self.level.fingerprint():
            raise InputError(f"{self.level.path} changed while it was read.", hint="Run it again.")
        if not valid.any():
            return FeatureChunk.empty(self.layout.channels, block.height, block.width)
        return FeatureChunk.quantise(total / weights.clamp_min(1e-9), torch.from_numpy(valid), self.encoder.basis)

    def _encoded(self, windows: list[PixelWindow]) -> Iterator[tuple[PixelWindow, EncodedWindow]]:
        """Give the windows that hold data, encoding in batches those that are not remembered."""
        fresh: list[tuple[PixelWindow, NDArray[np.float32], NDArray[np.bool_]]] = []
        for window in windows:
            known = self._windows.get(window)
            if known is not None:
                yield window, known
                continue
            image, valid = self.level.read(self.plan.pixels(window))
            if valid.any():
                fresh.append((window, image, _cell_valid(valid, self.plan.stride)))
            if len(fresh) == self._batch_size():
                yield from self._encode(fresh)
                fresh = []
        yield from self._encode(fresh)

    def _encode(
        self, fresh: list[tuple[PixelWindow, NDArray[np.float32], NDArray[np.bool_]]]
    ) -> Iterator[tuple[PixelWindow, EncodedWindow]]:
        if not fresh:
            return
        self._cancel.raise_if_cancelled()
        # A batch of one is multiplied by other kernels, which round otherwise: what is kept must not depend on the
        # company a window had, nor on where an earlier run was interrupted.
        pair = fresh if len(fresh) > 1 else fresh * 2
        images = torch.from_numpy(np.stack([image for _, image, _ in pair]))
        coordinates = self.encoder.encode(images)[: len(fresh)].clamp(-60000, 60000).half()
        self.encoded_windows += len(fresh)
        for (window, _, valid), narrow in zip(fresh, coordinates, strict=True):
            encoded = EncodedWindow(narrow.clone(), valid)
            self._windows.put(window, encoded)
            yield window, encoded

    def _batch_size(self) -> int:
        pixels = BATCH_PIXELS * (1 if self.encoder.model.device.type == "cpu" else 16)
        return max(1, pixels // self.plan.window_pixels**2)


def open_features(
    model: GeoLangBind,
    raster: RasterReader,
    recognition: Recognition,
    *,
    head: str | None = None,
    global_bias: float = 0.0,
    store: FeatureStore | None = None,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
    cancel: CancelToken | None = None,
) -> DenseFeatures:
    """Open the dense features of a raster; nothing is computed before it is looked at.

    Args:
        model: the model.
        raster: the raster, open at the resolution to encode at.
        recognition: its bands, wavelengths and scaling.
        head: dense head; None for the model's default.
        global_bias: see ``core.dense.heads.dense_features``.
        store: where features are kept; None keeps nothing on disk.
        budget_bytes: memory for recent windows and chunks.
        cancel: stops the work between two batches.
    """
    level = RasterLevel(raster, recognition)
    encoder = DenseEncoder(model, recognition.band_set.wavelengths_um, head, global_bias)
    stored = None if store is None else _open_store(store, encoder, level)
    return DenseFeatures(encoder, level, stored, budget_bytes=budget_bytes, cancel=cancel)


def feature_key(encoder: DenseEncoder, level: RasterLevel) -> FeatureKey:
    """Give the store's key of a level seen by an encoder."""
    plan = encoder.plan(level.grid.width, level.grid.height)
    return FeatureKey(
        model_hash=encoder.model.model_hash,
        raster=level.fingerprint(),
        bands=tuple(level.recognition.band_indexes),
        wavelengths_um=level.recognition.band_set.wavelengths_um,
        scaling=repr(level.recognition.scaling),
        grid=(level.grid.width, level.grid.height, *level.grid.transform),
        head=encoder.label,
        windows=(plan.tiles.tile, plan.tiles.overlap, plan.tiles.align, plan.stride, plan.windows_per_chunk),
    )


def _open_store(store: FeatureStore, encoder: DenseEncoder, level: RasterLevel) -> StoredFeatures | None:
    about: dict[str, Any] = {
        "raster": level.path,
        "model": card.name if (card := encoder.model.card) is not None else "",
        "head": encoder.label,
        "bands": list(level.recognition.band_indexes),
        "pixels": [level.grid.width, level.grid.height],
    }
    try:
        stored = store.open(feature_key(encoder, level), _layout(encoder, level), about)
        store.evict()
        return stored
    except StoreError as problem:
        LOG.warning("%s The features of this run are not kept.", problem)
        return None


def _layout(encoder: DenseEncoder, level: RasterLevel) -> ChunkLayout:
    plan = encoder.plan(level.grid.width, level.grid.height)
    return ChunkLayout(encoder.basis.channels, plan.tiles.height, plan.tiles.width, plan.chunk_side)


def _cell_valid(valid: NDArray[np.bool_], stride: int) -> NDArray[np.bool_]:
    """Give the cells (h, w) with at least one valid pixel."""
    height, width = valid.shape[0] // stride, valid.shape[1] // stride
    return np.asarray(valid.reshape(height, stride, width, stride).any((1, 3)))


def _window_bytes(window: EncodedWindow) -> int:
    return window.coordinates.nbytes + window.valid.nbytes


def _chunk_bytes(chunk: FeatureChunk) -> int:
    return chunk.codes.nbytes + chunk.gain.nbytes + chunk.inverse_norm.nbytes
