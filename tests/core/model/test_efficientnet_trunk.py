"""The trunk that starts from a pretrained EfficientNet-lite and takes any bands."""

from __future__ import annotations

import pytest
import timm
import torch

from core.errors import ModelError
from core.finetune.trainable_parts import trainable
from core.model.anchored_convolution import anchor_shares
from core.model.dense_heads import get_head
from core.model.efficientnet_trunk import SpectralEfficientNet, start_from_imagenet
from core.model.geolangbind import create_model

VARIANT = "tf_efficientnet_lite0"
RGB = (0.665, 0.56, 0.49)
SENTINEL2 = (0.443, 0.49, 0.56, 0.665, 0.705, 0.74, 0.783, 0.842, 0.865, 0.945, 1.61, 2.19)
CONFIG = {
    "image_size": 128,
    "patch_size": 32,
    "width": 320,
    "layers": 0,
    "heads": 1,
    "mlp_ratio": 4.0,
    "embed_dim": 24,
    "trunk": {"kind": "efficientnet", "variant": VARIANT, "side": 8},
    "dense": {"kind": "light", "channels": 16, "middle": 24},
    "scene": {"strides": [16, 2], "hidden": 16},
    "smallest_image": 128,
}


@pytest.fixture(scope="module")
def pretrained() -> torch.nn.Module:
    """timm's own network, with weights and statistics that are not the initial ones."""
    torch.manual_seed(3)
    network = timm.create_model(VARIANT, pretrained=False).train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(4, 3, 64, 64))
    return network.eval()


@pytest.fixture(scope="module")
def trunk(pretrained: torch.nn.Module) -> SpectralEfficientNet:
    torch.manual_seed(4)
    made = SpectralEfficientNet(VARIANT, side=8)
    start_from_imagenet(made, VARIANT, list(pretrained.state_dict().values()))
    return made.eval()


def test_red_green_and_blue_of_eight_bits_give_the_pretrained_features_to_five_digits(pretrained, trunk):
    eight_bits = torch.randint(0, 256, (2, 3, 96, 128)).float()
    with torch.inference_mode():
        expected = pretrained.forward_features((eight_bits - 127) / 128).mean((2, 3))
        found = trunk(eight_bits / 127.5 - 1, torch.tensor(RGB))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_the_pretrained_kernels_are_generated_at_red_green_and_blue(pretrained, trunk):
    kernel, _ = trunk.spectral.generated_weights(torch.tensor(RGB))
    norm = pretrained.bn1
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    expected = pretrained.conv_stem.weight * factor[:, None, None, None] * (127.5 / 128)
    torch.testing.assert_close(kernel[: trunk.spectral.anchored], expected, rtol=1e-6, atol=1e-7)


def test_bands_in_another_order_are_the_same_picture(trunk):
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        forward = trunk(images, torch.tensor(RGB))
        backward = trunk(images.flip(1), torch.tensor(RGB[::-1]))
    torch.testing.assert_close(backward, forward, rtol=1e-3, atol=1e-4)


def test_shares_of_bands_sum_to_one_and_the_nearest_band_has_most():
    shares = anchor_shares(torch.tensor(SENTINEL2))
    torch.testing.assert_close(shares.sum(1), torch.ones(3))
    assert shares.argmax(1).tolist() == [3, 2, 1]
    torch.testing.assert_close(anchor_shares(torch.tensor([56000.0])), torch.ones(3, 1))


@pytest.mark.parametrize("bands", [SENTINEL2, (10.9,), (55465.8, 55465.8), (0.443, 0.705, 0.865, 2.19)])
def test_any_band_set_goes_through(bands):
    model = create_model(CONFIG).eval()
    images = torch.rand(1, len(bands), 64, 96) * 2 - 1
    assert model.encode_image(images, bands).shape == (1, 24)
    dense = model.encode_dense(images, bands)
    assert dense.shape == (1, 24, 32, 48)
    assert torch.isfinite(dense).all()


def test_groups_of_several_sensors_and_sizes_give_what_each_gives_alone():
    model = create_model(CONFIG).eval()
    groups = [
        (torch.rand(1, 3, 64, 64), torch.tensor(RGB)),
        (torch.rand(2, 12, 32, 64), torch.tensor(SENTINEL2)),
        (torch.rand(1, 1, 64, 64), torch.tensor([10.9])),
    ]
    with torch.inference_mode():
        together = model.visual.trunk.forward_groups(groups)
        for (tokens, pyramid), (images, bands) in zip(together, groups, strict=True):
            alone, finer = model.visual.trunk.forward_pyramid(images, bands)
            torch.testing.assert_close(tokens, alone, rtol=1e-4, atol=1e-5)
            for stride in finer:
                torch.testing.assert_close(pyramid[stride], finer[stride], rtol=1e-4, atol=1e-5)


def test_without_learning_blocks_only_the_side_path_gets_a_gradient():
    trunk = create_model(CONFIG).visual.trunk.train()
    trunk.blocks.requires_grad_(False)
    tokens, pyramid = trunk.forward_pyramid(torch.rand(1, 3, 32, 32), torch.tensor(RGB))
    assert not tokens.requires_grad
    pyramid[2].sum().backward()
    rows = trunk.spectral.weight_generator.fc_weight.weight.grad.view(9, -1, 128)
    assert not rows[:, : trunk.spectral.anchored].any()
    assert rows[:, trunk.spectral.anchored :].any()


def test_small_whole_images_are_enlarged_and_odd_sizes_resampled():
    model = create_model(CONFIG).eval()
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    enlarged = torch.nn.functional.interpolate(images, size=(128, 128), mode="bilinear", align_corners=False)
    torch.testing.assert_close(model.encode_image(images, RGB), model.encode_image(enlarged, RGB))
    assert model.visual.fitted(torch.rand(1, 3, 150, 200)).shape == (1, 3, 160, 192)


def test_heads_that_need_attention_pooling_say_so():
    with pytest.raises(ModelError, match="no attention pooling"):
        get_head(create_model(CONFIG), "value_path")


@pytest.mark.parametrize(
    ("mode", "part"), [("adapters", "blocks.6.0.conv_pw"), ("head-only", "dense"), ("full", "blocks.0")]
)
def test_fine_tuning_reaches_the_parts_of_its_mode_and_leaves_a_plain_model(mode, part):
    model = create_model(CONFIG).eval()
    names = set(model.state_dict())
    images = torch.rand(1, 3, 64, 64)
    with trainable(model, mode) as parameters:
        assert any(part in name for name in parameters)
        with torch.no_grad():
            for value in parameters.values():
                value.add_(0.01)
        changed = model.encode_dense(images, RGB)
    assert set(model.state_dict()) == names
    torch.testing.assert_close(model.encode_dense(images, RGB), changed, rtol=1e-3, atol=1e-3)


def test_a_configuration_that_contradicts_its_trunk_is_refused():
    with pytest.raises(ModelError, match="contradicts"):
        create_model({**CONFIG, "width": 352})
    with pytest.raises(ModelError, match="no trunk 'resnet'"):
        create_model({**CONFIG, "trunk": {"kind": "resnet"}})
    with pytest.raises(ModelError, match="no dense decoder"):
        create_model({**CONFIG, "dense": {"kind": "heavy"}})
