"""Log-odds of linear heads for every pixel of a raster of embeddings, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from core.context import Context
from core.embeddings.pixels import EmbeddingPixels
from core.errors import InputError
from core.learning.likeness import LinearHead
from core.model.class_head import ClassHead
from core.raster.pixel_window import PixelWindow
from core.tasks.blocks import ScoredBlock
from core.tasks.scene import Scene


def head_of(heads: Sequence[LinearHead], pixels: EmbeddingPixels) -> ClassHead:
    """Return several heads of one score each as one."""
    weight = np.stack([head.weight.numpy() for head in heads]).astype(np.float32)
    return ClassHead(
        pixels.layout.name, ("",) * len(heads), weight, np.array([head.bias for head in heads], np.float32)
    )


def scored_embeddings(
    pixels: EmbeddingPixels, head: ClassHead, scene: Scene, context: Context, message: str
) -> Iterator[ScoredBlock]:
    """Score the scene's window.

    Args:
        pixels: of the embeddings.
        head: scores them.
        scene: raster and window.
        context: reports the progress after every block; cancellation is checked before every block.
        message: of the progress.

    Yields:
        Where in the result, logits (K, h, w), valid (h, w).

    Raises:
        InputError: no pixel of the window has data.
        CancelledError: the work was cancelled.
    """
    seen = done = 0
    for block, vectors, valid in pixels.blocks(scene.window):
        context.raise_if_cancelled()
        place = PixelWindow(block.col - scene.window.col, block.row - scene.window.row, block.width, block.height)
        yield place, head.logits(vectors), valid
        seen, done = seen + int(valid.sum()), done + valid.size
        context.progress(done / (scene.window.width * scene.window.height), message)
    if not seen:
        raise InputError("There are no pixels with data in this part of the raster.", hint="Check the extent.")
