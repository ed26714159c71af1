"""What every source of training batches offers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from numpy.random import Generator

from core.pretrain.batch import Batch, Share
from core.pretrain.prompt_templates import PromptTemplates


class Source(Protocol):
    """Makes batches out of chance alone: the same generator state gives the same batch, so training resumes exactly."""

    name: str
    prompts: PromptTemplates

    def batch(self, rng: Generator) -> Batch:
        """Make one batch."""
        ...


@runtime_checkable
class SharingSource(Source, Protocol):
    """A source that need not make a whole batch to give one process its share of it."""

    def share(self, rng: Generator, share: Share) -> Batch:
        """Make one process's share of the batch that ``batch`` would make of the same generator state."""
        ...
