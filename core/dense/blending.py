"""Blending of overlapping windows into one chunk of features."""

from __future__ import annotations

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


class EncodedWindow(NamedTuple):
    """Features of one window before the last linear map.

    Attributes:
        bottleneck: (Z, h, w), 16-bit floats, before the basis' own linear map.
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
    channels = next(iter(windows.values())).bottleneck.shape[0]
    total = torch.zeros(channels, block.height, block.width)
    weights = torch.zeros(block.height, block.width)
    valid = np.zeros((block.height, block.width), bool)
    weight_of_window = torch.from_numpy(taper(plan.tiles.tile, plan.tiles.overlap).copy())
    for window, encoded in windows.items():
        part = window.intersection(block)
        here, there = part.slices_in(block), part.slices_in(window)
        weight = weight_of_window[there]
        total[:, here[0], here[1]].addcmul_(encoded.bottleneck[:, there[0], there[1]].float(), weight)
        weights[here] += weight
        valid[here] |= encoded.valid[there]
    if not valid.any():
        return FeatureChunk.empty(basis.channels, block.height, block.width)
    coordinates = basis.coordinates(total.div_(weights.clamp_min(1e-9))[None])[0]
    return quantise(coordinates, torch.from_numpy(valid), basis, background)
