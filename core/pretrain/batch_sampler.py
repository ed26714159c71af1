"""Batches of the recipe's mixture as functions of seed and step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.random import Generator

from core.pretrain.batch import Batch, Share
from core.pretrain.recipe import Recipe
from core.pretrain.sources.base import SharingSource, Source


class BatchSampler:
    """Samples the batches of steps; every step has its own random generator, so that a resumed run repeats it.

    Args:
        recipe: weights of the sources, and whether all are in every step.
        sources: by name.
        share: this process's part of every batch.
    """

    def __init__(self, recipe: Recipe, sources: Mapping[str, Source], share: Share) -> None:
        self._recipe = recipe
        self._sources = sources
        self._share = share
        self._names = list(sources)
        weights = np.array([recipe.sources[name].weight for name in self._names], dtype=np.float64)
        self._chances = weights / weights.sum()

    def step(self, number: int) -> list[Batch]:
        """Returns one step's batches: one of each source, or of one source chosen at random."""
        rng = np.random.default_rng((self._recipe.seed, number))
        if self._recipe.together:
            return [self._part(source, rng) for source in self._sources.values()]
        return [self._part(self._sources[self._names[rng.choice(len(self._names), p=self._chances)]], rng)]

    def steps(self, first: int, end: int) -> Iterator[list[Batch]]:
        """Yields the batches of successive steps, each prepared while the model processes the one before."""
        if first >= end:
            return
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self.step, first)
            for number in range(first + 1, end + 1):
                batches = coming.result()
                if number < end:
                    coming = pool.submit(self.step, number)
                yield batches

    def _part(self, source: Source, rng: Generator) -> Batch:
        """Returns this process's share of a source's next batch."""
        if isinstance(source, SharingSource):
            return source.share(rng, self._share)
        batch = source.batch(rng)
        return batch.part(self._share.of(len(batch.images))) if self._share.count > 1 else batch
