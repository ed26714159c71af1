"""What every source of training batches offers."""

from __future__ import annotations

from typing import Protocol

from numpy.random import Generator

from core.train.batch import Batch
from core.train.wording import Wording


class Source(Protocol):
    """Makes batches out of chance alone: the same generator state gives the same batch, so training resumes exactly."""

    name: str
    wording: Wording

    def batch(self, rng: Generator) -> Batch:
        """Make one batch."""
        ...
