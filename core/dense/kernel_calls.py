"""Calls of the compiled kernels: chunks, texts and scorers as the arrays that ``core.dense.kernels`` takes.

``kernels`` is always that module; whether to call it or torch is chosen elsewhere (``core.dense.scoring``,
``core.dense.upsample``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.dense.chunk import FeatureChunk
from core.dense.odds import LOG2_E, SMALLEST_REST, OddsAgainstBackground, Scorer, SharedOdds
from core.dense.text_factors import TextFactors

MOST_SUM = 2**31 - 1
"""Largest sum of products: the kernels add in 32 bits."""


def fits(texts: TextFactors) -> bool:
    """Whether no sum of products leaves 32 bits, which takes more than 500 channels."""
    return len(texts) > 0 and int(texts.whole.abs().sum(1).amax()) * 127 <= MOST_SUM


def score(kernels: Any, chunk: FeatureChunk, texts: TextFactors, scorer: Scorer | None) -> Tensor:  # noqa: ANN401
    """Score the cells of a chunk.

    Args:
        kernels: the module core.dense.kernels.
        chunk: holds n = h · w cells.
        texts: N of them, that fit.
        scorer: computes scores from cosines; None for the cosines themselves.

    Returns:
        (M, h, w) float32.
    """
    height, width, channels = chunk.codes.shape
    cells = (
        np.ascontiguousarray(chunk.codes).reshape(-1, channels),
        np.ascontiguousarray(chunk.gain).reshape(-1).view(np.uint16),
        np.ascontiguousarray(chunk.inverse_norm).reshape(-1).view(np.uint16),
        texts.whole.numpy(),
        texts.steps[:, 0].numpy(),
        texts.constants.numpy(),
    )
    background = np.ascontiguousarray(chunk.background).reshape(-1)

    def filled(count: int, kernel: Any, *more: Any) -> Tensor:  # noqa: ANN401
        out = np.empty((count, height * width), np.float32)
        kernel(*cells, *more, out)
        return torch.from_numpy(out)

    if isinstance(scorer, OddsAgainstBackground):
        found = filled(len(scorer.own), kernels.log_odds, background, *_against_background(scorer))
    elif isinstance(scorer, SharedOdds):
        temperature = np.float32(scorer.temperature * LOG2_E)
        found = filled(len(scorer.weights), kernels.log_sums, temperature, scorer.weights.numpy())
    else:
        found = filled(len(texts), kernels.cosines)
        found = found if scorer is None else scorer(found, torch.from_numpy(background))
    return found.reshape(-1, height, width)


def upsample(
    kernels: Any,  # noqa: ANN401
    scores: Tensor,
    cell_valid: Tensor,
    guide: Tensor,
    pixel_valid: Tensor,
    stride: int,
    nearness: Tensor,
    likeness: float,
) -> Tensor:
    """Scores at pixels (N, H, W) float32, see ``core.dense.upsample``."""
    out = np.empty((len(scores), *guide.shape[1:]), np.float32)
    given = (each.contiguous().numpy() for each in (scores, cell_valid, guide, pixel_valid))
    kernels.upsampled(*given, stride, nearness.numpy(), np.float32(likeness), out)
    return torch.from_numpy(out)


def _against_background(scorer: OddsAgainstBackground) -> tuple[Any, ...]:
    """Arguments of the kernel ``log_odds`` for the scorer."""
    starts = np.cumsum([0, *(len(places) for places in scorer.own)], dtype=np.intp)
    places = np.concatenate([np.array(places, np.intp) for places in scorer.own])
    scale, offset = (LOG2_E, 0.0) if scorer.bias is None else (0.0, -scorer.bias * LOG2_E)
    numbers = (np.float32(number) for number in (scorer.temperature * LOG2_E, scale, offset))
    calibration = (np.float32(number) for number in (scorer.norm, scorer.slope / LOG2_E, scorer.offset))
    return (*numbers, starts, places, scorer.weights.numpy(), np.float32(SMALLEST_REST), *calibration)
