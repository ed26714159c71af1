"""A trained model of this project is distilled into another, in the bands it knows."""

from __future__ import annotations

import pytest
import torch
from distilling import losses_of_distilling

from core.errors import ModelError, SensorError
from core.model.geolangbind import create_model
from core.model.geolangbind_teacher import GeoLangBindTeacher
from core.model.teachers import load_teacher
from core.model.weight_files import save_model

RGB = torch.tensor([0.665, 0.56, 0.49])
RADAR = torch.tensor([5.40, 5.41])


@pytest.fixture
def trained(vision_config, tmp_path):
    """A folder with a model whose card says that it was trained on colour and radar."""
    torch.manual_seed(0)
    folder = tmp_path / "trained"
    save_model(create_model(vision_config), folder, {"name": "trained", "sensors": ["aerial_rgb", "sentinel1"]})
    return folder


def test_its_tokens_are_distilled_at_the_teachers_image_size(trained):
    teacher = load_teacher(str(trained), image_size=64)
    images = torch.rand(2, 3, 48, 48) * 2 - 1
    features = teacher.features(images, RGB)
    patch = teacher.model.config.patch_size
    assert (teacher.grid, teacher.channels) == (64 // patch, teacher.model.config.width)
    assert features.shape == (2, teacher.grid**2, teacher.channels)
    seen = torch.nn.functional.interpolate(images, (64, 64), mode="bicubic", antialias=True).clamp(-1, 1)
    direct = teacher.model.encode_tokens(seen, RGB)
    torch.testing.assert_close(features.transpose(1, 2).unflatten(2, (teacher.grid, teacher.grid)), direct)
    assert not features.requires_grad


def test_its_dense_features_lie_in_text_space_on_the_same_grid(trained):
    tokens, dense = (GeoLangBindTeacher(trained, 32, kind) for kind in ("tokens", "dense"))
    features = dense.features(torch.rand(2, 2, 20, 20) * 2 - 1, RADAR)
    assert features.shape == (2, tokens.grid**2, dense.model.embed_dim)
    assert features.isfinite().all()


def test_bands_that_its_card_does_not_name_are_refused(trained):
    teacher = GeoLangBindTeacher(trained, 32)
    with pytest.raises(SensorError, match=r"not trained on a band at 2\.2 µm"):
        teacher.features(torch.zeros(1, 2, 32, 32), torch.tensor([0.56, 2.2]))


def test_a_model_whose_card_names_no_sensor_is_asked_about_any_bands(vision_config, tmp_path):
    save_model(create_model(vision_config), tmp_path / "plain", {"name": "plain"})
    teacher = GeoLangBindTeacher(tmp_path / "plain", 32)
    assert teacher.features(torch.zeros(1, 2, 32, 32), torch.tensor([0.56, 2.2])).shape[0] == 1


def test_the_embedded_model_is_a_teacher_by_its_name():
    teacher = load_teacher("geolb-tiny", image_size=96)
    sentinel2, thermal = torch.tensor([0.49, 0.56, 0.665, 0.842, 1.61, 2.19]), torch.tensor([10.0])
    for wavelengths in (RGB, RADAR, sentinel2, thermal):
        features = teacher.features(torch.rand(1, len(wavelengths), 48, 48) * 2 - 1, wavelengths)
        assert features.shape == (1, 9, 352)


def test_mistakes_say_what_to_choose(trained):
    with pytest.raises(ModelError, match="Choose tokens or dense"):
        load_teacher(str(trained), features="pooled")
    with pytest.raises(ModelError, match="multiple of"):
        load_teacher(str(trained), image_size=50)
    with pytest.raises(ModelError, match="no features to choose from"):
        load_teacher("classical", features="dense")


def test_a_student_learns_the_features_of_a_model(trained, vision_config):
    teacher = GeoLangBindTeacher(trained, 32)
    torch.manual_seed(1)
    sizes = {"trained": {"grid": teacher.grid, "channels": teacher.channels}}
    student = create_model({**vision_config, "translators": sizes})
    images = torch.rand(4, 3, 32, 32) * 2 - 1
    goal = {"trained": teacher.features(images, RGB)}
    losses = losses_of_distilling(student, images, RGB, goal)
    assert losses[-1] < 0.5 * losses[0]
