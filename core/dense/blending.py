"""Blending of overlapping windows into one chunk of features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.dense.background_odds import Background
from core.dense.basis import FeatureBasis
from core.dense.chunk import FeatureChunk
from core.dense.quantise import quantise
from core.dense.windows import WindowPlan
from core.raster.blend import taper
from core.raster.pixel_window import PixelWindow
from core.raster.tile_grid import TileGrid


class EncodedWindow(NamedTuple):
    """Features of one window before the last linear map.

    Attributes:
        bottleneck: (h, w, Z), 16-bit floats, before the basis' own linear map.
        valid: which cells (h, w) have data.
    """

    bottleneck: Tensor
    valid: NDArray[np.bool_]

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.bottleneck.nbytes + self.valid.nbytes


def to_16_bits(bottleneck: Tensor) -> Tensor:
    """The model's output in half the memory: unchanged where the model computes in bf16, else as float16."""
    return bottleneck if bottleneck.element_size() == 2 else bottleneck.clamp(-60000, 60000).half()


@torch.inference_mode()
def blend(
    block: PixelWindow,
    windows: dict[PixelWindow, EncodedWindow],
    plan: WindowPlan,
    basis: FeatureBasis,
    background: Background | None,
) -> FeatureChunk:
    """Blend the windows that overlap a block of cells, and quantise.

    The basis' map is applied once to what is blended: it is linear, and the weights sum to one.

    Args:
        block: the cells of the chunk.
        windows: those that hold data, always in the order of the plan: sums depend on it in their last bit.
        plan: states how windows overlap.
        basis: of the store.
        background: its odds are stored beside the features.
    """
    if not windows:
        return FeatureChunk.empty(basis.channels, block.height, block.width)
    valid = np.zeros((block.height, block.width), bool)
    for window, encoded in windows.items():
        part = window.intersection(block)
        valid[part.slices_in(block)] |= encoded.valid[part.slices_in(window)]
    if not valid.any():
        return FeatureChunk.empty(basis.channels, block.height, block.width)
    coordinates = basis.coordinates(_weighted_mean(block, windows, plan.tiles))
    return quantise(coordinates, torch.from_numpy(valid), basis, background)


def _weighted_mean(block: PixelWindow, windows: dict[PixelWindow, EncodedWindow], tiles: TileGrid) -> Tensor:
    """Returns the mean (h, w, Z) float32 of the windows over a block of cells, 0 where there is none.

    Most cells lie in one window alone and far from its edge: they are copied.
    """
    channels = next(iter(windows.values())).bottleneck.shape[-1]
    total = torch.zeros(block.height, block.width, channels)
    taper_of_window = torch.from_numpy(taper(tiles.tile, tiles.overlap).copy())
    for part in _parts(block, windows, tiles.overlap):
        found = total[part.slices_in(block)]
        covering = [window for window in windows if not window.intersection(part).is_empty]
        tapers = [taper_of_window[part.slices_in(window)] for window in covering]
        if len(covering) == 1 and bool((tapers[0] == 1).all()):
            found.copy_(windows[covering[0]].bottleneck[part.slices_in(covering[0])])
            continue
        weights = torch.zeros(part.height, part.width)
        for window, weight in zip(covering, tapers, strict=True):
            found.addcmul_(windows[window].bottleneck[part.slices_in(window)].float(), weight[..., None])
            weights += weight
        found.div_(weights.clamp_min_(1e-9)[..., None])
    return total


def _parts(block: PixelWindow, windows: Iterable[PixelWindow], overlap: int) -> Iterator[PixelWindow]:
    """Divide a block along the edges of windows and of their middles: a part lies in each of them whole, or outside."""
    rows, columns = {block.row, block.row_stop}, {block.col, block.col_stop}
    for window in windows:
        rows.update((window.row, window.row + overlap, window.row_stop - overlap, window.row_stop))
        columns.update((window.col, window.col + overlap, window.col_stop - overlap, window.col_stop))
    for top, bottom in pairwise(sorted(row for row in rows if block.row <= row <= block.row_stop)):
        for left, right in pairwise(sorted(column for column in columns if block.col <= column <= block.col_stop)):
            yield PixelWindow(left, top, right - left, bottom - top)
