"""A student learns an RGB model's vectors on unlabelled rasters, for bands it never sees, with its words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import yaml
from model_configs import TINY
from small_model import random_model

from core.cli.train import start_model, train
from core.errors import SensorError, TrainingError
from core.model import load_model
from core.model.geolangbind_teacher import GeoLangBindTeacher
from core.model.weight_files import save_model
from core.pretrain.mimicry import mimicry_loss
from core.pretrain.recipe import build_sources, parse_recipe
from core.pretrain.recipe_teachers import build_teachers, teacher_features

RGB = (0.665, 0.56, 0.49)
BANDS = (0.443, 0.49, 0.56, 0.665, 0.842, 1.61)


@pytest.fixture
def teacher_folder(tmp_path, tiny_config):
    model = random_model(tiny_config, seed=3)
    save_model(model, tmp_path / "teacher", {"title": "teacher"})
    return tmp_path / "teacher"


@pytest.fixture
def rasters(tmp_path, make_raster):
    """Two rasters of six bands that follow one pattern; one of them in a folder below."""
    row, col = np.mgrid[:160, :160]
    pattern = (np.sin(row / 9) + np.cos(col / 13) + 2) / 4
    values = np.stack([1 + 2200 * pattern * (1 + 0.1 * band) for band in range(len(BANDS))]).astype(np.uint16)
    tags = [{"wavelength": f"{1000 * wavelength:.0f}", "wavelength_units": "nm"} for wavelength in BANDS]
    (tmp_path / "rasters" / "below").mkdir(parents=True)
    for name, shift in (("rasters/a.tif", 0), ("rasters/below/b.tif", 40)):
        make_raster(np.roll(values, shift, axis=2), name, band_tags=tags, tags={"scale": "0.0001"})
    return tmp_path / "rasters"


def recipe(teacher_folder, rasters, **more):
    values = {
        "name": "student",
        "steps": 30,
        "model": TINY,
        "words_of": str(teacher_folder),
        "teachers": {"colours": {"model": str(teacher_folder), "features": "text_space", "image_size": 32}},
        "objectives": {"pairs": 0.0, "mimicry": 1.0},
        "optimiser": {"learning_rate": 3.0e-3, "warmup_steps": 3, "average": 0.8},
        "sources": {
            "mine": {
                "kind": "rasters",
                "settings": {"paths": [str(rasters)], "teacher_um": list(RGB), "crop": 32, "batch": 6},
            }
        },
    }
    return {**values, **more}


def test_the_rasters_of_a_folder_are_cut_into_any_of_their_bands(teacher_folder, rasters):
    (source,) = build_sources(parse_recipe(recipe(teacher_folder, rasters))).values()
    rng = np.random.default_rng(0)
    batches = [source.batch(rng) for _ in range(12)]
    assert {len(batch.wavelengths_um) for batch in batches} >= {3, 6}
    for batch in batches:
        assert batch.images.shape == (6, len(batch.wavelengths_um), 32, 32)
        assert batch.teacher_images.shape == (6, 3, 32, 32)
        np.testing.assert_allclose(batch.teacher_wavelengths_um, RGB, atol=0.01)
        assert batch.images.abs().max() <= 1.5
    again = source.batch(np.random.default_rng(0))
    torch.testing.assert_close(again.images, batches[0].images)


def test_rasters_without_the_teachers_bands_are_refused(teacher_folder, rasters):
    values = recipe(teacher_folder, rasters)
    values["sources"]["mine"]["settings"]["teacher_um"] = [10.9]
    with pytest.raises(TrainingError, match="bands that teachers are shown"):
        build_sources(parse_recipe(values))


def test_the_student_shares_the_teachers_words_and_needs_no_translator(teacher_folder, rasters):
    parsed = parse_recipe(recipe(teacher_folder, rasters))
    model = start_model(parsed, build_teachers(parsed))
    assert model.config.translators is None
    assert model.embed_dim == 384
    teacher = load_model(teacher_folder, device="cpu", dtype="float32")
    torch.testing.assert_close(model.encode_text(["water"]), teacher.encode_text(["water"]))
    torch.testing.assert_close(model.logit_scale, teacher.logit_scale)


def test_a_mimicked_teacher_is_asked_about_its_own_bands_of_the_same_ground(teacher_folder, rasters):
    parsed = parse_recipe(recipe(teacher_folder, rasters))
    (source,) = build_sources(parsed).values()
    (teacher,) = build_teachers(parsed).values()
    batch = source.batch(np.random.default_rng(1))
    found = teacher_features(teacher)(batch)
    torch.testing.assert_close(found, teacher.features(batch.teacher_images, batch.teacher_wavelengths_um))
    assert found.shape == (6, 1 + teacher.grid**2, 384)
    torch.testing.assert_close(found.norm(dim=2), torch.ones(6, 1 + teacher.grid**2))


def test_a_teacher_that_sees_neither_these_bands_nor_the_teacher_bands_says_nothing(teacher_folder, rasters):
    class OfThermalBands:
        grid, channels = 4, 9

        def features(self, images, wavelengths_um):
            raise SensorError("It needs a thermal band.")

    (source,) = build_sources(parse_recipe(recipe(teacher_folder, rasters))).values()
    assert teacher_features(OfThermalBands())(source.batch(np.random.default_rng(1))) is None


def test_the_loss_is_least_where_student_and_teacher_agree():
    generator = torch.Generator().manual_seed(0)
    teacher = F.normalize(torch.randn(5, 1 + 4, 8, generator=generator), dim=2)
    dense = teacher[:, 1:].transpose(1, 2).unflatten(2, (2, 2))
    assert float(mimicry_loss(teacher[:, 0], dense, teacher)) == pytest.approx(0.0, abs=1e-5)
    other = F.normalize(torch.randn(5, 8, generator=generator), dim=1)
    assert float(mimicry_loss(other, dense, teacher)) > 0.3
    assert float(mimicry_loss(teacher[:, 0], dense.flip(3), teacher)) > 0.3


@pytest.mark.slow
def test_a_student_learns_from_other_bands_the_teachers_vectors_of_colours(teacher_folder, rasters, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe(teacher_folder, rasters, steps=80)))
    train(path, tmp_path / "student")
    student = load_model(tmp_path / "student", device="cpu", dtype="float32")
    fresh = start_model(parse_recipe(recipe(teacher_folder, rasters))).eval()
    teacher = GeoLangBindTeacher(teacher_folder, 32, "text_space")
    (source,) = build_sources(parse_recipe(recipe(teacher_folder, rasters))).values()
    batch = source.batch(np.random.default_rng(99))
    given = teacher.features(batch.teacher_images, batch.teacher_wavelengths_um)[:, 0]
    images, wavelengths = batch.images, batch.wavelengths_um
    with torch.inference_mode():
        learnt = (student.encode_image(images, wavelengths, normalize=True) * given).sum(1).mean()
        before = (fresh.encode_image(images, wavelengths, normalize=True) * given).sum(1).mean()
    assert learnt > 0.8
    assert learnt > before + 0.3
