"""Logits of a legend's classes, block by block, whichever model computes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from core.classes import ClassScheme
from core.context import Context
from core.tasks.blocks import ScoredBlock
from core.tasks.scene import Scene


@dataclass(frozen=True)
class ClassLogits:
    """Logits of classes for every pixel of a scene, whatever makes them.

    Attributes:
        scheme: the legend.
        blocks: gives the logits of a scene, block by block, and tells a context the progress.
        tags: gives the provenance of a map of a scene.
        facts: gives what every result says of a scene.
    """

    scheme: ClassScheme
    blocks: Callable[[Scene, Context], Iterator[ScoredBlock]]
    tags: Callable[[Scene], dict[str, str]]
    facts: Callable[[Scene], dict[str, Any]]
