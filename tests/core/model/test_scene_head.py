"""The head over statistics of an image's feature maps."""

from __future__ import annotations

import pytest
import torch

from core.errors import ModelError
from core.model.geolangbind import create_model
from core.model.scene_head import SceneHead, mean_and_deviation

RGB = (0.665, 0.56, 0.49)
WITHOUT = {
    "image_size": 64,
    "patch_size": 8,
    "width": 48,
    "layers": 1,
    "heads": 3,
    "mlp_ratio": 2.0,
    "embed_dim": 32,
    "stem": {"channels": [8, 16], "depths": [1, 1, 1]},
}
WITH = {**WITHOUT, "scene": {"hidden": 24}}


def test_a_model_given_the_head_says_what_it_said_until_the_head_has_learnt():
    torch.manual_seed(0)
    plain, given = create_model(WITHOUT).eval(), create_model(WITH).eval()
    added = {name for name in given.state_dict() if name.startswith("visual.scene.")}
    given.load_state_dict({name: given.state_dict()[name] for name in added} | plain.state_dict())
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    said = plain.encode_image(images, RGB, normalize=True)
    torch.testing.assert_close(given.encode_image(images, RGB, normalize=True), said)
    torch.nn.init.normal_(given.visual.scene.leave.weight)
    assert not torch.allclose(given.encode_image(images, RGB, normalize=True), said, atol=1e-2)


def test_tokens_do_not_depend_on_the_head():
    torch.manual_seed(0)
    model = create_model(WITH).eval()
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    before = model.encode_tokens(images, RGB)
    torch.nn.init.normal_(model.visual.scene.leave.weight)
    assert torch.equal(model.encode_tokens(images, RGB), before)


def test_what_it_reads_does_not_depend_on_size_or_place():
    torch.manual_seed(0)
    head = SceneHead((5, 3), 7, hidden=9).eval()
    torch.nn.init.normal_(head.leave.weight)
    coarse, fine = torch.randn(2, 5, 4, 4), torch.randn(2, 3, 8, 8)

    def answer(*maps):
        return head([statistic for each in maps for statistic in mean_and_deviation(each)])

    once = answer(coarse, fine)
    torch.testing.assert_close(answer(coarse.repeat(1, 1, 2, 3), fine.repeat(1, 1, 2, 3)), once, atol=1e-5, rtol=0)
    torch.testing.assert_close(answer(coarse.flip(3), fine.roll(3, dims=2)), once, atol=1e-5, rtol=0)


def test_a_scene_head_without_a_stem_is_refused():
    with pytest.raises(ModelError, match="no finer maps"):
        create_model({**{name: value for name, value in WITH.items() if name != "stem"}})
