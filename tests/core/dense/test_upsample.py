"""Scores follow the edges of the image, not the grid of the features: by torch, and by compiled kernels."""

from __future__ import annotations

import pytest
import torch
from kernels import kernels  # noqa: F401 - a fixture
from torch.utils._python_dispatch import TorchDispatchMode

from core.dense import compiled
from core.dense.compiled import Kernels
from core.dense.upsample import guide_bands, upsample_scores
from core.spectral.bands import Band, BandSet


@pytest.fixture(params=["torch", "kernels"], autouse=True)
def ways(request, monkeypatch) -> None:
    """Both ways of bringing scores to pixels."""
    way = Kernels()
    if request.param == "kernels":
        assert way.prepare()
    monkeypatch.setattr(compiled, "KERNELS", way)


def edge_case(stride: int, column: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """An image with one vertical edge at a pixel column, and the cell means of its mask."""
    size = 16 * stride
    mask = (torch.arange(size) >= column).float().expand(size, size)
    guide = (mask * 2 - 1)[None].repeat(3, 1, 1)
    cells = mask.reshape(16, stride, 16, stride).mean((1, 3))[None]
    return cells, guide, mask


def everywhere(scores: torch.Tensor, stride: int) -> tuple[torch.Tensor, torch.Tensor]:
    height, width = scores.shape[1:]
    return torch.ones(height, width, dtype=torch.bool), torch.ones(height * stride, width * stride, dtype=torch.bool)


@pytest.mark.parametrize("stride", [2, 4, 8, 16])
def test_an_edge_inside_a_cell_is_found_to_the_pixel(stride):
    cells, guide, mask = edge_case(stride, 7 * stride + stride // 2)
    cell_valid, pixel_valid = everywhere(cells, stride)
    found = upsample_scores(cells, cell_valid, guide, pixel_valid, stride)[0]
    assert ((found > 0.5).float() == mask).all()


def test_a_flat_score_stays_flat():
    scores = torch.full((2, 9, 11), 0.3)
    cell_valid, pixel_valid = everywhere(scores, 4)
    guide = torch.rand(4, 36, 44) * 2 - 1
    torch.testing.assert_close(upsample_scores(scores, cell_valid, guide, pixel_valid, 4), torch.full((2, 36, 44), 0.3))


def test_cells_without_data_have_no_say():
    scores = torch.zeros(1, 8, 8)
    scores[:, :, 4:] = 1e6
    cell_valid, pixel_valid = everywhere(scores, 4)
    cell_valid[:, 4:] = False
    found = upsample_scores(scores, cell_valid, torch.zeros(3, 32, 32), pixel_valid, 4)
    assert found[:, :, :16].abs().max() < 1e-4
    assert found[:, :, 24:].isnan().all()


def test_a_block_with_its_margin_gives_what_the_whole_gives():
    torch.manual_seed(0)
    scores, guide = torch.rand(1, 20, 20), torch.rand(3, 80, 80)
    cell_valid, pixel_valid = everywhere(scores, 4)
    whole = upsample_scores(scores, cell_valid, guide, pixel_valid, 4)
    part = upsample_scores(
        scores[:, 4:11, 6:13], cell_valid[4:11, 6:13], guide[:, 16:44, 24:52], pixel_valid[16:44, 24:52], 4
    )
    torch.testing.assert_close(part[:, 4:-4, 4:-4], whole[:, 20:40, 28:48])


@pytest.mark.parametrize("stride", [1, 2, 14])
def test_kernels_upsample_as_torch_does(kernels, monkeypatch, stride):  # noqa: F811
    generator = torch.Generator().manual_seed(stride)
    scores = torch.randn(3, 13, 9, generator=generator)
    guide = torch.rand(4, 13 * stride, 9 * stride, generator=generator) * 2 - 1
    cell_valid = torch.rand(13, 9, generator=generator) > 0.6
    pixel_valid = torch.rand(13 * stride, 9 * stride, generator=generator) > 0.3
    found = upsample_scores(scores, cell_valid, guide, pixel_valid, stride)
    monkeypatch.setattr(compiled, "KERNELS", Kernels())
    expected = upsample_scores(scores, cell_valid, guide, pixel_valid, stride)
    assert bool(expected.isnan().any())
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5, equal_nan=True)


def test_many_bands_make_few_guides():
    bands = [Band(str(um), um) for um in (0.44, 0.49, 0.56, 0.67, 0.8, 0.9, 1.6, 2.2)] + [Band("VV", 5.4, kind="sar")]
    groups = guide_bands(BandSet.of(bands))
    assert groups == ((0, 1, 2, 3), (4, 5), (6, 7), (8,))
    assert guide_bands(BandSet.of(bands[:2])) == ((0,), (1,))


class Operations(TorchDispatchMode):
    """Counts calls of torch operations."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


def operations_for(side: int) -> int:
    scores = torch.rand(1, side, side)
    cell_valid, pixel_valid = everywhere(scores, 4)
    guide = torch.rand(3, 4 * side, 4 * side)
    with Operations() as operations:
        upsample_scores(scores, cell_valid, guide, pixel_valid, 4)
    return operations.count


def test_the_number_of_operations_does_not_grow_with_the_image():
    operations_for(10)  # weights of positions are computed once
    assert operations_for(250) == operations_for(10)
