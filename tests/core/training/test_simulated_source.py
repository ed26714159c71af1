"""Simulated landscapes as a training source: floods and the atmosphere come as often as the settings say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.pretrain.prompt_templates import prompt_templates_of
from training.simulate.flood import flooded
from training.simulate.landscape import simulate_landscape
from training.simulate.materials import MATERIAL_INDEX, MATERIALS
from training.simulated_source import COMPATIBLE, SimulatedSettings, SimulatedSource

WATER = MATERIAL_INDEX["shallow water"]
BURNT = MATERIAL_INDEX["burnt land"]


def source(**settings) -> SimulatedSource:
    templates = prompt_templates_of([material.words for material in MATERIALS], ("{}",), (), COMPATIBLE)
    usual = {
        "landscapes": 6,
        "size": 96,
        "crop": 64,
        "batch": 2,
        "views": 1,
        "subset_chance": 0.0,
        "distil_chance": 0.0,
    }
    return SimulatedSource("simulated", SimulatedSettings(**{**usual, "sampling_m": (10.0,), **settings}), templates)


def test_one_seed_gives_the_same_batch():
    made = source(sensors=("sentinel2_l2a",), flooded=0.5, haze=0.1)
    one, other = (made.batch(np.random.default_rng(5)) for _ in range(2))
    torch.testing.assert_close(one.images, other.images)
    assert torch.equal(one.labels, other.labels)


@pytest.mark.parametrize("sensor", ["sentinel2_l2a", "sentinel1"])
def test_floods_put_ground_under_water(sensor):
    dry, wet = (source(sensors=(sensor,), flooded=chance) for chance in (0.0, 1.0))
    share = [
        np.mean([(made.batch(np.random.default_rng(seed)).labels == WATER).float().mean() for seed in range(6)])
        for made in (dry, wet)
    ]
    assert share[1] > share[0] + 0.05


def test_fires_leave_burnt_ground_and_take_no_water():
    before, after = (source(sensors=("sentinel2_l2a",), burnt=chance) for chance in (0.0, 1.0))
    shares = [
        [np.mean([(made.batch(np.random.default_rng(seed)).labels == material).float().mean() for seed in range(6)])
         for material in (BURNT, WATER)]
        for made in (before, after)
    ]  # fmt: skip
    assert shares[1][0] > shares[0][0] + 0.03
    assert abs(shares[1][1] - shares[0][1]) < 0.02


def test_ground_that_stays_above_a_flood_is_wet():
    landscape = simulate_landscape(96, 96, 10.0, 4)
    under = flooded(landscape, 7)
    open_ground = [MATERIAL_INDEX["grassland"], MATERIAL_INDEX["bare soil"]]
    dry = np.isin(landscape.labels, open_ground) & (under.labels != WATER)
    assert (under.moisture[dry] >= landscape.moisture[dry]).all()
    assert under.moisture[dry].mean() > landscape.moisture[dry].mean() + 0.2
    woods = landscape.labels == MATERIAL_INDEX["broadleaf woodland"]
    assert (under.moisture[woods] == landscape.moisture[woods]).all()


def test_the_atmosphere_brightens_blue_in_some_images_and_leaves_the_infrared():
    clear, hazy = (source(sensors=("sentinel2_l1c",), haze=haze, flooded=0.0) for haze in (0.0, 0.1))
    blue, infrared = [], []
    for seed in range(24):
        one, other = (made.batch(np.random.default_rng(seed)) for made in (clear, hazy))
        place = (
            int(torch.argmin((one.wavelengths_um - 0.49).abs())),
            int(torch.argmin((one.wavelengths_um - 2.19).abs())),
        )
        difference = other.images.mean((0, 2, 3)) - one.images.mean((0, 2, 3))
        blue.append(float(difference[place[0]]))
        infrared.append(float(difference[place[1]]))
    assert np.mean(blue) > 0.03
    assert abs(np.mean(infrared)) < 0.5 * np.mean(blue)


def test_the_atmosphere_is_not_laid_over_radar():
    one, other = (source(sensors=("sentinel1",), haze=haze).batch(np.random.default_rng(2)) for haze in (0.0, 0.1))
    torch.testing.assert_close(one.images, other.images)
