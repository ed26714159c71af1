"""Parallel scoring of many stored chunks, one processor thread for each.

A chunk's operations are too small to be divided among threads, and reading and checking a chunk takes half as long as
scoring it; so each thread reads and scores whole chunks.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from core.dense.chunk import FeatureChunk
from core.dense.stored_features import StoredFeatures
from core.raster.pixel_window import RowCol

Score = TypeVar("Score")
HANDED_OVER = 4
"""Chunks submitted to a thread at a time."""


def score_all(
    stored: StoredFeatures, chunks: Iterable[RowCol], score: Callable[[FeatureChunk], Score]
) -> Generator[tuple[RowCol, Score], None, None]:
    """Read and score chunks; memory holds one chunk for each thread, and a few scores.

    Args:
        stored: the features of a raster.
        chunks: which of them.
        score: called in other threads, with gradients off.

    Yields:
        (chunk, score) in the order of the chunks, but for those that are missing or damaged.
    """
    threads = torch.get_num_threads()

    @torch.inference_mode()
    def work(group: Sequence[RowCol]) -> list[tuple[RowCol, Score]]:
        found = ((chunk, stored.read(chunk)) for chunk in group)
        return [(chunk, score(features)) for chunk, features in found if features is not None]

    waiting: deque[Future[list[tuple[RowCol, Score]]]] = deque()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            for group in _groups(chunks):
                waiting.append(pool.submit(work, group))
                if len(waiting) > 2 * threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            # The threads' own setting is also what threads to come would start with.
            torch.set_num_threads(threads)


def _groups(chunks: Iterable[RowCol]) -> Iterator[list[RowCol]]:
    """Yields chunks in small groups: passing work between threads takes a tenth of the time to score a chunk."""
    remaining = iter(chunks)
    while group := list(itertools.islice(remaining, HANDED_OVER)):
        yield group
