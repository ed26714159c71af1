import re

import pytest

from core.spectral.scaling import scaling_presets
from core.spectral.sensors import UnknownSensorError, get_sensor, load_sensors, normalised_band_name, with_placeholders

REQUIRED_SENSORS = {
    "sentinel2_l1c", "sentinel2_l2a", "landsat4_tm", "landsat5_tm", "landsat7_etm", "landsat8_oli", "landsat9_oli",
    "modis", "aerial_rgb", "aerial_rgbn", "planetscope_4", "planetscope_8", "worldview2", "worldview3", "sentinel1",
    "enmap", "prisma", "aviris", "thermal", "dem",
}  # fmt: skip


def test_every_sensor_of_the_design_is_there():
    assert set(load_sensors()) >= REQUIRED_SENSORS


@pytest.mark.parametrize("sensor", load_sensors().values(), ids=load_sensors())
def test_a_sensor_is_consistent(sensor):
    assert sensor.scaling in scaling_presets()
    assert len(set(sensor.bands.names)) == len(sensor.bands)
    assert sensor.wavelengths_from_file != bool(sensor.bands.bands)
    for band in sensor.bands.bands:
        assert sensor.find_band(band.name) == band
        assert 0.3 < band.wavelength_um < 40
    for layout in sensor.layouts:
        assert len(sensor.bands.select(layout)) == len(set(layout))
    for alias, name in sensor.aliases.items():
        assert name in sensor.bands.names
        assert sensor.find_band(alias) is not None
    assert set(sensor.unused) <= set(sensor.bands.names)
    for hint in sensor.hints:
        re.compile(hint)


def test_wavelengths_are_those_of_the_published_model():
    sentinel2 = get_sensor("sentinel2_l2a").bands.select(
        ("B04", "B03", "B02", "B05", "B06", "B07", "B08", "B11", "B12")
    )
    assert sentinel2.wavelengths_um == (0.665, 0.56, 0.49, 0.705, 0.74, 0.783, 0.842, 1.61, 2.19)
    assert get_sensor("aerial_rgb").bands.wavelengths_um == (0.665, 0.56, 0.49)


def test_an_unknown_sensor_lists_those_that_exist():
    with pytest.raises(UnknownSensorError, match="sentinel2_l2a"):
        get_sensor("sentinel3")


def test_names_are_found_in_any_spelling():
    assert get_sensor("Sentinel2-L2A").name == "sentinel2_l2a"
    for text in ("B4", "B04", "band 4", "Band_04", "SR_B4", "b4", "B04_10m", "band 4 reflectance", "B04 (10 m)"):
        assert normalised_band_name(text) == "b4", text


def test_radar_placeholders_follow_the_model():
    bands = get_sensor("sentinel1").bands.select(("VV", "VH"))
    assert len(set(bands.wavelengths_um)) == 2
    assert with_placeholders(bands, "sar_gen1").wavelengths_um == (3.75, 3.75)
    assert with_placeholders(bands, "geolb") == bands
    optical = get_sensor("aerial_rgb").bands
    assert with_placeholders(optical, "sar_gen2") == optical
