"""Cars, swimming pools and solar panels drawn into aerial pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.measure import label, regionprops

import training  # noqa: F401, registers the sources
from core.errors import TrainingError
from core.pretrain.prompt_templates import prompt_templates_of
from tests.core.training.miniatures import picture
from training.aerial_source import AerialSettings, AerialSource
from training.simulate.things import draw_things

PIXEL_M = 0.15
GROUND = 7


def drawn(kind: str, seed: int, side: int = 240) -> tuple[torch.Tensor, torch.Tensor]:
    image, labels = torch.full((3, side, side), -0.2), torch.full((side, side), GROUND)
    draw_things(image, labels, PIXEL_M, {kind: 1}, np.random.default_rng(seed))
    return image, labels


@pytest.mark.parametrize("kind", ["car", "pool", "panel"])
def test_a_thing_is_drawn_where_it_is_labelled_and_blended_pixels_have_no_label(kind):
    for seed in range(5):
        image, labels = drawn(kind, seed)
        assert set(labels.unique().tolist()) <= {-1, 1, GROUND}
        assert float(image.min()) >= -1
        assert float(image.max()) <= 1
        changed = (image + 0.2).abs().amax(0) > 0.02
        if kind != "car":  # a grey car may be as bright as the ground
            assert changed[labels == 1].float().mean() > 0.95
        assert (image[:, labels == GROUND] <= -0.2 + 1e-6).all()  # shadows alone reach the ground


def test_cars_have_the_size_of_cars():
    areas = [
        float(region.area) * PIXEL_M**2
        for seed in range(20)
        for region in regionprops(label(drawn("car", seed)[1].numpy() == 1))
    ]
    assert len(areas) > 50
    assert 5.5 < np.median(areas) < 10.5


def test_things_outside_the_picture_are_left_out():
    for seed in range(20):
        image, labels = drawn("pool", seed, side=12)
        assert image.shape == (3, 12, 12)
        assert labels.shape == (12, 12)


def test_a_source_draws_things_into_chips_and_names_a_class_without_words(tmp_path):
    for number in range(3):
        picture(tmp_path / f"runway/{number}.png", (64, 64))
    classes = {"car": ["car"], "runway": ["runway"]}
    settings = AerialSettings(
        str(tmp_path), classes, whole={"runway": "runway"}, things={"car": "car"}, thing_chance=1.0, size=64, crop=64
    )
    prompts = prompt_templates_of(list(classes.values()), ["{}"], ())
    source = AerialSource("aerial", settings, prompts)
    labels = torch.cat([source.batch(np.random.default_rng(seed)).labels for seed in range(3)])
    assert (labels == 0).any()
    assert (labels == 1).any()
    with pytest.raises(TrainingError, match="no words for swimming pool"):
        AerialSource("aerial", AerialSettings(str(tmp_path), classes, things={"pool": "swimming pool"}), prompts)
