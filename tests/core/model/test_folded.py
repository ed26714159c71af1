"""Norms folded into convolutions, against the blocks they are made of."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from core.model.folded import FoldedConvolution, FoldedHalving, FoldedResidualBlock
from core.model.spectral_stem import Halving, MixtureNorm, ResidualBlock


def learnt(part: torch.nn.Module) -> torch.nn.Module:
    """Norms as after training: none of them neutral."""
    generator = torch.Generator().manual_seed(3)
    for norm in (module for module in part.modules() if isinstance(module, MixtureNorm)):
        shape = norm.weight.shape
        norm.weight.data = torch.rand(shape, generator=generator) + 0.5
        norm.bias.data = torch.randn(shape, generator=generator) * 0.3
        norm.running_mean.copy_(torch.randn(shape, generator=generator) * 0.2)
        norm.running_variance.copy_(torch.rand(shape, generator=generator) + 0.2)
    return part.eval()


@pytest.mark.parametrize(
    ("make", "fold"),
    [(lambda: ResidualBlock(16), FoldedResidualBlock), (lambda: Halving(16, 24), FoldedHalving)],
    ids=["residual", "halving"],
)
@torch.inference_mode()
def test_a_folded_block_gives_what_the_block_gives(make, fold):
    torch.manual_seed(2)
    block = learnt(make())
    maps = [torch.randn(2, 16, 12, 20), torch.randn(1, 16, 8, 8)]
    for expected, found in zip(block(maps), fold(block)(maps), strict=True):
        assert found.dtype == torch.bfloat16
        assert found.shape == expected.shape
        assert F.cosine_similarity(found.float(), expected, dim=1).min() > 0.999
        torch.testing.assert_close(found.float(), expected, atol=0.06, rtol=0.03)


@torch.inference_mode()
def test_a_bias_of_the_convolution_is_kept():
    convolution, norm = torch.nn.Conv2d(8, 8, 3, padding=1), learnt(MixtureNorm(8))
    x = torch.randn(1, 8, 10, 10)
    (expected,) = norm([convolution(x)])
    found = FoldedConvolution(convolution, norm, activated=False)(x)
    torch.testing.assert_close(found.float(), expected, atol=0.06, rtol=0.03)


@torch.inference_mode()
def test_a_torch_that_cannot_fuse_gives_the_same(monkeypatch):
    block = learnt(ResidualBlock(16))
    x = [torch.randn(1, 16, 8, 8)]
    fused = FoldedResidualBlock(block)(x)[0]
    monkeypatch.setattr(FoldedConvolution, "_fuses", lambda self: False)
    torch.testing.assert_close(FoldedResidualBlock(block)(x)[0].float(), fused.float(), atol=0.05, rtol=0.02)
