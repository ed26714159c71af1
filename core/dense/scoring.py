"""Comparison of texts with the cells of a chunk, by compiled kernels or torch."""

from __future__ import annotations

import torch
from torch import Tensor

from core.dense import compiled, kernel_calls
from core.dense.chunk import FeatureChunk
from core.dense.odds import Scorer
from core.dense.text_factors import TextFactors

VALUES_AT_ONCE = 2**20
"""Cosines that are computed at a time: four megabytes. Smaller pieces cost more calls, which hold Python's lock."""


def cosines(chunk: FeatureChunk, texts: TextFactors) -> Tensor:
    """Cosines (N, h, w) float32 of N texts with every cell; 0 where there is no data."""
    return _score(chunk, texts, None)


def score(chunk: FeatureChunk, texts: TextFactors, scorer: Scorer) -> Tensor:
    """Returns the scores that a scorer computes from the cosines of texts with every cell.

    Args:
        chunk: h · w cells.
        texts: N of them, in the coordinates of the chunk.
        scorer: computes (M, n) scores from the cosines (N, n) of n cells.

    Returns:
        (M, h, w) float32.
    """
    return _score(chunk, texts, scorer)


def score_with_torch(chunk: FeatureChunk, texts: TextFactors, scorer: Scorer | None) -> Tensor:
    """Scores as ``score`` gives them, or cosines without a scorer, by torch alone.

    A few cells at a time, which fit into the processor's cache; a whole chunk in float32 does not.
    """
    height, width, channels = chunk.codes.shape
    codes = torch.from_numpy(chunk.codes).reshape(-1, channels)
    gain = torch.from_numpy(chunk.gain).reshape(-1).float()
    share = torch.from_numpy(chunk.inverse_norm).reshape(-1).float() if bool(texts.constants.any()) else None
    background = torch.from_numpy(chunk.background).reshape(-1)
    step = max(256, VALUES_AT_ONCE // max(1, len(texts)))
    parts = []
    for start in range(0, height * width, step):
        cells = slice(start, start + step)
        found = texts.products(codes[cells]).mul_(gain[cells])
        if share is not None:
            found.addr_(texts.constants, share[cells])
        parts.append(found if scorer is None else scorer(found, background[cells]))
    return (torch.cat(parts, 1) if len(parts) > 1 else parts[0]).reshape(-1, height, width)


def _score(chunk: FeatureChunk, texts: TextFactors, scorer: Scorer | None) -> Tensor:
    if chunk.blank:
        nothing = torch.zeros(len(texts), 1)
        count = len(nothing if scorer is None else scorer(nothing, torch.zeros(1)))
        return torch.zeros(()).expand(count, *chunk.valid.shape)
    kernels = compiled.KERNELS.ready
    if kernels is not None and kernel_calls.fits(texts):
        return kernel_calls.score(kernels, chunk, texts, scorer)
    return score_with_torch(chunk, texts, scorer)
