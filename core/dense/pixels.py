"""Upsampling of the scores of feature cells to the raster's pixels, block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.dense.chunk import FeatureChunk
from core.dense.features import DenseFeatures
from core.dense.lru_cache import LruCache
from core.dense.upsample import UpsampleSettings, guide_bands, guide_image, upsample_scores
from core.raster.pixel_window import PixelWindow, RowCol

CellScore = Callable[[FeatureChunk], Tensor]
"""Returns (N, h, w) float32 scores of a chunk's cells."""


class PixelScores:
    """Scores of every pixel of a level.

    Args:
        features: the feature grid.
        score: scores the cells of a chunk.
        count: scores a cell.
        settings: of the upsampling; None for the defaults.
        budget_bytes: memory for the scores of recent chunks.
    """

    def __init__(
        self,
        features: DenseFeatures,
        score: CellScore,
        count: int,
        settings: UpsampleSettings | None = None,
        budget_bytes: int = 2**27,
    ) -> None:
        self.features = features
        self._score = score
        self._count = count
        self._settings = settings or UpsampleSettings()
        self._guide_bands = guide_bands(features.level.band_set)
        self._within: PixelWindow | None = None
        self._recent: LruCache[RowCol, _Scored]
        self._recent = LruCache(budget_bytes, _scored_bytes)

    def restrict_to(self, window: PixelWindow) -> None:
        """Restrict later requests to a window, so that cells outside it are not scored."""
        self._within = self.cells_under(window)
        self._recent.clear()

    def release(self) -> None:
        """Discard prefetched chunks; they are read or computed again on request."""
        self._recent.clear()
        self.features.release()

    def cells_under(self, window: PixelWindow) -> PixelWindow:
        """Returns the cells that the scores of a window of pixels depend on."""
        return self.features.plan.cells(window, self._settings.margin_cells())

    @torch.inference_mode()
    def read(self, window: PixelWindow) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Returns the scores of a window of pixels.

        Args:
            window: inside the level.

        Returns:
            Scores (N, h, w) float32, 0 where there is no data, and valid (h, w).
        """
        plan = self.features.plan
        cells = self.cells_under(window)
        scores, cell_valid = self.cells(cells)
        pixels = plan.pixels(cells)
        rows, columns = window.slices_in(pixels)
        if not cell_valid.any():
            nothing = np.zeros((self._count, window.height, window.width), np.float32)
            return nothing, np.zeros(nothing.shape[1:], bool)
        image, valid = self.features.level.read(pixels)
        guide = guide_image(torch.from_numpy(image), self._guide_bands)
        found = upsample_scores(
            scores, torch.from_numpy(cell_valid), guide, torch.from_numpy(valid), plan.stride, self._settings
        )[:, rows, columns].numpy()
        known = valid[rows, columns] & np.isfinite(found).all(0)
        return np.where(known, found, np.float32(0)), known

    def cells(self, cells: PixelWindow) -> tuple[Tensor, NDArray[np.bool_]]:
        """Returns the scores (N, h, w) and valid (h, w) of a block of cells."""
        scores = torch.zeros(self._count, cells.height, cells.width)
        valid = np.zeros((cells.height, cells.width), bool)
        layout = self.features.layout
        for chunk in layout.chunks_in(cells):
            scored = self._scored(chunk)
            part = scored.covered.intersection(cells)
            here, there = part.slices_in(cells), part.slices_in(scored.covered)
            scores[:, here[0], here[1]] = scored.scores[:, there[0], there[1]]
            valid[here] = scored.valid[there]
        return scores, valid

    def _scored(self, chunk: RowCol) -> _Scored:
        known = self._recent.get(chunk)
        if known is None:
            features, covered = self.features.chunk(chunk), self.features.layout.window(chunk)
            if self._within is not None:
                part = covered.intersection(self._within)
                features, covered = features.crop(*part.slices_in(covered)), part
            known = _Scored(covered, self._score(features), features.valid)
            self._recent.put(chunk, known)
        return known


class _Scored(NamedTuple):
    """Scores (N, h, w) and valid (h, w) of the cells of a chunk that are requested."""

    covered: PixelWindow
    scores: Tensor
    valid: NDArray[np.bool_]


def _scored_bytes(scored: _Scored) -> int:
    """Returns the memory of a chunk's scores; those of a chunk without data share one number."""
    return scored.scores.untyped_storage().nbytes() + scored.valid.nbytes
