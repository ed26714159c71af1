"""One chunk of dense features as it is stored: int8 codes and three numbers for each cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FeatureChunk:
    """Unit-length features in the coordinates of a basis.

    A cell's coordinates, divided by the length of its feature, are ``codes · gain``; its basis' bias, divided by the
    same length, is ``bias · inverse_norm``. All numbers are 0 where the raster has no data. ``core.dense.quantise``
    makes chunks and takes vectors out of them, ``core.dense.scoring`` compares them with texts.

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
        """Returns the chunk without data; all share one array."""
        nothing = np.zeros((height, width), np.float16)
        return cls(np.zeros((height, width, channels), np.int8), nothing, nothing, nothing.astype(np.float32))

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which cells (h, w) hold data."""
        return self.inverse_norm > 0

    @property
    def blank(self) -> bool:
        """Whether no cell holds data; compares bits, since numpy is slow at half-precision numbers."""
        return not self.inverse_norm.view(np.uint16).any()

    @property
    def nbytes(self) -> int:
        """Size in memory; 0 without data."""
        if self.blank:
            return 0
        return self.codes.nbytes + self.gain.nbytes + self.inverse_norm.nbytes + self.background.nbytes

    def crop(self, rows: slice, columns: slice) -> FeatureChunk:
        """Returns the part of the chunk in a block of cells, without a copy."""
        here = rows, columns
        return FeatureChunk(self.codes[here], self.gain[here], self.inverse_norm[here], self.background[here])
