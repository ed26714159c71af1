"""One chunk of dense features as it is kept: int8 codes and three numbers a cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.dense import compiled
from core.dense.background_odds import Background
from core.dense.basis import FeatureBasis
from core.dense.odds import Scorer
from core.dense.text_factors import TextFactors

VALUES_AT_ONCE = 2**20
"""Cosines that are worked out at a time: four megabytes. Smaller pieces hold up other threads with more calls."""


@dataclass(frozen=True)
class FeatureChunk:
    """Unit-length features in the coordinates of a basis.

    A cell's coordinates, divided by the length of its feature, are ``codes · gain``; its basis' bias, divided by the
    same length, is ``bias · inverse_norm``. All numbers are 0 where the raster has no data.

    Attributes:
        codes: (h, w, K) int8.
        gain: (h, w) float16.
        inverse_norm: (h, w) float16.
        background: (h, w) float32, see ``Background.log_odds``.
    """

    codes: NDArray[np.int8]
    gain: NDArray[np.float16]
    inverse_norm: NDArray[np.float16]
    background: NDArray[np.float32]

    @classmethod
    @lru_cache(maxsize=8)
    def empty(cls, channels: int, height: int, width: int) -> FeatureChunk:
        """Give the chunk without data, which takes memory once however many there are."""
        nothing = np.zeros((height, width), np.float16)
        return cls(np.zeros((height, width, channels), np.int8), nothing, nothing, nothing.astype(np.float32))

    @classmethod
    def quantise(
        cls, coordinates: Tensor, valid: Tensor, basis: FeatureBasis, background: Background | None = None
    ) -> FeatureChunk:
        """Keep coordinates (K, h, w) float32 of the cells in ``valid`` (h, w) bool, and the background's odds there."""
        norms = basis.norms(coordinates[None])[0].clamp_min(1e-6)
        largest = torch.maximum(coordinates.amax(0), coordinates.amin(0).neg_())  # five times as fast as the norm
        gain = (largest / norms / 127).clamp_min(1e-7).half()
        inverse_norm = norms.reciprocal().clamp(1e-7, 60000).half()
        gain, inverse_norm = torch.where(valid, gain, 0), torch.where(valid, inverse_norm, 0)
        factor = torch.where(valid, 1 / (norms * torch.where(gain > 0, gain, 1).float()), 0)
        codes = (coordinates * factor).round_().clamp_(-127, 127).to(torch.int8).permute(1, 2, 0).contiguous()
        nothing = np.zeros(valid.shape, np.float32)
        kept = cls(codes.numpy(), gain.half().numpy(), inverse_norm.half().numpy(), nothing)
        if background is None:
            return kept
        # Of the codes, not of the coordinates: a prompt takes its own kin out of the sum, to the last bit.
        # By torch, whatever else is ready: what is kept must not depend on that in its last bit.
        odds = kept._scored_by_torch(background.texts, lambda cosines, _: background.log_odds(cosines)[None])[0]
        return replace(kept, background=torch.where(valid, odds, 0).numpy())

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which cells (h, w) hold data."""
        return self.inverse_norm > 0

    @property
    def blank(self) -> bool:
        """Whether no cell holds data; looks at bits, since numpy compares half-precision numbers one by one."""
        return not self.inverse_norm.view(np.uint16).any()

    @property
    def nbytes(self) -> int:
        """Memory it takes; none where there is no data."""
        if self.blank:
            return 0
        return self.codes.nbytes + self.gain.nbytes + self.inverse_norm.nbytes + self.background.nbytes

    def cosines(self, texts: TextFactors) -> Tensor:
        """Score texts, which should be unit vectors: (N, h, w) float32 cosines; 0 where there is no data."""
        return self._scored_texts(texts, None)

    def scored_texts(self, texts: TextFactors, judge: Scorer) -> Tensor:
        """Score texts against every cell and make of the scores what is wanted.

        Args:
            texts: N of them, in the coordinates of the chunk.
            judge: makes (M, n) of the cosines (N, n) of n cells.

        Returns:
            (M, h, w) float32.
        """
        return self._scored_texts(texts, judge)

    def _scored_texts(self, texts: TextFactors, judge: Scorer | None) -> Tensor:
        if self.blank:
            nothing = torch.zeros(len(texts), 1)
            count = len(nothing if judge is None else judge(nothing, torch.zeros(1)))
            return torch.zeros(()).expand(count, *self.valid.shape)
        found = compiled.scored_texts(self, texts, judge)
        return self._scored_by_torch(texts, judge) if found is None else found

    def _scored_by_torch(self, texts: TextFactors, judge: Scorer | None) -> Tensor:
        """Work on a few cells at a time: they stay in the processor's cache, which a chunk in float32 does not."""
        height, width, channels = self.codes.shape
        codes = torch.from_numpy(self.codes).reshape(-1, channels)
        gain = torch.from_numpy(self.gain).reshape(-1).float()
        share = torch.from_numpy(self.inverse_norm).reshape(-1).float() if bool(texts.constants.any()) else None
        background = torch.from_numpy(self.background).reshape(-1)
        step = max(256, VALUES_AT_ONCE // max(1, len(texts)))
        parts = []
        for start in range(0, height * width, step):
            cells = slice(start, start + step)
            scores = texts.products(codes[cells]).mul_(gain[cells])
            if share is not None:
                scores.addr_(texts.constants, share[cells])
            parts.append(scores if judge is None else judge(scores, background[cells]))
        return (torch.cat(parts, 1) if len(parts) > 1 else parts[0]).reshape(-1, height, width)

    def at(self, rows: NDArray[np.intp], columns: NDArray[np.intp], basis: FeatureBasis) -> Tensor:
        """Give the unit vectors (N, D) of some cells."""
        return self._part((rows[None], columns[None])).vectors(basis)[:, 0].T

    def crop(self, rows: slice, columns: slice) -> FeatureChunk:
        """Give a part of the chunk."""
        return self._part((rows, columns))

    def _part(self, here: tuple[Any, Any]) -> FeatureChunk:
        return FeatureChunk(self.codes[here], self.gain[here], self.inverse_norm[here], self.background[here])

    def vectors(self, basis: FeatureBasis) -> Tensor:
        """Give the features as unit vectors (D, h, w) float32 in text space; 0 where there is no data."""
        coordinates = torch.from_numpy(self.codes).float() * torch.from_numpy(self.gain).float()[..., None]
        if basis.matrix is None or basis.bias is None:
            return coordinates.permute(2, 0, 1).contiguous()
        shares = torch.from_numpy(self.inverse_norm).float()
        return torch.einsum("dk,hwk->dhw", basis.matrix, coordinates) + basis.bias[:, None, None] * shares
