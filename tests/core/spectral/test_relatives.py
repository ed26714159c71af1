"""Relatives of the cases that were wrong once, found in documentation and public reports; see docs/formats.md."""

import numpy as np
import pytest

from core.raster.reader import open_raster
from core.spectral.recognise import recognise

S2 = ("B02", "B03", "B04", "B08")


def seen(path):
    with open_raster(path) as reader:
        found = recognise(reader)
        values, _ = reader.read(reader.grid.window, found.band_indexes)
    return found, found.scaling.to_physical(values)


def noise(low, high, bands=4, dtype="uint16"):
    return np.random.default_rng(0).uniform(low, high, (bands, 64, 64)).astype(dtype)


def test_an_offset_that_a_program_has_taken_off_is_not_taken_off_twice(make_raster):
    path = make_raster(noise(150, 4500), "S2A_MSIL2A_20230101T1_N0509_R1_T33TUL.tif", names=S2)
    found, _ = seen(path)
    assert found.scaling.name == "reflectance_10000"
    assert any("N0509" in warning for warning in found.warnings)


def test_a_claim_that_the_offset_is_applied_gives_way_to_what_the_ground_can_be(make_raster):
    tags = {"earthsearch:boa_offset_applied": "false", "BOA_ADD_OFFSET": "-1000"}
    found, physical = seen(make_raster(noise(100, 3000), names=S2, tags=tags))
    assert found.scaling.name == "reflectance_10000"
    assert physical.min() >= 0.0


@pytest.mark.parametrize(("name", "scale"), [("MOD11A1.LST_Day_1km.tif", 0.02), ("ECO2LSTE.001_SDS_LST.tif", 0.02)])
def test_fiftieths_of_a_kelvin_become_kelvin(make_raster, name, scale):
    found, physical = seen(make_raster(noise(14250, 15500, 1), name, names=("LST",)))
    assert (found.sensor, found.scaling.name) == ("thermal", "kelvin_50")
    assert 284 < physical.min() < physical.max() < 311


def test_declared_degrees_of_hls_become_kelvin(make_raster, tmp_path):
    import rasterio

    path = make_raster(noise(1500, 3800, 1, "int16"), "HLS.L30.T33TUL.2023182T100031.v2.0.B10.tif", names=("B10",))
    with rasterio.open(path, "r+") as file:
        file.scales = (0.01,)
    found, physical = seen(path)
    assert (found.sensor, found.band_set.names) == ("landsat8_oli", ("B10",))
    assert 287 < physical.min() < physical.max() < 312


def test_a_declared_scale_on_values_that_are_scaled_already_is_doubted(make_raster):
    import rasterio

    path = make_raster(noise(0.01, 0.5, dtype="float32"), names=S2)
    with rasterio.open(path, "r+") as file:
        file.scales = (1e-4,) * 4
    found, physical = seen(path)
    assert found.scaling.name == "physical"
    assert 0.2 < physical.mean() < 0.3


def test_a_dark_product_times_a_thousand_is_warned_about(make_raster):
    found, _ = seen(make_raster(noise(5, 400), names=S2))
    assert any("reflectance_1000" in warning for warning in found.warnings)


def test_reflectance_times_a_thousand_is_used_where_the_product_says_so(make_raster):
    found, physical = seen(make_raster(noise(5, 400), names=S2, tags={"BOA_QUANTIFICATION_VALUE": "1000"}))
    assert found.scaling.name == "reflectance_1000"
    assert 0.15 < physical.mean() < 0.25
    assert not found.warnings


def test_underscores_separate_the_words_of_a_file_name(make_raster):
    names = ("Blue", "Green", "Red", "Red edge", "NIR")
    found, _ = seen(make_raster(noise(0.02, 0.5, 5, "float32"), "P4M_field.tif", names=names))
    assert found.sensor == "dji_multispectral"


def test_eleven_bit_counts_of_any_maxar_satellite_are_no_reflectance(make_raster):
    for name in ("GE01_scene.tif", "QB02_scene.tif", "IK01_scene.tif", "WV02_scene.tif"):
        found, _ = seen(make_raster(noise(100, 1500), name, names=("blue", "green", "red", "nir")))
        assert found.scaling.name == "percentile"


def test_a_raster_whose_rows_run_upwards_is_read_where_it_lies(make_raster):
    """The copies of AlphaEarth's tiles on a public server count rows from the south."""
    from rasterio.transform import Affine

    values = noise(200, 4000)
    path = make_raster(values, names=S2, transform=Affine(10, 0, 500000, 0, 10, 4999360))
    with open_raster(path) as reader:
        assert reader.grid.extent == (500000, 4999360, 500640, 5000000)
        assert reader.grid.pixel(500005, 4999365) == (0.5, 0.5)
