"""Estimate of the classes' shares of a view before the map is computed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.metrics.class_shares import estimate_shares
from core.tasks.blocks import ScoredBlock, softmax

LARGEST_SAMPLE = 50_000


def log_share_ratios(blocks: Iterator[ScoredBlock], classes: int, pixels: int) -> NDArray[np.float32]:
    """Estimate the shares of the classes from a regular sample of a view's pixels.

    Args:
        blocks: logits of the classes by block.
        classes: how many there are.
        pixels: of the view.

    Returns:
        (classes, 1, 1) float32, to be added to logits: the logarithm of each class's estimated share over an even one.
    """
    step = max(1, round((pixels / LARGEST_SAMPLE) ** 0.5))
    seen = [np.zeros((0, classes), np.float32)]
    for _, logits, valid in blocks:
        thinned = softmax(logits[:, ::step, ::step])
        seen.append(thinned[:, valid[::step, ::step]].T)
    shares = estimate_shares(np.concatenate(seen))
    return np.log(shares * classes).astype(np.float32)[:, None, None]
