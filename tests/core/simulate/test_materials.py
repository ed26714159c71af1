"""Material spectra behave as the physics of leaves, water, soil and snow demands."""

import numpy as np
import pytest

from core.spectral.bands import Band, BandSet
from training.simulate.materials import MATERIAL_INDEX, MATERIALS
from training.simulate.render import GRID_UM, band_weights, spectra_table

BLUE, GREEN, RED, EDGE, NIR, SWIR1, SWIR2 = 0.49, 0.56, 0.665, 0.705, 0.842, 1.61, 2.19


def reflectance(name, *wavelengths, **variation):
    return MATERIALS[MATERIAL_INDEX[name]].spectrum(np.array(wavelengths), **variation)


def index(name, first, second, **variation):
    a, b = reflectance(name, first, second, **variation)
    return (a - b) / (a + b)


def test_every_spectrum_is_a_reflectance_without_jumps():
    table = spectra_table(GRID_UM)
    assert table.shape == (len(MATERIALS), GRID_UM.size)
    assert np.isfinite(table).all()
    assert table.min() > 0
    assert table.max() < 1
    assert np.abs(np.diff(table, axis=1)).max() < 0.08, "no jump between neighbouring 5 nm samples"


@pytest.mark.parametrize("variation", [{"vigour": 3}, {"vigour": -3}, {"moisture": 3}, {"moisture": -3}])
def test_spectra_stay_reflectances_far_from_the_typical(variation):
    table = spectra_table(GRID_UM, **variation)
    assert np.isfinite(table).all()
    assert table.min() >= 0
    assert table.max() <= 1


@pytest.mark.parametrize("name", ["open water", "river", "shallow water", "swimming pool"])
def test_water_has_positive_ndwi_and_land_has_not(name):
    assert index(name, GREEN, NIR) > 0.3


@pytest.mark.parametrize(
    "name",
    ["broadleaf woodland", "ploughed field", "sand", "asphalt road", "tile roof", "burnt land", "wetland", "rock"],
)
def test_land_has_negative_ndwi(name):
    assert index(name, GREEN, NIR) < 0


def test_ndvi_orders_materials_from_lush_to_bare():
    order = ["green crop", "grassland", "shrubland", "ripe cereal", "ploughed field", "open water"]
    ndvi = [index(name, NIR, RED) for name in order]
    assert ndvi == sorted(ndvi, reverse=True)
    assert ndvi[0] > 0.8
    assert ndvi[2] > 0.4
    assert ndvi[4] < 0.2


@pytest.mark.parametrize("name", ["green crop", "broadleaf woodland", "coniferous woodland", "grassland", "mangrove"])
def test_green_plants_have_a_red_edge_and_a_green_peak(name):
    blue, green, red, edge, nir = reflectance(name, BLUE, GREEN, RED, EDGE, NIR)
    assert green > blue
    assert green > red
    assert red < edge < nir
    assert nir > 3 * red


def test_straw_has_no_red_edge_but_the_cellulose_dip():
    red, nir = reflectance("ripe cereal", RED, NIR)
    assert nir / red < 2.2
    left, dip, right = reflectance("ripe cereal", 2.0, 2.09, 2.2)
    assert dip < 0.5 * (left + right) * 1.01


def test_vigour_deepens_the_red_and_moisture_the_short_wave_infrared():
    assert reflectance("grassland", RED, vigour=2)[0] < reflectance("grassland", RED, vigour=-2)[0]
    assert reflectance("green crop", SWIR1, moisture=2)[0] < reflectance("green crop", SWIR1, moisture=-2)[0]
    assert reflectance("ploughed field", RED, moisture=2)[0] < reflectance("ploughed field", RED, moisture=-2)[0]


def test_snow_is_bright_in_the_visible_and_dark_in_the_short_wave_infrared():
    green, swir = reflectance("snow", GREEN, SWIR1)
    assert green > 0.85
    assert swir < 0.25
    assert index("snow", GREEN, SWIR1) > 0.6


def test_clay_shows_at_two_point_two_and_plastic_at_one_point_seven_three():
    left, dip, right = reflectance("bare soil", 2.14, 2.2, 2.26)
    assert dip < 0.5 * (left + right)
    left, dip = reflectance("greenhouse", 1.65, 1.73)
    assert dip < 0.9 * left


def test_burnt_land_has_a_low_burn_ratio():
    assert index("burnt land", NIR, SWIR2) < -0.2
    assert index("broadleaf woodland", NIR, SWIR2) > 0.4


def test_bands_integrate_the_spectrum_where_they_look():
    bands = BandSet.of([Band("narrow", 0.705, 0.015), Band("wide", 0.705, 0.3), Band("unknown width", 0.842)])
    weights = band_weights(bands.bands)
    assert np.allclose(weights.sum(axis=1), 1)
    assert np.allclose(weights @ GRID_UM, bands.wavelengths_um, atol=0.003)
    leaf = MATERIALS[MATERIAL_INDEX["green crop"]].spectrum(GRID_UM)
    narrow, wide, plateau = weights @ leaf
    assert narrow == pytest.approx(reflectance("green crop", 0.705)[0], rel=0.1)
    assert narrow < wide < plateau


def test_materials_have_unique_names_words_and_sane_numbers():
    assert len({material.name for material in MATERIALS}) == len(MATERIALS) >= 24
    for material in MATERIALS:
        assert len(material.words) >= 3
        assert len(set(material.words)) == len(material.words)
        assert material.worldcover in (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100)
        assert 240 < material.temperature_k < 330
        assert -35 < material.sigma0_db[1] < material.sigma0_db[0] < 3


def test_the_label_order_never_changes():
    names = [material.name for material in MATERIALS]
    assert names[:6] == [
        "open water",
        "river",
        "shallow water",
        "coniferous woodland",
        "broadleaf woodland",
        "grassland",
    ]
    assert names.index("residential area") == 22
    assert names.index("cloud") == 35
