"""Teachers give features on a grid, whatever bands the image has."""

from __future__ import annotations

import pytest
import timm
import torch
from distilling import losses_of_distilling
from safetensors.torch import save_file

from core.errors import ModelError, SensorError
from core.model.classical_teacher import CHANNELS, ClassicalTeacher
from core.model.teachers import TimmTeacher, load_teacher, rgb_bands

RGB = torch.tensor([0.665, 0.56, 0.49])
SENTINEL2 = torch.tensor([0.49, 0.56, 0.665, 0.842, 1.61, 2.19])


def channel(features: torch.Tensor, name: str) -> torch.Tensor:
    return features[..., CHANNELS.index(name)]


def scene(reflectance: list[float]) -> torch.Tensor:
    """A uniform Sentinel-2 image of this reflectance, in model units."""
    ceilings = torch.tensor([0.275, 0.275, 0.275, 0.55, 0.45, 0.45])
    unit = torch.tensor(reflectance) / ceilings
    return (2 * unit - 1)[None, :, None, None].expand(1, 6, 32, 32)


def test_the_classical_teacher_gives_named_channels_for_any_bands():
    teacher = load_teacher("classical")
    for wavelengths in (RGB, SENTINEL2, torch.tensor([5.40, 5.41]), torch.tensor([10.9])):
        images = torch.rand(2, len(wavelengths), 40, 56) * 2 - 1
        features = teacher.features(images, wavelengths)
        assert features.shape == (2, teacher.grid**2, len(CHANNELS))
        assert features.isfinite().all()
        assert features.abs().max() <= 1.001


def test_spectral_indices_tell_water_from_vegetation():
    teacher = ClassicalTeacher(grid=4)
    water = teacher.features(scene([0.06, 0.05, 0.03, 0.01, 0.005, 0.003]), SENTINEL2)
    forest = teacher.features(scene([0.03, 0.05, 0.03, 0.35, 0.15, 0.07]), SENTINEL2)
    assert (channel(water, "ndwi") > 0.5).all()
    assert (channel(forest, "ndwi") < -0.5).all()
    assert channel(forest, "ndvi").mean() == pytest.approx((0.35 - 0.03) / 0.38, abs=0.01)
    assert (channel(forest, "ndmi") > 0.2).all()


def test_edges_are_seen_where_they_are_and_in_their_direction():
    teacher = ClassicalTeacher(grid=4)
    image = torch.full((1, 3, 32, 32), -1.0)
    image[..., 4::8] = 1.0  # thin lines along columns
    image[..., :12, :] = 0.0
    edges = channel(teacher.features(image, RGB), "edge_1").view(4, 4)
    direction = channel(teacher.features(image, RGB), "horizontal_1").view(4, 4)
    assert edges[3].min() > 5 * edges[0].abs().max()
    assert (direction[3] > 0.9).all()
    turned = channel(teacher.features(image.transpose(2, 3), RGB), "horizontal_1").view(4, 4)
    assert (turned[:, 3] < -0.9).all()


def test_a_flat_image_has_no_texture():
    features = ClassicalTeacher().features(torch.zeros(1, 3, 64, 64), RGB)
    for name in ("edge_1", "contrast_2", "blob_4", "brightness_spread"):
        assert channel(features, name).abs().max() < 1e-2


def test_indices_without_their_bands_are_zero():
    features = ClassicalTeacher().features(torch.rand(1, 3, 32, 32), RGB)
    assert channel(features, "ndvi").abs().max() == 0
    assert channel(features, "greenness").abs().max() > 0


@pytest.fixture(scope="module")
def timm_file(tmp_path_factory):
    torch.manual_seed(0)
    weights = timm.create_model("vit_tiny_patch16_224", pretrained=False).state_dict()
    file = tmp_path_factory.mktemp("teacher") / "vit_tiny.safetensors"
    save_file(weights, file)
    return file


def test_a_timm_teacher_is_loaded_from_a_local_file(timm_file):
    teacher = load_teacher("vit_tiny_patch16_224", checkpoint=timm_file)
    images = torch.rand(2, 6, 48, 48) * 2 - 1
    features = teacher.features(images, SENTINEL2)
    assert (teacher.grid, teacher.channels) == (14, 192)
    assert features.shape == (2, 196, 192)
    direct = timm.create_model("vit_tiny_patch16_224", pretrained=False, num_classes=0).eval()
    direct.load_state_dict(teacher.model.state_dict())
    unit = (images[:, [2, 1, 0]] + 1) / 2
    seen = torch.nn.functional.interpolate(unit, (224, 224), mode="bicubic", antialias=True).clamp(0, 1)
    with torch.no_grad():
        tokens = direct.forward_features((seen - 0.5) / 0.5)
    torch.testing.assert_close(features, tokens[:, 1:])


def test_a_siglip_teacher_is_read_out_of_an_open_clip_checkpoint(tmp_path):
    sizes = {"img_size": 32, "patch_size": 16, "embed_dim": 48, "depth": 1, "num_heads": 3}
    trunk = timm.create_model("vit_base_patch16_siglip_224", pretrained=False, num_classes=0, **sizes)
    weights = {f"visual.trunk.{name}": tensor for name, tensor in trunk.state_dict().items()}
    weights["logit_scale"] = torch.ones(())
    save_file(weights, tmp_path / "open_clip_model.safetensors")
    from core.model.teachers import _load

    again = timm.create_model("vit_base_patch16_siglip_224", pretrained=False, num_classes=0, **sizes)
    _load(again, tmp_path / "open_clip_model.safetensors")
    torch.testing.assert_close(again.pos_embed, trunk.pos_embed)
    torch.testing.assert_close(again.attn_pool.latent, trunk.attn_pool.latent)


def test_another_models_weights_are_refused(timm_file):
    with pytest.raises(ModelError, match="holds another model"):
        TimmTeacher("vit_small_patch16_224", timm_file)


def test_a_teacher_timm_does_not_know_is_refused():
    with pytest.raises(ModelError, match="timm has no model called vit_gigantic_nonsense"):
        TimmTeacher("vit_gigantic_nonsense")


def test_a_teacher_that_is_not_here_says_what_to_do(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"not on this computer.*classical teacher"):
        TimmTeacher("vit_tiny_patch16_224")


def test_red_green_and_blue_are_found_among_the_bands():
    assert rgb_bands(SENTINEL2) == (2, 1, 0)
    with pytest.raises(SensorError, match="red, green and blue"):
        rgb_bands(torch.tensor([5.40, 5.41]))


def test_a_student_learns_the_features_of_a_teacher_through_its_translators(vision_config):
    from core.model import create_model

    teacher = ClassicalTeacher(grid=4)
    model = create_model({**vision_config, "translators": {"classical": {"grid": 4, "channels": teacher.channels}}})
    images = torch.rand(4, 6, 32, 32) * 2 - 1
    targets = {"classical": teacher.features(images, SENTINEL2)}
    losses = losses_of_distilling(model, images, SENTINEL2, targets)
    assert losses[-1] < 0.5 * losses[0]
