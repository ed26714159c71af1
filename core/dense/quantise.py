"""Quantisation of features to int8 codes, and back to vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.dense.background_odds import Background
from core.dense.basis import FeatureBasis
from core.dense.chunk import FeatureChunk
from core.dense.scoring import score_with_torch


def quantise(
    coordinates: Tensor, valid: Tensor, basis: FeatureBasis, background: Background | None = None
) -> FeatureChunk:
    """Quantise features.

    Args:
        coordinates: (h, w, K) float32.
        valid: (h, w) bool, which cells have data.
        basis: of the coordinates.
        background: its log-odds are stored beside the codes; None for zeros.

    Returns:
        The chunk of these cells.
    """
    norms = basis.norms(coordinates).clamp_min(1e-6)
    largest = coordinates.abs().amax(-1)  # several times as fast as the norm
    gain = (largest / norms / 127).clamp_min(1e-7).half()
    inverse_norm = norms.reciprocal().clamp(1e-7, 60000).half()
    gain, inverse_norm = torch.where(valid, gain, 0), torch.where(valid, inverse_norm, 0)
    factor = torch.where(valid, 1 / (norms * torch.where(gain > 0, gain, 1).float()), 0)
    codes = (coordinates * factor[..., None]).round_().clamp_(-127, 127).to(torch.int8)
    nothing = np.zeros(valid.shape, np.float32)
    kept = FeatureChunk(codes.numpy(), gain.half().numpy(), inverse_norm.half().numpy(), nothing)
    if background is None:
        return kept
    # Of the codes, not of the coordinates: a prompt takes related words out of the sum again, to the last bit.
    # By torch, whatever else is ready: what is kept must not depend on that in its last bit.
    odds = score_with_torch(kept, background.texts, lambda cosines, _: background.log_odds(cosines)[None])[0]
    return replace(kept, background=torch.where(valid, odds, 0).numpy())


def vectors(chunk: FeatureChunk, basis: FeatureBasis) -> Tensor:
    """Features as unit vectors (D, h, w) float32 in text space; 0 where there is no data."""
    coordinates = torch.from_numpy(chunk.codes).float() * torch.from_numpy(chunk.gain).float()[..., None]
    if basis.matrix is None or basis.bias is None:
        return coordinates.permute(2, 0, 1).contiguous()
    shares = torch.from_numpy(chunk.inverse_norm).float()
    return torch.einsum("dk,hwk->dhw", basis.matrix, coordinates) + basis.bias[:, None, None] * shares


def vectors_at(chunk: FeatureChunk, rows: NDArray[np.intp], columns: NDArray[np.intp], basis: FeatureBasis) -> Tensor:
    """Unit vectors (N, D) float32 of N cells by their row and column."""
    here = rows[None], columns[None]
    cells = FeatureChunk(chunk.codes[here], chunk.gain[here], chunk.inverse_norm[here], chunk.background[here])
    return vectors(cells, basis)[:, 0].T
