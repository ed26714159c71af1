"""Any sensor sees the simulated ground in its own units."""

import dataclasses

import numpy as np
import pytest

from core.spectral.bands import Band, BandSet
from core.spectral.sensors import get_sensor, load_sensors
from training.simulate.landscape import simulate_landscape, simulate_window
from training.simulate.materials import MATERIAL_INDEX
from training.simulate.render import View, draw_view, render
from training.simulate.write import scene_bands

RGBN = BandSet.of(
    [
        Band("red", 0.665, 0.03, 10),
        Band("green", 0.56, 0.035, 10),
        Band("blue", 0.49, 0.065, 10),
        Band("nir", 0.842, 0.115, 10),
    ]
)


def coast():
    for seed in range(60):
        land = simulate_landscape(160, 160, 10, seed, biome="temperate lowland", variety=10)
        present = land.present(0.04)
        if "open water" in present and "broadleaf woodland" in present:
            return land
    raise AssertionError("no wooded coast in sixty lowlands")


@pytest.fixture(scope="module")
def shore():
    return coast()


@pytest.mark.parametrize("name", list(load_sensors()))
def test_every_sensor_of_the_catalogue_can_be_rendered(name):
    bands = scene_bands(get_sensor(name))
    land = simulate_window(3, 0, 0, 24, 20, 10.0)
    pixels = render(land, bands, seed=1)
    assert pixels.shape == (len(bands), 24, 20)
    assert pixels.dtype == np.float32
    assert np.isfinite(pixels).all()
    for band, values in zip(bands.bands, pixels, strict=True):
        low, high = {
            "reflectance": (0, 1.5),
            "display": (0, 255),
            "sar": (-50, 15),
            "thermal": (220, 345),
            "elevation": (-10, 6000),
        }[band.kind]
        assert values.min() >= low
        assert values.max() <= high


def test_ndwi_finds_the_rendered_water(shore):
    _, green, _, nir = render(shore, RGBN, seed=2)
    ndwi = (green - nir) / (green + nir + 1e-6)
    water = np.isin(shore.labels, [MATERIAL_INDEX[name] for name in ("open water", "shallow water", "river")])
    wood = shore.labels == MATERIAL_INDEX["broadleaf woodland"]
    assert (ndwi[water] > 0).mean() > 0.9
    assert (ndwi[wood] < 0).mean() > 0.95


def test_rendering_is_decided_by_the_seed(shore):
    assert np.array_equal(render(shore, RGBN, seed=5), render(shore, RGBN, seed=5))
    assert not np.array_equal(render(shore, RGBN, seed=5), render(shore, RGBN, seed=6))


def test_a_band_alone_shows_what_it_shows_among_others_without_air_and_noise(shore):
    together = render(shore, RGBN, seed=5, atmosphere=False, noise=False)
    alone = render(shore, RGBN.select(["nir"]), seed=5, atmosphere=False, noise=False)
    assert np.allclose(together[3], alone[0], atol=1e-6)


def test_haze_brightens_the_blue_more_than_the_infrared(shore):
    view = draw_view(1)
    clear = render(shore, RGBN, seed=1, atmosphere=False, noise=False, view=view)
    hazy = render(
        shore,
        RGBN,
        seed=1,
        atmosphere=True,
        noise=False,
        view=view.__class__(**{**view.__dict__, "haze": 0.06, "gain_sd": 0.0}),
    )
    water = shore.labels == MATERIAL_INDEX["open water"]
    gain = (hazy - clear)[:, water].mean(axis=1)
    assert gain[2] > gain[0] > gain[3] > 0


def test_coarser_bands_are_blurred(shore):
    fine = BandSet.of([Band("a", 0.842, 0.1, 10), Band("b", 0.842, 0.1, 10)])
    mixed = BandSet.of([Band("a", 0.842, 0.1, 10), Band("b", 0.842, 0.1, 60)])
    sharp = render(shore, fine, seed=1, atmosphere=False, noise=False)[1]
    blurred = render(shore, mixed, seed=1, atmosphere=False, noise=False)[1]
    assert np.abs(np.diff(blurred, axis=1)).mean() < 0.6 * np.abs(np.diff(sharp, axis=1)).mean()


