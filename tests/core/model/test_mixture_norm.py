"""The stem's norm sees all sensors of a step as one batch."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import batch_norm

from core.model.geolangbind import create_model
from core.model.same_size import SameSize
from core.model.spectral_stem import MixtureNorm


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_groups_are_normalised_like_one_batch_forward_and_backward(dtype, tolerance):
    torch.manual_seed(0)
    norm = MixtureNorm(8)
    together = (torch.randn(6, 8, 4, 4) * 3 + 1).requires_grad_()
    wanted = batch_norm(together, None, None, norm.weight, norm.bias, training=True)
    upward = torch.randn_like(wanted)
    wanted.backward(upward)
    halves = [half.detach().to(dtype).requires_grad_() for half in together.split(3)]
    given = torch.cat(norm(halves))
    given.backward(upward.to(dtype))
    torch.testing.assert_close(given.float(), wanted, atol=tolerance, rtol=tolerance)
    torch.testing.assert_close(torch.cat([half.grad for half in halves]).float(), together.grad, atol=tolerance, rtol=0)


def test_in_use_each_group_is_normalised_alone_by_what_training_kept():
    norm = MixtureNorm(4)
    norm([torch.randn(8, 4, 5, 5) + 2, torch.randn(8, 4, 3, 3) - 2])
    norm.eval()
    one, other = torch.randn(2, 4, 5, 5), torch.randn(1, 4, 3, 3)
    torch.testing.assert_close(norm([one, other])[0], norm([one])[0])
    assert norm.running_mean.abs().max() < 2


def test_a_step_over_several_sensors_encodes_each_as_it_would_be_alone():
    model = create_model(
        {"image_size": 32, "patch_size": 8, "width": 16, "layers": 1, "heads": 2, "mlp_ratio": 2.0, "embed_dim": 12,
         "stem": {"channels": [4, 8], "depths": [1, 1, 1]}, "dense": {"channels": 6, "fine": 4, "middle": 8}}
    ).eval()  # fmt: skip
    groups = [
        (torch.rand(2, 3, 32, 32), torch.tensor([0.66, 0.56, 0.49])),
        (torch.rand(1, 2, 48, 48), torch.tensor([0.85, 1.6])),
        (torch.rand(3, 1, 32, 32), torch.tensor([10.0])),
    ]
    for (images, wavelengths), (tokens, pyramid) in zip(groups, model.visual.trunk.forward_groups(groups), strict=True):
        alone, finer = model.visual.trunk.forward_pyramid(images, wavelengths)
        torch.testing.assert_close(tokens, alone)
        torch.testing.assert_close(pyramid[2], finer[2])


def test_maps_of_one_size_share_a_batch_and_come_back_in_order():
    maps = [
        torch.full((count, 1, side, side), float(number))
        for number, (count, side) in enumerate([(2, 4), (1, 6), (3, 4)])
    ]
    same = SameSize.of(maps)
    joined = same.join(maps)
    assert [len(batch) for batch in joined] == [5, 1]
    for given, wanted in zip(same.split(joined), maps, strict=True):
        torch.testing.assert_close(given, wanted)
