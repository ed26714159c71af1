"""One chunk of dense features as it is kept: int8 codes with two half-precision numbers a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.dense.basis import FeatureBasis

VALUES_AT_ONCE = 2**20
"""Codes that are turned to float32 at a time: four megabytes. Smaller pieces hold up other threads with more calls."""


@dataclass(frozen=True)
class FeatureChunk:
    """Unit-length features in the coordinates of a basis.

    A cell's coordinates, divided by the length of its feature, are ``codes · gain``; its basis' bias, divided by the
    same length, is ``bias · inverse_norm``. Both numbers are 0 where the raster has no data.

    Attributes:
        codes: (K, h, w) int8.
        gain: (h, w) float16.
        inverse_norm: (h, w) float16.
    """

    codes: NDArray[np.int8]
    gain: NDArray[np.float16]
    inverse_norm: NDArray[np.float16]

    @classmethod
    @lru_cache(maxsize=8)
    def empty(cls, channels: int, height: int, width: int) -> FeatureChunk:
        """Give the chunk without data, which takes memory once however many there are."""
        nothing = np.zeros((height, width), np.float16)
        return cls(np.zeros((channels, height, width), np.int8), nothing, nothing)

    @classmethod
    def quantise(cls, coordinates: Tensor, valid: Tensor, basis: FeatureBasis) -> FeatureChunk:
        """Keep coordinates (K, h, w) float32 of the cells in ``valid`` (h, w) bool."""
        norms = basis.norms(coordinates[None])[0].clamp_min(1e-6)
        largest = torch.maximum(coordinates.amax(0), coordinates.amin(0).neg_())  # five times as fast as the norm
        gain = (largest / norms / 127).clamp_min(1e-7).half()
        inverse_norm = norms.reciprocal().clamp(1e-7, 60000).half()
        gain, inverse_norm = torch.where(valid, gain, 0), torch.where(valid, inverse_norm, 0)
        factor = torch.where(valid, 1 / (norms * torch.where(gain > 0, gain, 1).float()), 0)
        codes = (coordinates * factor).round_().clamp_(-127, 127).to(torch.int8)
        return cls(codes.numpy(), gain.half().numpy(), inverse_norm.half().numpy())

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which cells (h, w) hold data."""
        return self.inverse_norm > 0

    @property
    def nbytes(self) -> int:
        """Memory it takes; none where there is no data."""
        return self.codes.nbytes + self.gain.nbytes + self.inverse_norm.nbytes if self.inverse_norm.any() else 0

    def cosines(self, factors: Tensor, constants: Tensor) -> Tensor:
        """Score text in the basis against every cell.

        Args:
            factors: (N, K) float32 and
            constants: (N,) float32, from ``FeatureBasis.text`` of unit-length text.

        Returns:
            (N, h, w) float32 cosines; 0 where there is no data.
        """
        return self.judged(factors, constants, lambda cosines: cosines)

    def judged(self, factors: Tensor, constants: Tensor, judge: Callable[[Tensor], Tensor]) -> Tensor:
        """Score text against every cell and make of the scores what is wanted, a few cells at a time.

        What is done to so few cells stays in the processor's cache, which a whole chunk in float32 does not.

        Args:
            factors: (N, K) float32, see ``cosines``.
            constants: (N,) float32.
            judge: makes (M, n) of the cosines (N, n) of n cells.

        Returns:
            (M, h, w) float32.
        """
        channels, height, width = self.codes.shape
        if not self.valid.any():
            return torch.zeros(()).expand(len(judge(torch.zeros(len(factors), 1))), height, width)
        codes = torch.from_numpy(self.codes).reshape(channels, -1)
        gain = torch.from_numpy(self.gain).reshape(-1).float()
        share = torch.from_numpy(self.inverse_norm).reshape(-1).float() if bool(constants.any()) else None
        step = max(256, VALUES_AT_ONCE // channels)
        parts = []
        for start in range(0, height * width, step):
            cells = slice(start, start + step)
            scores = (factors @ codes[:, cells].float()).mul_(gain[cells])
            if share is not None:
                scores.addr_(constants, share[cells])
            parts.append(judge(scores))
        return torch.cat(parts, 1).reshape(-1, height, width)

    def at(self, rows: NDArray[np.intp], columns: NDArray[np.intp], basis: FeatureBasis) -> Tensor:
        """Give the unit vectors (N, D) of some cells."""
        picked = FeatureChunk(
            self.codes[:, rows, columns][:, None],
            self.gain[rows, columns][None],
            self.inverse_norm[rows, columns][None],
        )
        return picked.vectors(basis)[:, 0].T

    def crop(self, rows: slice, columns: slice) -> FeatureChunk:
        """Give a part of the chunk."""
        return FeatureChunk(self.codes[:, rows, columns], self.gain[rows, columns], self.inverse_norm[rows, columns])

    def vectors(self, basis: FeatureBasis) -> Tensor:
        """Give the features as unit vectors (D, h, w) float32 in text space; 0 where there is no data."""
        coordinates = torch.from_numpy(self.codes).float() * torch.from_numpy(self.gain).float()
        if basis.matrix is None or basis.bias is None:
            return coordinates
        shares = torch.from_numpy(self.inverse_norm).float()
        return torch.einsum("dk,khw->dhw", basis.matrix, coordinates) + basis.bias[:, None, None] * shares