def test_radar_sees_towns_bright_and_water_dark_and_cross_polarisation_lower():
    bands = BandSet.of([Band("VV", 5.40, 0, 10, "sar"), Band("VH", 5.41, 0, 10, "sar")])
    for seed in range(40):
        land = simulate_landscape(96, 96, 10, seed, biome="city region")
        if {"open water", "residential area"} <= set(land.present(0.05)):
            vv, vh = render(land, bands, seed=seed)
            town, lake = land.labels == MATERIAL_INDEX["residential area"], land.labels == MATERIAL_INDEX["open water"]
            assert np.median(vv[town]) > np.median(vv[lake]) + 8
            assert np.median(vh) < np.median(vv) - 3
            assert vv[lake].std() > 0.7, "speckle"
            return
    pytest.fail("no town by the water in forty city regions")


def test_heat_shows_roads_warmer_than_woods_and_water_coolest():
    thermal = BandSet.of([Band("T", 10.9, 0.6, 100, "thermal")])
    land = simulate_landscape(200, 200, 0.5, 11, biome="city region", variety=10)
    kelvin = render(land, thermal, seed=3)[0]
    road = land.labels == MATERIAL_INDEX["asphalt road"]
    grass = land.labels == MATERIAL_INDEX["grassland"]
    assert road.any()
    assert grass.any()
    assert np.median(kelvin[road]) > np.median(kelvin[grass]) + 3


def test_clouds_hide_the_ground_from_the_eye_but_not_from_radar():
    clear = simulate_window(7, 0, 0, 64, 64, 60.0)
    cloudy = simulate_window(7, 0, 0, 64, 64, 60.0, clouds=0.6)
    hidden = cloudy.cloud > 0.9
    assert hidden.any()
    blue = render(cloudy, RGBN, seed=1)[2]
    assert blue[hidden].mean() > 0.5
    radar = BandSet.of([Band("VV", 5.40, 0, 10, "sar")])
    assert np.array_equal(render(clear, radar, seed=1), render(cloudy, radar, seed=1))


def test_display_bands_use_the_whole_range_of_a_picture():
    rgb = BandSet.of(
        Band(name, wavelength, 0.08, 0.3, "display") for name, wavelength in (("r", 0.65), ("g", 0.55), ("b", 0.46))
    )
    values = render(simulate_landscape(128, 128, 0.5, 4, biome="city region", variety=10), rgb, seed=4)
    assert values.max() > 180
    assert values.min() < 60


def test_elevation_bands_give_ground_surface_or_objects():
    bands = BandSet.of([Band(name, 30.0, 0, 0, "elevation") for name in ("elevation", "surface", "height")])
    land = simulate_landscape(64, 64, 1.0, 2, biome="temperate lowland")
    ground, surface, objects = render(land, bands, seed=1)
    assert np.allclose(surface, ground + objects, atol=1e-3)
    assert np.array_equal(ground, land.elevation)


def test_the_viewing_conditions_of_a_seed_stay_those_that_models_were_trained_on():
    view = draw_view(4)
    assert view.season == pytest.approx((-0.103515, 0.470241), abs=1e-6)
    assert view.curve_tilt == pytest.approx(0.04486, abs=1e-6)
    assert (view.looks, view.blur_px) == pytest.approx((9.997767, 0.667427), abs=1e-6)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(View) if field.name != "waters"])
def test_every_viewing_condition_changes_what_some_sensor_sees(field):
    land = simulate_window(11, 0, 0, 48, 48, 2.0)
    view = draw_view(4)
    value = getattr(view, field)
    other = dataclasses.replace(view, **{field: (value[0] + 1, value[1]) if field == "season" else value * 2})
    bands = (RGBN, get_sensor("sentinel1").bands)
    changed = [not np.array_equal(*(render(land, each, seed=4, view=conditions) for conditions in (view, other)))
               for each in bands]  # fmt: skip
    assert any(changed)
