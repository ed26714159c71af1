"""Interfaces of the sources of training batches."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from numpy.random import Generator

from core.pretrain.batch import Batch, Share
from core.pretrain.prompt_templates import PromptTemplates


class Source(Protocol):
    """Makes batches as a function of a random generator's state, so that training resumes exactly."""

    name: str
    prompts: PromptTemplates

    def batch(self, rng: Generator) -> Batch:
        """Make one batch."""
        ...


@runtime_checkable
class SharingSource(Source, Protocol):
    """A source that can make one process's share of a batch by itself."""

    def share(self, rng: Generator, share: Share) -> Batch:
        """Make one process's share of the batch that ``batch`` would make of the same generator state."""
        ...
