"""Interface of the models that compute logits of a legend's classes, block by block."""

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
    """Logits of classes for every pixel of a scene, by a prompted model or a trained head.

    Attributes:
        scheme: the legend.
        blocks: yields the logits of a scene by block, and reports progress to a context.
        tags: returns the provenance tags of a map of a scene.
        facts: returns the facts of a scene in every result.
    """

    scheme: ClassScheme
    blocks: Callable[[Scene, Context], Iterator[ScoredBlock]]
    tags: Callable[[Scene], dict[str, str]]
    facts: Callable[[Scene], dict[str, Any]]
