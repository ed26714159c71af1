"""Dense features of a raster of any size, computed chunk by chunk on first access and stored."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.context import Context
from core.dense.background_odds import background_label
from core.dense.blending import EncodedWindow, blend
from core.dense.chunk import FeatureChunk
from core.dense.chunk_layout import ChunkLayout
from core.dense.encode import DenseEncoder
from core.dense.feature_key import FeatureKey
from core.dense.level import Level, RasterLevel
from core.dense.lru_cache import LruCache
from core.dense.quantise import vectors
from core.dense.store import FeatureStore
from core.dense.stored_features import StoredFeatures, StoreError
from core.dense.window_encoding import WindowEncoder
from core.dense.windows import WindowPlan
from core.errors import InputError
from core.heap import HEAP
from core.raster.ahead import ahead
from core.raster.pixel_window import PixelWindow, RowCol
from core.torch_threads import one_torch_thread

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind
    from core.raster.reader import RasterReader
    from core.spectral.recognise import Recognition

LOG = logging.getLogger(__name__)
DEFAULT_BUDGET_BYTES = 2**30
STRIP_WINDOWS = 44
"""Width in windows of the strips that are computed row by row, so that windows shared by two rows stay in memory.

Two rows of the embedded model's windows fit there, and a Sentinel-2 granule, 43 of them wide, is one strip: windows
shared by two strips are computed twice.
"""
FINISHING = 2
"""Chunks that may wait to be written while the model computes."""
GIVE_BACK_EVERY = 8
"""Batches between returns of freed memory to the system, which takes half a millisecond."""


class _Claimed(NamedTuple):
    """A chunk this process has claimed."""

    chunk: RowCol
    claim: ExitStack


class _Finished(NamedTuple):
    """A claimed chunk with its features."""

    chunk: RowCol
    features: FeatureChunk
    claim: ExitStack


class DenseFeatures:
    """The feature grid of one level of one raster.

    Args:
        encoder: model, head and bands.
        level: the raster, or image, at the resolution that is encoded.
        stored: where chunks are kept; None to keep them in memory alone.
        budget_bytes: memory for recent windows and chunks.
        context: cancellation is checked before every batch.

    Attributes:
        plan: windows and chunks.
        layout: the chunked grid of cells.
        stored: where chunks are kept; None where they are kept in memory alone, from the start or after a full disk.
    """

    def __init__(
        self,
        encoder: DenseEncoder,
        level: Level,
        stored: StoredFeatures | None = None,
        *,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        context: Context | None = None,
    ) -> None:
        self.encoder = encoder
        self.level = level
        self.plan = encoder.plan(level.grid.width, level.grid.height)
        self.layout = _layout(encoder, level)
        self.stored = stored
        self._windows = WindowEncoder(encoder, level, self.plan, budget_bytes, context or Context())
        self._chunks: LruCache[RowCol, FeatureChunk] = LruCache(budget_bytes // 16, lambda chunk: chunk.nbytes)
        self._fingerprint = level.fingerprint()

    @property
    def encoded_windows(self) -> int:
        """How many windows went through the model so far."""
        return self._windows.encoded

    @property
    def folder(self) -> Path | None:
        """Folder of the stored chunks; None without a store."""
        return None if self.stored is None else self.stored.path

    def missing(self, cells: PixelWindow) -> list[RowCol]:
        """Returns the chunks of a block of cells that are not stored yet."""
        kept = self.stored
        return [chunk for chunk in self.layout.chunks_in(cells) if kept is None or not kept.has(chunk)]

    def chunk(self, chunk: RowCol) -> FeatureChunk:
        """Returns a chunk, computing it where it is not stored.

        Raises:
            CancelledError: the work was cancelled.
            InputError: the raster's file changed since it was opened.
        """
        recent = self._chunks.get(chunk)
        if recent is None:
            recent = self._computed(chunk) if self.stored is None else self._kept(chunk, self.stored)
            self._chunks.put(chunk, recent)
        return recent

    def release(self) -> None:
        """Discard recent windows and chunks."""
        self._windows.clear()
        self._chunks.clear()

    def compute(self, cells: PixelWindow, done: Callable[[int, int], None] | None = None) -> None:
        """Compute and store every missing chunk of a block of cells; see ``compute_chunks``."""
        self.compute_chunks(self.missing(cells), done)

    def compute_chunks(self, chunks: Iterable[RowCol], done: Callable[[int, int], None] | None = None) -> None:
        """Compute and store missing chunks; those that another process is computing come last.

        Pixels are read and finished chunks are written in other threads while the model computes.

        Args:
            chunks: those that are missing.
            done: called with (chunks done, chunks wanted).
        """
        wanted = in_strips(chunks, self.plan)
        if not wanted:
            return
        later: list[RowCol] = []
        finished = 0

        def finish_one() -> None:
            nonlocal finished
            finished += 1
            if done is not None:
                done(finished, len(wanted))

        if self.stored is not None:
            claimed = self._encoded_chunks(wanted, later, self.stored)
            with closing(claimed):
                for one, _ in ahead(claimed, self._finish, FINISHING):
                    self._chunks.put(one.chunk, one.features)
                    finish_one()
        else:
            later = wanted
        for chunk in later:
            self.chunk(chunk)
            finish_one()

    def blocks(self, window: PixelWindow) -> Iterator[tuple[PixelWindow, Tensor, NDArray[np.bool_]]]:
        """Read the features of a part of the level chunk by chunk.

        Args:
            window: pixels of the level.

        Yields:
            The pixels covered, unit vectors (D, h, w) float32 in text space on the feature grid, valid (h, w).
        """
        for chunk in self.layout.chunks_in(self.plan.cells(window)):
            features = self.chunk(chunk)
            pixels = self.plan.pixels(self.layout.window(chunk))
            yield pixels, vectors(features, self.encoder.basis), features.valid

    def _encoded_chunks(
        self, wanted: list[RowCol], later: list[RowCol], stored: StoredFeatures
    ) -> Generator[_Finished, None, None]:
        """Claim chunks, encode their windows and blend them; those not free, or that cannot be kept, go to ``later``.

        Blending stays in this thread. Torch has a thread pool for every Python thread, and two pools on the same cores
        wait for each other (docs/decisions/0024), so threads that encode beside it are given one processor each.
        """
        with self._windows.ahead(window for chunk in wanted for window in self._windows_of(chunk)) as windows:
            for number, group in enumerate(self._groups(wanted), 1):
                if number % GIVE_BACK_EVERY == 0:
                    HEAP.give_back()
                claimed = deque(self._claim_all(group, later, stored))
                for chunk in set(group) - {one.chunk for one in claimed}:
                    windows.drop(self._windows_of(chunk))
                try:
                    together = dict.fromkeys(window for one in claimed for window in self._windows_of(one.chunk))
                    found = windows.found(together)
                    while claimed:
                        chunk, claim = claimed[0]
                        features = self._blend(chunk, found)
                        claimed.popleft()
                        yield _Finished(chunk, features, claim)
                finally:
                    for one in claimed:
                        one.claim.close()

    def _claim_all(self, chunks: list[RowCol], later: list[RowCol], stored: StoredFeatures) -> Iterator[_Claimed]:
        """Claim those chunks that no other process computes or has finished."""
        for chunk in chunks:
            claim = ExitStack()
            if self.stored is None or not self._claim(claim, stored, chunk):
                later.append(chunk)
            elif stored.has(chunk):
                claim.close()
                later.append(chunk)  # reading it there takes no time
            else:
                yield _Claimed(chunk, claim)

    def _claim(self, claim: ExitStack, stored: StoredFeatures, chunk: RowCol) -> bool:
        """Claim a chunk until ``claim`` is closed; returns whether it was free."""
        try:
            return claim.enter_context(stored.claim(chunk, wait=False))
        except StoreError as problem:
            self._go_on_without_store(problem)
            return False

    def _finish(self, one: _Finished) -> None:
        """Store a finished chunk, if there still is a store, and release it."""
        with one.claim:
            self._refuse_changed()
            if self.stored is not None:
                self._keep(one.chunk, one.features, self.stored)

    def _blend(self, chunk: RowCol, found: Mapping[PixelWindow, EncodedWindow]) -> FeatureChunk:
        """Make a chunk of its windows; those that hold no data are not among those found."""
        windows = {window: found[window] for window in self._windows_of(chunk) if window in found}
        with one_torch_thread() if self.encoder.separate else nullcontext():
            return blend(self.layout.window(chunk), windows, self.plan, self.encoder.basis, self.encoder.background)

    def _groups(self, chunks: list[RowCol]) -> Iterator[list[RowCol]]:
        """Yields as many chunks at once as fill a batch with the windows each adds."""
        count = max(1, self._windows.batch_size // self.plan.windows_per_chunk**2)
        for start in range(0, len(chunks), count):
            yield chunks[start : start + count]

    def _kept(self, chunk: RowCol, stored: StoredFeatures) -> FeatureChunk:
        found = stored.read(chunk)
        if found is not None:
            return found
        try:
            with stored.claim(chunk, wait=True):
                return self._computed_and_kept(chunk, stored)
        except StoreError as problem:
            self._go_on_without_store(problem)
            return self._computed(chunk)

    def _computed_and_kept(self, chunk: RowCol, stored: StoredFeatures) -> FeatureChunk:
        """Compute a chunk that this process has claimed, unless another finished it meanwhile."""
        found = stored.read(chunk)
        if found is None:
            found = self._computed(chunk)
            self._keep(chunk, found, stored)
        return found

    def _keep(self, chunk: RowCol, features: FeatureChunk, stored: StoredFeatures) -> None:
        try:
            stored.write(chunk, features)
        except StoreError as problem:
            self._go_on_without_store(problem)

    def _go_on_without_store(self, problem: StoreError) -> None:
        LOG.warning("%s The features of this run are not kept.", problem)
        self.stored = None

    def _computed(self, chunk: RowCol) -> FeatureChunk:
        features = self._blend(chunk, self._windows.found(self._windows_of(chunk)))
        self._refuse_changed()
        return features

    def _refuse_changed(self) -> None:
        """Check, after reading, that the raster is unchanged since its features were opened.

        Raises:
            InputError: it changed.
        """
        if self._fingerprint != self.level.fingerprint():
            raise InputError(f"{self.level.path} changed while it was read.", hint="Run it again.")

    def _windows_of(self, chunk: RowCol) -> list[PixelWindow]:
        return self.plan.windows_of(self.layout.window(chunk))


def open_features(
    model: GeoLangBind,
    raster: RasterReader,
    recognition: Recognition,
    *,
    head: str | None = None,
    global_bias: float = 0.0,
    store: FeatureStore | None = None,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
    context: Context | None = None,
) -> DenseFeatures:
    """Open the dense features of a raster; they are computed on access.

    Args:
        model: the model.
        raster: the raster, open at the resolution to encode at.
        recognition: its bands, wavelengths and scaling.
        head: dense head; None for the model's default.
        global_bias: see ``core.model.dense_heads.dense_features``.
        store: of features on disk; None for memory alone.
        budget_bytes: memory for recent windows and chunks.
        context: cancellation is checked between two batches.
    """
    level = RasterLevel(raster, recognition)
    encoder = DenseEncoder.on(model, recognition.band_set, level.grid, head, global_bias)
    stored = None if store is None else _open_store(store, encoder, level)
    return DenseFeatures(encoder, level, stored, budget_bytes=budget_bytes, context=context)


def in_strips(chunks: Iterable[RowCol], plan: WindowPlan) -> list[RowCol]:
    """Order chunks strip by strip, so that windows shared by two rows of a wide raster are computed once."""
    width = plan.chunks_across(STRIP_WINDOWS)
    return sorted(chunks, key=lambda chunk: (chunk.col // width, chunk))


def feature_key(encoder: DenseEncoder, level: RasterLevel) -> FeatureKey:
    """Returns the store's key of a level seen by an encoder."""
    plan = encoder.plan(level.grid.width, level.grid.height)
    return FeatureKey(
        model_hash=encoder.model.model_hash,
        raster=level.fingerprint(),
        bands=tuple(level.recognition.band_indexes),
        wavelengths_um=level.recognition.band_set.wavelengths_um,
        scaling=repr(level.recognition.scaling),
        grid=(level.grid.width, level.grid.height, *level.grid.transform[:6]),
        head=encoder.label,
        windows=(plan.tiles.tile, plan.tiles.overlap, plan.tiles.align, plan.stride, plan.windows_per_chunk),
        background=background_label(encoder.model),
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
        store.evict_if_due()
        return stored
    except StoreError as problem:
        LOG.warning("%s The features of this run are not kept.", problem)
        return None


def _layout(encoder: DenseEncoder, level: Level) -> ChunkLayout:
    plan = encoder.plan(level.grid.width, level.grid.height)
    return ChunkLayout(encoder.basis.channels, plan.tiles.height, plan.tiles.width, plan.chunk_side)
