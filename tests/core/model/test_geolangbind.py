"""What a model does with images of any size and any bands."""

from __future__ import annotations

import pytest
import torch

from core.errors import InputError, ModelError, SensorError
from core.model import create_model
from core.model.config import ModelConfig

RGB = (0.665, 0.56, 0.49)


def test_images_of_other_sizes_than_the_training_size_are_encoded(vision_model):
    tokens = vision_model.encode_tokens(torch.randn(2, 3, 48, 16), RGB)
    assert tokens.shape == (2, 32, 6, 2)
    assert vision_model.encode_image(torch.randn(1, 3, 64, 64), RGB).shape == (1, 32)


def test_positions_of_a_larger_image_resemble_those_of_the_training_size(vision_model):
    trunk = vision_model.visual.trunk
    with torch.no_grad():
        ramp = torch.linspace(0, 1, 4)
        trunk.pos_embed.copy_(ramp.repeat_interleave(4)[None, :, None].expand_as(trunk.pos_embed))
        trunk.patch_embed.weight_generator.fc_weight.weight.zero_()
        trunk.patch_embed.weight_generator.fc_weight.bias.zero_()
        entered, _ = trunk.embed(torch.zeros(1, 3, 64, 64), torch.tensor(RGB))
    rows = trunk.to_map(entered, torch.zeros(1, 3, 64, 64))[0, 0].mean(dim=1)
    assert len(rows) == 8
    assert (rows.diff() > 0).all()


def test_patch_weights_are_generated_once_per_band_set(vision_model):
    calls = []
    vision_model.visual.trunk.patch_embed.weight_generator.register_forward_hook(lambda *_: calls.append(1))
    with torch.inference_mode():
        for _ in range(5):
            vision_model.encode_image(torch.randn(1, 3, 32, 32), RGB)
        assert len(calls) == 1
        vision_model.encode_image(torch.randn(1, 2, 32, 32), RGB[:2])
        vision_model.encode_image(torch.randn(1, 3, 32, 32), RGB)
        assert len(calls) == 2


def test_patch_weights_are_generated_again_after_the_generator_changed(vision_model):
    image = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        before = vision_model.encode_image(image, RGB)
        vision_model.visual.trunk.patch_embed.weight_generator.fc_bias.bias.normal_(std=10.0)
        assert not torch.allclose(before, vision_model.encode_image(image, RGB))


def test_generated_weights_learn_while_training(vision_model):
    vision_model.train()
    vision_model.encode_image(torch.randn(2, 3, 32, 32), RGB).sum().backward()
    gradient = vision_model.visual.trunk.patch_embed.weight_generator.fc_weight.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_weights_cached_at_inference_can_be_differentiated_through_later(vision_model):
    vision_model.requires_grad_(False)
    image = torch.randn(1, 3, 32, 32)
    with torch.inference_mode():
        vision_model.encode_image(image, RGB)
    image.requires_grad_(True)
    vision_model.encode_image(image, RGB).sum().backward()
    assert image.grad.abs().sum() > 0


def test_the_order_of_bands_does_not_matter_when_wavelengths_move_along(vision_model):
    image = torch.randn(1, 4, 32, 32)
    wavelengths = torch.tensor([0.49, 0.56, 0.665, 1.61])
    order = torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        straight = vision_model.encode_image(image, wavelengths)
        shuffled = vision_model.encode_image(image[:, order], wavelengths[order])
    torch.testing.assert_close(straight, shuffled, atol=1e-5, rtol=0)


def test_a_projection_leads_into_another_width(vision_config):
    model = create_model({**vision_config, "embed_dim": 20})
    assert model.embed_dim == 20
    assert model.encode_image(torch.randn(1, 3, 32, 32), RGB, normalize=True).norm().item() == pytest.approx(1.0)
    assert model.encode_tokens(torch.randn(1, 3, 32, 32), RGB).shape == (1, 32, 4, 4)


def test_the_plain_patch_embedding_has_an_empty_pyramid(vision_model):
    tokens, pyramid = vision_model.visual.trunk.forward_pyramid(torch.randn(1, 3, 32, 32), torch.tensor(RGB))
    assert tokens.shape == (1, 32, 4, 4)
    assert pyramid == {}


def test_the_convolutional_stem_and_decoder_give_a_finer_dense_map(vision_config):
    model = create_model({**vision_config, "embed_dim": 20, "stem": {}, "dense": {}}).eval()
    image = torch.randn(1, 5, 32, 32)
    wavelengths = torch.tensor([0.49, 0.56, 0.665, 0.842, 1.61])
    tokens, pyramid = model.visual.trunk.forward_pyramid(image, wavelengths)
    assert tokens.shape == (1, 32, 4, 4)
    assert {stride: tuple(level.shape[-2:]) for stride, level in pyramid.items()} == {2: (16, 16), 4: (8, 8)}
    assert model.stride == 2
    assert model.encode_dense(image, wavelengths).shape == (1, 20, 16, 16)


def test_the_last_block_can_be_run_by_hand(vision_model):
    trunk, image = vision_model.visual.trunk, torch.randn(2, 3, 32, 40)
    before, _ = trunk.last_block_input(image, torch.tensor(RGB))
    by_hand = trunk.to_map(trunk.norm(trunk.blocks[-1](before)), image)
    torch.testing.assert_close(by_hand, vision_model.encode_tokens(image, RGB))


def test_pixels_beyond_the_last_whole_patch_are_not_seen_by_the_image_encoder(vision_model):
    image = torch.randn(1, 3, 38, 39)
    torch.testing.assert_close(
        vision_model.encode_image(image, RGB), vision_model.encode_image(image[..., :32, :32], RGB)
    )


@pytest.mark.parametrize(
    ("shape", "wavelengths", "error", "words"),
    [
        ((1, 3, 32, 32), (0.5, 0.6), SensorError, "3 bands but 2 wavelengths"),
        ((1, 3, 32, 32), (0.5, 0.6, -1.0), SensorError, "positive"),
        ((1, 3, 32, 32), (0.5, 0.6, float("nan")), SensorError, "positive"),
        ((1, 3, 32, 31), (0.5, 0.6, 0.7), InputError, "patches of 8"),
        ((1, 0, 32, 32), (), InputError, "at least one band"),
        ((3, 32, 32), (0.5, 0.6, 0.7), InputError, "batch"),
    ],
)
def test_images_and_wavelengths_that_do_not_fit_are_refused(vision_model, shape, wavelengths, error, words):
    with pytest.raises(error, match=words):
        vision_model.encode_tokens(torch.zeros(shape), wavelengths)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": None}, "positive number for width"),
        ({"widht": 3}, "unknown widht"),
        ({"heads": 5}, "contradictory"),
        ({"layers": 2.5}, "positive number for layers"),
        ({"patch_size": 64}, "contradictory"),
    ],
)
def test_a_configuration_that_cannot_be_built_is_refused(vision_config, change, words):
    with pytest.raises(ModelError, match=words):
        ModelConfig.from_json({**vision_config, **change})


def test_a_configuration_that_lacks_sizes_is_refused(vision_config):
    del vision_config["heads"]
    with pytest.raises(ModelError, match="lacks heads"):
        create_model(vision_config)


def test_the_hash_names_the_weights(vision_config):
    torch.manual_seed(1)
    one = create_model(vision_config)
    torch.manual_seed(1)
    same = create_model(vision_config)
    assert one.model_hash == same.model_hash
    with torch.no_grad():
        same.logit_bias.add_(1.0)
    assert one.model_hash != same.model_hash
