"""Buildings and yards drawn into aerial pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import training  # noqa: F401, registers the sources
from core.errors import TrainingError
from core.pretrain.prompt_templates import prompt_templates_of
from tests.core.training.miniatures import picture
from training.aerial_source import AerialSettings, AerialSource
from training.simulate.roofs import draw_roofs

PIXEL_M = 0.2
GROUND, ROOF, YARD = 7, 1, 2
TEXTURE = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(4)) * 2 - 1


def drawn(seed: int, side: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    image, labels = torch.full((3, side, side), -0.2), torch.full((side, side), GROUND)
    draw_roofs(image, labels, PIXEL_M, ROOF, YARD, TEXTURE, np.random.default_rng(seed))
    return image, labels


@pytest.mark.parametrize("seed", range(6))
def test_buildings_are_labelled_and_what_is_not_labelled_is_ground_or_its_shadow(seed):
    image, labels = drawn(seed)
    assert set(labels.unique().tolist()) <= {-1, ROOF, YARD, GROUND}
    assert float(image.min()) >= -1
    assert float(image.max()) <= 1
    assert (image[:, labels == GROUND] <= -0.2 + 1e-6).all()


def test_buildings_cast_shadows_and_yards_do_not():
    only_yards = shadows = buildings = 0
    for seed in range(40):
        image, labels = drawn(seed)
        shaded = bool((image[:, labels == GROUND] < -0.25).any())
        if (labels == ROOF).any():
            buildings += 1
            shadows += shaded
        elif (labels == YARD).any():
            only_yards += 1
            assert not shaded
    assert buildings > 30
    assert shadows > 0.8 * buildings


def test_roofs_differ_in_colour_far_more_than_the_ground_does():
    tones = [image[:, labels == ROOF].mean(1) for image, labels in map(drawn, range(30)) if (labels == ROOF).any()]
    assert torch.stack(tones).std(0).min() > 0.15


def test_a_source_draws_buildings_and_needs_to_know_what_yards_are_not(tmp_path):
    for number in range(3):
        picture(tmp_path / f"runway/{number}.png", (128, 128))
    classes = {"building": ["building"], "runway": ["runway"]}
    options = {"whole": {"runway": "runway"}, "roofs": "building", "roof_chance": 1.0, "size": 128, "crop": 128}
    prompts = prompt_templates_of(list(classes.values()), ["{}"], ())
    settings = AerialSettings(str(tmp_path), classes, lacking={"yard": ["building"]}, yards="yard", **options)
    source = AerialSource("aerial", settings, prompts)
    labels = torch.cat([source.batch(np.random.default_rng(seed)).labels for seed in range(3)])
    assert {0, 1} <= set(labels.unique().tolist()) <= {-1, 0, 1, 2}
    with pytest.raises(TrainingError, match="what yards are not"):
        AerialSource("aerial", AerialSettings(str(tmp_path), classes, **options), prompts)
