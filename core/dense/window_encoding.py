"""Windows of a level through the model: read ahead, encoded in batches or one by one, the recent ones remembered."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from core.context import Context
from core.dense.blending import EncodedWindow, to_16_bits
from core.dense.encode import DenseEncoder
from core.dense.level import Level
from core.dense.lru_cache import LruCache
from core.dense.windows import WindowPlan
from core.raster.ahead import ReadAhead
from core.raster.pixel_window import PixelWindow
from core.torch_threads import keep_to_one_thread

Pixels = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Model input (C, H, W) and which cells (h, w) have data."""

MOST_THREADS = 8
"""Windows that are encoded at a time: each takes some forty megabytes meanwhile."""

NOTHING = EncodedWindow(torch.empty(0), np.zeros((0, 0), bool))
"""A window that holds no data."""


class WindowEncoder:
    """The encoded windows of one level.

    An encoder that takes windows separately gets each from one of several threads, which also read its pixels; the
    caller blends beside them. Others get batches in the caller's thread, whose pixels another thread reads.

    Args:
        encoder: model, head and bands.
        level: the raster, or image, at the resolution that is encoded.
        plan: its windows.
        budget_bytes: memory for recent windows, four times.
        context: cancellation is checked before every batch or window.

    Attributes:
        encoded: how many windows went through the model so far.
    """

    def __init__(
        self, encoder: DenseEncoder, level: Level, plan: WindowPlan, budget_bytes: int, context: Context
    ) -> None:
        self.encoded = 0
        self._encoder = encoder
        self._level = level
        self._plan = plan
        self._budget_bytes = budget_bytes
        self._context = context
        self._recent: LruCache[PixelWindow, EncodedWindow]
        self._recent = LruCache(budget_bytes // 4, lambda window: window.nbytes)
        self._reading = threading.Lock()

    @property
    def batch_size(self) -> int:
        """Windows that are encoded together."""
        return self._encoder.batch_size(self._plan.window_pixels)

    def clear(self) -> None:
        """Discard recent windows."""
        self._recent.clear()

    def found(self, windows: Iterable[PixelWindow]) -> dict[PixelWindow, EncodedWindow]:
        """Returns those of some windows that hold data, encoded now where they are not remembered.

        Raises:
            CancelledError: the work was cancelled.
        """
        if self._encoder.separate:
            return dict(self._separate(windows, self._encoded_alone))
        return dict(self._batched(windows, self._read))

    @contextmanager
    def ahead(self, upcoming: Iterable[PixelWindow]) -> Iterator[WindowsAhead]:
        """Work ahead of requests, in other threads.

        Args:
            upcoming: the windows that will be requested, in about this order.

        Yields:
            What gives the windows.
        """
        unknown = self._unknown(upcoming)
        if self._encoder.separate:
            threads = min(torch.get_num_threads(), MOST_THREADS)
            depth = max(self.batch_size, 2 * threads)
            with ReadAhead(self._encoded_alone, unknown, depth, threads=threads, begin=keep_to_one_thread) as encoded:
                yield WindowsAhead(lambda windows: dict(self._separate(windows, encoded.take)), encoded.drop)
        else:
            with ReadAhead(self._read, unknown, self._read_ahead()) as read:
                yield WindowsAhead(lambda windows: dict(self._batched(windows, read.take)), read.drop)

    def _unknown(self, windows: Iterable[PixelWindow]) -> Iterator[PixelWindow]:
        """Yields the windows that are not in memory, in the order they will be read."""
        on_their_way: deque[PixelWindow] = deque(maxlen=8 * self.batch_size)
        for window in windows:
            if window not in self._recent and window not in on_their_way:
                on_their_way.append(window)
                yield window

    def _read_ahead(self) -> int:
        """Returns the number of prefetched windows: a batch, or less where they would take an eighth of the budget."""
        bytes_a_window = 4 * len(self._level.band_set) * self._plan.window_pixels**2
        return max(1, min(self.batch_size, self._budget_bytes // 8 // bytes_a_window))

    def _read(self, window: PixelWindow) -> Pixels:
        """Read a window of cells as model input, and whether each cell has data."""
        with self._reading:  # a raster that is open can be read by one thread at a time
            image, valid = self._level.read(self._plan.pixels(window))
        return image, _cell_valid(valid, self._plan.stride)

    def _encoded_alone(self, window: PixelWindow) -> EncodedWindow:
        """Read and encode a window; may be called in several threads."""
        image, valid = self._read(window)
        if not valid.any():
            return NOTHING
        return EncodedWindow(_by_cell(to_16_bits(self._encoder.encode(torch.from_numpy(image)[None])))[0], valid)

    def _separate(
        self, windows: Iterable[PixelWindow], encode: Callable[[PixelWindow], EncodedWindow]
    ) -> Iterator[tuple[PixelWindow, EncodedWindow]]:
        """Yields the windows that hold data; those that are not remembered come from ``encode``."""
        for window in windows:
            known = self._recent.get(window)
            if known is None:
                self._context.raise_if_cancelled()
                known = encode(window)
                self.encoded += known is not NOTHING
                self._recent.put(window, known)
            if known is not NOTHING:
                yield window, known

    def _batched(
        self, windows: Iterable[PixelWindow], read: Callable[[PixelWindow], Pixels]
    ) -> Iterator[tuple[PixelWindow, EncodedWindow]]:
        """Yields the windows that hold data, encoding in batches those that are not remembered."""
        fresh: list[tuple[PixelWindow, Pixels]] = []
        for window in windows:
            known = self._recent.get(window)
            if known is not None:
                if known is not NOTHING:
                    yield window, known
                continue
            pixels = read(window)
            if pixels[1].any():
                fresh.append((window, pixels))
            else:
                self._recent.put(window, NOTHING)
            if len(fresh) == self.batch_size:
                yield from self._encode(fresh)
                fresh = []
        yield from self._encode(fresh)

    def _encode(self, fresh: list[tuple[PixelWindow, Pixels]]) -> Iterator[tuple[PixelWindow, EncodedWindow]]:
        if not fresh:
            return
        self._context.raise_if_cancelled()
        images = torch.from_numpy(np.stack([image for _, (image, _) in fresh]))
        found = _by_cell(to_16_bits(self._encoder.encode(images)))
        self.encoded += len(fresh)
        for (window, (_, valid)), bottleneck in zip(fresh, found, strict=True):
            encoded = EncodedWindow(bottleneck.clone(), valid)  # else one that is remembered keeps the whole batch
            self._recent.put(window, encoded)
            yield window, encoded


class WindowsAhead:
    """Windows that are worked on before they are requested.

    Args:
        found: see ``found``.
        drop: forgets windows that will not be requested after all.
    """

    def __init__(
        self,
        found: Callable[[Iterable[PixelWindow]], dict[PixelWindow, EncodedWindow]],
        drop: Callable[[Iterable[PixelWindow]], None],
    ) -> None:
        self._found = found
        self.drop = drop

    def found(self, windows: Iterable[PixelWindow]) -> dict[PixelWindow, EncodedWindow]:
        """Returns those of some windows that hold data; see ``WindowEncoder.found``."""
        return self._found(windows)


def _by_cell(bottleneck: torch.Tensor) -> torch.Tensor:
    """Returns (B, h, w, Z) of (B, Z, h, w): no copy where the model's maps are laid out so, as convolutions' are."""
    return bottleneck.permute(0, 2, 3, 1).contiguous()


def _cell_valid(valid: NDArray[np.bool_], stride: int) -> NDArray[np.bool_]:
    """Returns the cells (h, w) with at least one valid pixel."""
    rows = np.logical_or.reduce([valid[first::stride] for first in range(stride)])  # ten times as fast as any()
    return np.asarray(np.logical_or.reduce([rows[:, first::stride] for first in range(stride)]))
