"""Windows that overlap are blended into the weighted mean of each cell."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.dense.basis import FeatureBasis
from core.dense.blending import EncodedWindow, blend
from core.dense.quantise import quantise
from core.dense.windows import WindowPlan
from core.raster.blend import taper
from core.raster.pixel_window import PixelWindow

CHANNELS = 6


@pytest.mark.parametrize("per_chunk", [1, 2])
@pytest.mark.parametrize("without", [None, 0, 4])
def test_a_cell_is_the_mean_of_its_windows_weighted_by_their_tapers(per_chunk, without):
    plan = WindowPlan.over(200, 150, stride=2, patch=16, window=96, overlap=32, windows_per_chunk=per_chunk)
    made = torch.Generator().manual_seed(1)
    side = plan.tiles.tile
    every = {window: torch.randn(side, side, CHANNELS, generator=made).half() for window in plan.tiles.windows()}
    if without is not None:
        del every[list(every)[without]]
    basis = FeatureBasis.identity(CHANNELS)
    height, width = plan.chunk_side
    whole = PixelWindow(0, 0, plan.tiles.width, plan.tiles.height)
    for block in whole.blocks(width, height):
        windows = {window: every[window] for window in plan.windows_of(block) if window in every}
        total, weights = np.zeros((block.height, block.width, CHANNELS)), np.zeros((block.height, block.width, 1))
        for window, bottleneck in windows.items():
            part = window.intersection(block)
            here, there = part.slices_in(block), part.slices_in(window)
            weight = taper(side, plan.tiles.overlap)[there][..., None]
            total[here] += bottleneck.numpy()[there] * weight
            weights[here] += weight
        valid = torch.from_numpy(weights[..., 0] > 0)
        mean = torch.from_numpy((total / np.maximum(weights, 1e-9)).astype(np.float32))
        encoded = {window: EncodedWindow(each, np.ones((side, side), bool)) for window, each in windows.items()}
        found, expected = blend(block, encoded, plan, basis, None), quantise(mean, valid, basis)
        np.testing.assert_array_equal(found.valid, expected.valid)
        assert np.abs(found.codes.astype(int) - expected.codes).max(initial=0) <= 1
        assert (found.codes != expected.codes).mean() < 1e-3
        np.testing.assert_allclose(found.gain.astype(float), expected.gain.astype(float), rtol=2e-3)
