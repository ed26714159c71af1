"""Landscapes are the same whatever window is asked for, and believable."""

import numpy as np
import pytest

from training.simulate.landscape import simulate_landscape, simulate_window
from training.simulate.materials import MATERIAL_INDEX, MATERIALS
from training.simulate.world import BIOMES

LAYERS = (
    "labels",
    "second",
    "share",
    "elevation",
    "height",
    "brightness",
    "vigour",
    "moisture",
    "parcel_ids",
    "cloud",
    "cloud_shadow",
)


@pytest.mark.parametrize("gsd_m", [0.5, 10.0, 30.0])
@pytest.mark.parametrize("seed", [1, 4, 12])
def test_windows_join_without_a_seam(seed, gsd_m):
    whole = simulate_window(seed, -30, 1000, 96, 80, gsd_m, clouds=0.3)
    part = simulate_window(seed, -30 + 37, 1000 + 41, 50, 40, gsd_m, clouds=0.3)
    for layer in LAYERS:
        assert np.array_equal(getattr(whole, layer)[41:91, 37:77], getattr(part, layer)), layer


def test_the_same_seed_gives_the_same_landscape_and_another_seed_another():
    one, again, other = (simulate_landscape(64, 64, 10, seed) for seed in (3, 3, 4))
    for layer in LAYERS:
        assert np.array_equal(getattr(one, layer), getattr(again, layer))
    assert not np.array_equal(one.labels, other.labels)


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (33, 2)])
def test_windows_may_be_of_any_shape(shape):
    assert simulate_window(9, 5, -7, *shape, 10.0).labels.shape == shape


@pytest.mark.parametrize("biome", [biome.name for biome in BIOMES])
@pytest.mark.parametrize("gsd_m", [0.5, 10.0])
def test_every_biome_can_be_seen_near_and_far(biome, gsd_m):
    land = simulate_landscape(96, 96, gsd_m, 21, biome=biome, variety=3)
    assert land.labels.max() < len(MATERIALS)
    assert land.share.min() >= 0
    assert land.share.max() <= 1
    assert land.brightness.min() > 0
    assert land.height.min() >= 0
    for layer in LAYERS:
        assert np.isfinite(getattr(land, layer)).all(), layer


def test_an_unknown_biome_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match=r"atlantis.*alpine"):
        simulate_landscape(8, 8, 10, 1, biome="atlantis")


def test_varied_landscapes_show_many_materials():
    seen = set()
    for seed in range(12):
        land = simulate_landscape(128, 128, 20, seed)
        present = land.present(0.002)
        assert sum(present.values()) > 0.9
        seen |= set(present)
    assert len(seen) >= 22
    assert {"open water", "river", "broadleaf woodland", "residential area", "green crop", "grassland"} <= seen


def test_houses_stand_higher_than_the_streets_between_them():
    for seed in range(40):
        land = simulate_landscape(160, 160, 0.5, seed, biome="city region", variety=8)
        roofs = land.labels == MATERIAL_INDEX["tile roof"]
        streets = land.labels == MATERIAL_INDEX["asphalt road"]
        if roofs.mean() > 0.05 and streets.mean() > 0.05:
            assert np.median(land.height[roofs]) > 4
            assert np.median(land.height[streets]) == 0
            return
    pytest.fail("no town in forty city regions")


def test_fields_are_parcels_with_one_crop_each():
    land = next(
        land
        for seed in range(60)
        if (land := simulate_landscape(200, 200, 15.0, seed, biome="prairie")).present().get("ripe cereal", 0) > 0.1
    )
    cereal = land.labels == MATERIAL_INDEX["ripe cereal"]
    crops = {MATERIAL_INDEX[name] for name in ("green crop", "ripe cereal", "ploughed field")}
    ids = np.unique(land.parcel_ids[cereal])
    assert ids.size > 5
    for parcel in ids:
        inside = land.labels[land.parcel_ids == parcel]
        assert len(set(inside.tolist()) & crops) == 1


def test_clouds_cover_about_what_was_asked_for_and_hide_the_labels():
    land = simulate_window(7, 0, 0, 400, 400, 60.0, clouds=0.4)
    hidden = land.visible_labels == MATERIAL_INDEX["cloud"]
    assert 0.15 < hidden.mean() < 0.6
    assert np.array_equal(land.visible_labels[~hidden], land.labels[~hidden])
    assert not simulate_window(7, 0, 0, 40, 40, 60.0).cloud.any()
