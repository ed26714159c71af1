"""A flood covers low open ground, and rough or calm water differs in radar."""

import dataclasses

import numpy as np
import pytest

from core.spectral.sensors import get_sensor
from training.simulate.flood import flooded
from training.simulate.landscape import simulate_landscape
from training.simulate.materials import MATERIAL_INDEX
from training.simulate.render import draw_view, render
from training.simulate.waters import draw_waters

RADAR = get_sensor("sentinel1").bands
OPTICAL = get_sensor("sentinel2_l2a").bands


@pytest.fixture(scope="module")
def lowland():
    return simulate_landscape(160, 160, 10, 3, biome="temperate lowland")


def test_a_flood_covers_a_tenth_to_six_tenths_of_the_open_ground_and_spares_woods_and_towns(lowland):
    standing = np.isin(lowland.labels, [MATERIAL_INDEX[name] for name in ("broadleaf woodland", "residential area")])
    ground = np.isin(lowland.labels, [MATERIAL_INDEX[name] for name in ("grassland", "ploughed field", "green crop")])
    assert ground.mean() > 0.2
    for seed in range(8):
        under = flooded(lowland, seed)
        covered = under.labels != lowland.labels
        assert 0.05 < covered[ground].mean() < 0.7
        assert not covered[standing].any()
        assert (under.labels[covered] == MATERIAL_INDEX["shallow water"]).all()
        assert (under.second[covered] == lowland.labels[covered]).all()
        assert under.share[covered].max() <= 0.5


def test_the_flooded_ground_is_lower_than_the_dry_ground_of_its_fields(lowland):
    bare = dataclasses.replace(lowland, parcel_ids=np.zeros_like(lowland.parcel_ids))
    under = flooded(bare, 2)
    covered = under.labels != bare.labels
    dry = ~covered & np.isin(bare.labels, np.unique(bare.labels[covered]))
    assert bare.elevation[covered].max() <= bare.elevation[dry].min()


def test_ground_that_cannot_be_flooded_stays_as_it_is(lowland):
    roofs = dataclasses.replace(lowland, labels=np.full_like(lowland.labels, MATERIAL_INDEX["metal roof"]))
    assert flooded(roofs, 1) is roofs


def test_a_flood_is_dark_in_the_short_wave_infrared_and_in_radar(lowland):
    under = flooded(lowland, 4)
    covered = under.labels != lowland.labels
    view = dataclasses.replace(draw_view(4), waters=draw_waters(4, load=5.0))
    swir = [band.name for band in OPTICAL.bands].index("B11")
    before, after = (render(land, OPTICAL, seed=4, view=view)[swir] for land in (lowland, under))
    assert after[covered].mean() < 0.5 * before[covered].mean()
    before, after = (render(land, RADAR, seed=4, view=view)[0] for land in (lowland, under))
    assert after[covered].mean() < before[covered].mean() - 3


def test_wind_makes_water_brighter_in_radar_and_nothing_else(lowland):
    water = lowland.labels == MATERIAL_INDEX["river"]
    land = lowland.labels == MATERIAL_INDEX["broadleaf woodland"]
    assert water.any()
    waters = draw_waters(1)
    looks = [
        render(
            lowland,
            RADAR,
            seed=1,
            view=dataclasses.replace(
                draw_view(1), waters=tuple(dataclasses.replace(each, roughness_db=wind) for each in waters)
            ),
        )[0]
        for wind in (-4.0, 4.0)
    ]
    calm, rough = looks
    assert (rough - calm)[water].mean() > 4
    assert abs((rough - calm)[land].mean()) < 0.5


def test_a_flood_carries_more_sediment_than_the_usual_waters():
    for seed in range(5):
        usual, muddy = draw_waters(seed), draw_waters(seed, load=8.0)
        assert all(one.sediment >= other.sediment for one, other in zip(muddy, usual, strict=True))
        assert muddy[2].sediment > usual[2].sediment
