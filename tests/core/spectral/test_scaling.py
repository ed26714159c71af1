import numpy as np
import pytest

from core.errors import SensorError
from core.spectral.bands import Band, BandSet
from core.spectral.scaling import physical_range, scaling_preset, scaling_presets
from core.spectral.sensors import get_sensor, load_sensors


def pixels(*values, dtype=np.float32):
    return np.array(values, dtype=dtype).reshape(-1, 1, 1)


@pytest.mark.parametrize(
    ("wavelength", "reflectance", "expected"),
    [
        (0.665, 0.0, -1.0),
        (0.665, 0.1375, 0.0),
        (0.665, 0.275, 1.0),
        (0.699, 0.9, 1.0),
        (0.705, 0.275, 0.0),
        (1.35, 0.55, 1.0),
        (1.61, 0.225, 0.0),
        (2.19, 0.45, 1.0),
    ],
)
def test_reflectance_is_scaled_by_wavelength(wavelength, reflectance, expected):
    bands = BandSet.of([Band("b", wavelength)])
    scaled = scaling_preset("physical").scaling(bands).to_model(pixels(reflectance))
    assert scaled.dtype == np.float32
    assert scaled.item() == pytest.approx(expected, abs=1e-6)


def test_the_same_ground_looks_the_same_in_every_storage():
    bands = BandSet.of([Band("red", 0.665), Band("nir", 0.842)])
    truth = pixels(0.1, 0.3)
    expected = scaling_preset("physical").scaling(bands).to_model(truth)
    stored = {
        "reflectance_10000": truth * 10000,
        "reflectance_10000_offset": truth * 10000 + 1000,
        "reflectance_1000": truth * 1000,
        "reflectance_percent": truth * 100,
        "landsat_c2_l2": (truth + 0.2) / 2.75e-5,
        "landsat_c2_l1": (truth + 0.1) / 2e-5,
    }
    for name, numbers in stored.items():
        np.testing.assert_allclose(scaling_preset(name).scaling(bands).to_model(numbers), expected, atol=2e-5)


def test_eight_bit_pictures_run_from_minus_one_to_one_whatever_the_band():
    bands = BandSet.of([Band("red", 0.665), Band("thermal", 10.0, kind="thermal")])
    scaled = scaling_preset("uint8").scaling(bands).to_model(pixels(0, 255, dtype=np.uint8))
    assert scaled.ravel().tolist() == [-1.0, 1.0]


def test_radar_power_amplitude_and_decibels_agree():
    bands = get_sensor("sentinel1").bands.select(("VV", "VH"))
    decibels = pixels(-12.5, -18.5)
    expected = scaling_preset("sar_db").scaling(bands).to_model(decibels)
    np.testing.assert_allclose(expected.ravel(), [0.0, 0.0], atol=1e-6)
    linear = scaling_preset("sar_linear").scaling(bands).to_model(10 ** (decibels / 10))
    np.testing.assert_allclose(linear, expected, atol=1e-5)
    amplitude = scaling_preset("sar_amplitude").scaling(bands, [(10.0, 1000.0), (10.0, 1000.0)])
    np.testing.assert_allclose(amplitude.to_model(pixels(10, 1000)).ravel(), [-1, 1], atol=1e-6)


def test_zero_radar_power_is_very_dark_and_finite():
    bands = get_sensor("sentinel1").bands.select(("VV",))
    assert scaling_preset("sar_linear").scaling(bands).to_model(pixels(0.0)).item() == -1.0


def test_temperatures_in_kelvin_and_celsius_agree():
    bands = get_sensor("thermal").bands
    kelvin = scaling_preset("kelvin").scaling(bands).to_model(pixels(290.0))
    celsius = scaling_preset("celsius").scaling(bands).to_model(pixels(16.85))
    assert kelvin.item() == pytest.approx(0.0, abs=1e-6)
    assert celsius.item() == pytest.approx(0.0, abs=1e-5)


def test_pixels_without_data_and_not_a_number_become_zero():
    bands = BandSet.of([Band("a", 0.6), Band("b", 0.6)])
    values = np.full((2, 2, 2), 0.275, np.float32)
    values[0, 0, 0] = np.nan
    valid = np.array([[True, False], [True, True]])
    scaled = scaling_preset("physical").scaling(bands).to_model(values, valid)
    assert scaled[0, 0, 0] == 0.0
    assert (scaled[:, 0, 1] == 0.0).all()
    assert scaled[1, 0, 0] == 1.0
    assert (scaled[:, 1] == 1.0).all()


def test_batches_are_scaled_like_single_images():
    scaling = scaling_preset("reflectance_10000").scaling(get_sensor("sentinel2_l2a").default_bands)
    batch = np.random.default_rng(0).integers(0, 6000, (3, 12, 4, 5), dtype=np.uint16)
    valid = np.random.default_rng(1).random((3, 4, 5)) > 0.3
    together = scaling.to_model(batch, valid)
    for one, mask, whole in zip(batch, valid, together, strict=True):
        np.testing.assert_array_equal(scaling.to_model(one, mask), whole)


def test_elevation_follows_the_raster_wide_range():
    scaling = scaling_preset("elevation").scaling(get_sensor("dem").bands, [(100.0, 300.0)])
    np.testing.assert_allclose(scaling.to_model(pixels(200)).ravel(), [0.0])
    np.testing.assert_allclose(scaling.to_model(pixels(50)).ravel(), [-1.0])


def test_a_constant_band_is_no_division_by_zero():
    scaling = scaling_preset("percentile").scaling(BandSet.of([Band("x", 0.6, kind="unknown")]), [(7.0, 7.0)])
    assert scaling.to_model(pixels(7)).item() == -1.0


def test_a_range_that_is_not_known_is_refused_with_advice():
    with pytest.raises(SensorError, match="own range"):
        scaling_preset("elevation").scaling(get_sensor("dem").bands)


def test_an_unknown_preset_lists_those_that_exist():
    with pytest.raises(SensorError, match="reflectance_10000"):
        scaling_preset("reflectence")


def test_as_many_bands_as_scalings_are_needed():
    scaling = scaling_preset("physical").scaling(BandSet.of([Band("a", 0.6)]))
    with pytest.raises(SensorError, match="1 bands"):
        scaling.to_model(np.zeros((2, 1, 1)))


def test_physical_values_come_back():
    scaling = scaling_preset("landsat_c2_l2").scaling(get_sensor("landsat8_oli").bands.select(("B4", "B10")))
    physical = scaling.to_physical(pixels(20000, 42000))
    np.testing.assert_allclose(physical.ravel(), [0.35, 292.556], atol=1e-3)


def test_every_preset_scales_every_sensor():
    for sensor in load_sensors().values():
        for preset in scaling_presets().values():
            ranges = [(10.0, 90.0)] * len(sensor.bands)
            values = np.random.default_rng(0).integers(0, 100, (len(sensor.bands), 3, 3)).astype(np.float32)
            if len(sensor.bands):
                scaled = preset.scaling(sensor.bands, ranges).to_model(values)
                assert np.isfinite(scaled).all()
                assert np.abs(scaled).max() <= 1.0


def test_cross_polarised_radar_has_its_own_range():
    assert physical_range(Band("VH", 5.41, kind="sar")) == (-32.0, -5.0)
    assert physical_range(Band("HH", 5.42, kind="sar")) == (-25.0, 0.0)
