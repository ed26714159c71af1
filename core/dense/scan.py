"""Scores of many stored chunks: several at a time, each by one processor thread.

A chunk's operations are too small to be shared out among threads one by one, and reading and checking a chunk takes
half as long as scoring it; chunks side by side keep every core at both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from core.dense.chunk import FeatureChunk
from core.dense.stored_features import StoredFeatures

Chunk = tuple[int, int]
Score = TypeVar("Score")


def score_all(
    stored: StoredFeatures, chunks: Iterable[Chunk], score: Callable[[FeatureChunk], Score]
) -> Generator[tuple[Chunk, Score], None, None]:
    """Read chunks and score each; memory holds two chunks a thread.

    Args:
        stored: the features of a raster.
        chunks: which of them.
        score: called in other threads, with gradients off.

    Yields:
        (chunk, score) in the order of the chunks, but for those that are missing or damaged.
    """
    threads = torch.get_num_threads()

    @torch.inference_mode()
    def work(chunk: Chunk) -> tuple[Score] | None:
        features = stored.read(chunk)
        return None if features is None else (score(features),)

    waiting: deque[tuple[Chunk, Future[tuple[Score] | None]]] = deque()

    def next_done() -> Iterator[tuple[Chunk, Score]]:
        chunk, future = waiting.popleft()
        scored = future.result()
        if scored is not None:
            yield chunk, scored[0]

    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            for chunk in chunks:
                waiting.append((chunk, pool.submit(work, chunk)))
                if len(waiting) > 2 * threads:
                    yield from next_done()
            while waiting:
                yield from next_done()
        finally:
            for _, future in waiting:
                future.cancel()
            # The threads' own setting is also what threads to come would start with.
            torch.set_num_threads(threads)
