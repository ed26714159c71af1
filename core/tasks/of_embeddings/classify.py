"""Classification of a raster of embeddings by a head that was trained on such embeddings."""

from __future__ import annotations

from collections.abc import Iterator

from core.classes import ClassScheme, scheme_of
from core.context import Context
from core.embeddings.pixels import EmbeddingPixels
from core.errors import ModelError
from core.model.class_head import ClassHead
from core.model.zoo.heads import load_class_head
from core.protocol import ClassifyParams
from core.tasks.blocks import ScoredBlock
from core.tasks.class_logits import ClassLogits
from core.tasks.of_embeddings.scores import scored_embeddings
from core.tasks.outputs import provenance_of
from core.tasks.scene import Scene


def class_logits(params: ClassifyParams, scene: Scene) -> ClassLogits:
    """Returns the logits of the classes of the head that ``params.model`` names.

    Raises:
        ModelError: there is no such head, it is a model for images, or it was trained on other embeddings.
    """
    return logits_of(head_for(params.model, scene))


def head_for(model: str, scene: Scene) -> ClassHead:
    """Return the head of a name for a scene of embeddings.

    Raises:
        ModelError: there is no such head, or its vectors have another length.
    """
    pixels = EmbeddingPixels(scene.raster, scene.recognition)
    head = load_class_head(model, pixels.layout.name)
    if head.weight.shape[1] != pixels.dimensions:
        raise ModelError(
            f"{model} was trained on vectors of {head.weight.shape[1]} axes, the raster has {pixels.dimensions}.",
            hint="Give embeddings with the same axes.",
        )
    return head


def scheme_of_head(head: ClassHead) -> ClassScheme:
    """Return the legend of a head's classes, coded from 1."""
    return scheme_of(head.name.rsplit("/", 1)[-1], head.classes)


def logits_of(head: ClassHead) -> ClassLogits:
    """Return the logits of a head's classes."""
    scheme = scheme_of_head(head)

    def blocks(scene: Scene, work: Context) -> Iterator[ScoredBlock]:
        pixels = EmbeddingPixels(scene.raster, scene.recognition)
        return scored_embeddings(pixels, head, scene, work, f"Classifying by {scheme.title}")

    def tags(scene: Scene) -> dict[str, str]:
        return provenance_of(head.name, head.sha256, scene, CLASS_SCHEME=scheme.name)

    return ClassLogits(scheme, blocks, tags, lambda scene: scene.facts)
