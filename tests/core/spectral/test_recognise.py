import json

import numpy as np
import pytest

from core.errors import InputError, ModelError, SensorError
from core.model.cards import card_from
from core.raster.reader import open_raster
from core.spectral.coverage import coverage
from core.spectral.recognise import recognise


def stack(count, low, high, dtype, size=40, seed=0):
    return np.random.default_rng(seed).uniform(low, high, (count, size, size)).astype(dtype)


def seen(path, **told):
    with open_raster(path) as reader:
        return recognise(reader, **told)


def square(size_m, crs="EPSG:32633"):
    from rasterio.transform import Affine

    return {"transform": Affine(size_m, 0, 500000, 0, -size_m, 5000000), "crs": crs}


LANDSAT8 = [f"B{number}" for number in range(1, 8)]
SURFACE = [f"SR_{name}" for name in LANDSAT8]
MODIS = [f"sur_refl_b0{number}" for number in range(1, 8)]


@pytest.mark.parametrize(
    ("names", "values", "options", "sensor", "fed", "scaling"),
    [
        (["B02", "B03", "B04", "B08"], (4, 0, 4000, "uint16"), square(10), "sentinel2_l2a", 4, "reflectance_10000"),
        (["B4", "B3", "B2"], (3, 0, 0.6, "float32"), square(10), "sentinel2_l2a", 3, "physical"),
        (SURFACE, (7, 7300, 30000, "uint16"), square(30), "landsat8_oli", 7, "landsat_c2_l2"),
        (MODIS, (7, 0, 6000, "int16"), square(500), "modis", 7, "reflectance_10000"),
        (["Red", "Green", "Blue", "NIR"], (4, 0, 255, "uint8"), square(1), "aerial_rgbn", 4, "uint8"),
        (["coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir"],
         (8, 200, 6000, "uint16"), square(3), "planetscope_8", 8, "reflectance_10000"),
        (["VV", "VH"], (2, -25, -5, "float32"), square(10), "sentinel1", 2, "sar_db"),
        (["VV", "VH"], (2, 0.001, 0.4, "float32"), square(10), "sentinel1", 2, "sar_linear"),
        (["sigma0_VV", "sigma0_VH"], (2, 20, 900, "uint16"), square(10), "sentinel1", 2, "sar_amplitude"),
        (["VH"], (1, -25, -5, "float32"), square(10), "sentinel1", 1, "sar_db"),
        (["LST"], (1, 280, 310, "float32"), square(100), "thermal", 1, "kelvin"),
        (["temperature"], (1, -5, 30, "float32"), square(100), "thermal", 1, "celsius"),
    ],
)  # fmt: skip
def test_band_names_tell_the_sensor(make_raster, names, values, options, sensor, fed, scaling):
    found = seen(make_raster(stack(*values), names=names, **options))
    assert (found.sensor, len(found.band_set), found.scaling.name) == (sensor, fed, scaling)
    assert found.reasons


@pytest.mark.parametrize(
    ("values", "options", "sensor", "fed"),
    [
        ((12, 0, 5000, "uint16"), square(10), "sentinel2_l2a", 12),
        ((13, 0, 900, "uint16"), square(10), "sentinel2_l1c", 12),
        ((10, 0, 5000, "uint16"), square(10), "sentinel2_l2a", 10),
        ((7, 7500, 20000, "uint16"), square(30), "landsat8_oli", 7),
        ((7, 0, 5000, "int16"), square(500), "modis", 7),
        ((8, 300, 5000, "uint16"), square(3), "planetscope_8", 8),
        ((8, 300, 5000, "uint16"), square(1.85), "worldview2", 8),
        ((16, 300, 5000, "uint16"), square(1.3), "worldview3", 16),
        ((4, 300, 5000, "uint16"), square(3), "planetscope_4", 4),
        ((4, 0, 255, "uint8"), square(1) | {"photometric": "MINISBLACK"}, "aerial_rgbn", 4),
        ((3, 0, 255, "uint8"), square(0.3) | {"photometric": "MINISBLACK"}, "aerial_rgb", 3),
        ((2, -25, 0, "float32"), square(10), "sentinel1", 2),
        ((1, 100, 900, "float32"), square(30), "dem", 1),
    ],
)
def test_the_number_of_bands_and_their_size_give_a_guess_that_says_so(make_raster, values, options, sensor, fed):
    found = seen(make_raster(stack(*values), **options))
    assert (found.sensor, len(found.band_set), found.confidence) == (sensor, fed, "guess")
    assert found.warnings


@pytest.mark.parametrize(
    ("file", "tags", "values", "sensor"),
    [
        ("LC09_L2SP_191029_20230701_02_T1.tif", {}, (7, 7500, 20000, "uint16"), "landsat9_oli"),
        ("LT05_L2SP_191029_19900701_02_T1.tif", {}, (6, 7500, 20000, "uint16"), "landsat5_tm"),
        ("stack.tif", {"SPACECRAFT_ID": "LANDSAT_7"}, (6, 7500, 20000, "uint16"), "landsat7_etm"),
        ("WV03_scene.tif", {}, (8, 300, 5000, "uint16"), "worldview3"),
        ("m_4609_naip_2020.tif", {}, (4, 0, 255, "uint8"), "aerial_rgbn"),
        ("copernicus_dsm_30.tif", {}, (1, 0, 900, "float32"), "dem"),
        ("site_chm.tif", {}, (1, 0, 30, "float32"), "height"),
    ],
)
def test_file_names_and_metadata_tell_the_sensor(make_raster, file, tags, values, sensor):
    assert seen(make_raster(stack(*values), file, tags=tags)).sensor == sensor


def test_cirrus_panchromatic_and_heat_are_left_out_but_can_be_asked_for(make_raster):
    path = make_raster(stack(9, 0, 5000, "uint16"), names=[f"B{n}" for n in range(1, 10)], **square(30))
    assert seen(path).band_set.names == tuple(LANDSAT8)
    assert seen(path, bands=(8, 4)).band_set.names == ("B8", "B4")


def test_an_offset_of_1000_is_found_in_the_cirrus_band(make_raster):
    values = stack(13, 1300, 4000, "uint16")
    values[10] = 1012
    assert seen(make_raster(values, **square(10))).scaling.name == "reflectance_10000_offset"
    values[10] = 12
    assert seen(make_raster(values, **square(10))).scaling.name == "reflectance_10000"


def test_an_offset_of_1000_is_found_where_every_band_bottoms_out_there(make_raster):
    names = ["B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"]
    assert seen(make_raster(stack(10, 1010, 4000, "uint16"), names=names)).scaling.name == "reflectance_10000_offset"
    assert seen(make_raster(stack(10, 10, 4000, "uint16"), names=names)).scaling.name == "reflectance_10000"


def test_a_bright_scene_without_proof_of_an_offset_is_warned_about(make_raster):
    found = seen(make_raster(stack(10, 2000, 6000, "uint16"), names=[], **square(10)))
    assert found.scaling.name == "reflectance_10000"
    assert any("reflectance_10000_offset" in warning for warning in found.warnings)


def test_numbers_too_large_for_reflectance_times_ten_thousand_follow_the_raster_s_own_range(make_raster):
    names = ["B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"]
    found = seen(make_raster(stack(10, 500, 40000, "uint16"), names=names, **square(10)))
    assert found.sensor == "sentinel2_l2a"
    assert found.scaling.name == "percentile"
    assert found.warnings


def test_scale_and_offset_that_the_file_declares_count(make_raster):
    import rasterio

    path = make_raster(stack(3, 0, 2000, "int16"), names=["B04", "B03", "B02"])
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = [0.0002] * 3, [-0.1] * 3
    found = seen(path)
    assert found.scaling.name == "file"
    assert found.scaling.to_physical(np.full((3, 1, 1), 1000)).ravel().tolist() == pytest.approx([0.1] * 3)


def test_alpha_is_no_band(make_raster):
    values = stack(4, 0, 255, "uint8")
    values[3] = 255
    found = seen(make_raster(values, photometric="RGB", alpha="YES"))
    assert (found.sensor, found.band_indexes) == ("aerial_rgb", (1, 2, 3))


def test_a_band_called_alpha_that_holds_many_shades_is_near_infrared(make_raster):
    found = seen(make_raster(stack(4, 0, 255, "uint8"), photometric="RGB", alpha="YES"))
    assert (found.sensor, found.band_indexes) == ("aerial_rgbn", (1, 2, 3, 4))
    assert any("alpha" in warning for warning in found.warnings)


def test_a_last_band_of_nothing_but_255_is_taken_for_alpha(make_raster):
    values = stack(4, 0, 254, "uint8")
    values[3] = 255
    assert seen(make_raster(values)).band_indexes == (1, 2, 3)


def test_colour_roles_tell_red_from_blue(make_raster):
    import rasterio
    from rasterio.enums import ColorInterp

    path = make_raster(stack(3, 0, 255, "uint8"))
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red]
    assert seen(path).wavelengths_um == (0.49, 0.56, 0.665)


def test_a_map_of_classes_is_called_one(make_raster):
    values = np.random.default_rng(0).integers(1, 8, (1, 40, 40)).astype("uint8")
    assert any("classes" in warning for warning in seen(make_raster(values)).warnings)


def hyperspectral(count=60):
    return np.linspace(0.42, 2.45, count)


@pytest.mark.parametrize("unit", ["Nanometers", "Micrometers", None])
def test_wavelengths_are_read_from_the_metadata_of_bands(make_raster, unit):
    centres = hyperspectral() * (1000 if unit != "Micrometers" else 1)
    entries = [{"wavelength": f"{value:.5f}"} | ({"wavelength_units": unit} if unit else {}) for value in centres]
    found = seen(make_raster(stack(60, 0, 5000, "int16"), band_tags=entries))
    assert found.sensor == "hyperspectral"
    assert found.wavelengths_um[0] == pytest.approx(0.42)
    assert not [value for value in found.wavelengths_um if 1.34 <= value <= 1.46]


def test_wavelengths_are_read_from_an_envi_header(make_raster):
    values = stack(60, 0, 5000, "int16")
    values[5] = -9999
    path = make_raster(values, "cube.dat", driver="ENVI", nodata=-9999)
    header = path.with_suffix(".hdr")
    listed = ", ".join(f"{value * 1000:.2f}" for value in hyperspectral())
    widths = ", ".join(["9.5"] * 60)
    good = ", ".join("0" if index == 7 else "1" for index in range(60))
    header.write_text(
        header.read_text().rstrip()
        + f"\nwavelength units = Nanometers\nwavelength = {{{listed}}}\nfwhm = {{{widths}}}\nbbl = {{{good}}}\n"
    )
    found = seen(header)
    assert found.band_set.bands[0].wavelength_um == pytest.approx(0.42)
    assert found.band_set.bands[0].width_um == pytest.approx(0.0095)
    assert not {6, 8} & set(found.band_indexes)


def test_wavelengths_are_read_from_the_names_of_bands(make_raster):
    names = [f"{value * 1000:.1f} nm" for value in hyperspectral(40)]
    assert len(seen(make_raster(stack(40, 0, 5000, "int16"), "prisma_scene.tif", names=names)).band_set) > 30
    assert seen(make_raster(stack(40, 0, 5000, "int16"), "prisma_scene.tif", names=names)).sensor == "prisma"


def test_wavelengths_are_read_from_the_metadata_beside_an_enmap_image(make_raster):
    path = make_raster(stack(40, 0, 5000, "int16"), "ENMAP01-L2A-SPECTRAL_IMAGE.TIF")
    bands = "".join(
        f"<bandID><wavelengthCenterOfBand>{value * 1000}</wavelengthCenterOfBand><FWHMOfBand>7</FWHMOfBand></bandID>"
        for value in hyperspectral(40)
    )
    path.with_name("ENMAP01-L2A-METADATA.XML").write_text(f"<level_X>{bands}</level_X>")
    found = seen(path)
    assert found.sensor == "enmap"
    assert found.band_set.bands[0].width_um == pytest.approx(0.007)


def test_a_person_has_the_last_word_on_the_sensor(make_raster):
    path = make_raster(stack(1, 0, 255, "uint8"))
    found = seen(path, sensor="thermal")
    assert (found.sensor, found.confidence, found.scaling.name) == ("thermal", "given", "uint8")
    assert found.wavelengths_um == (10.0,)


def test_a_person_has_the_last_word_on_bands_and_wavelengths(make_raster):
    path = make_raster(stack(17, 0, 5000, "uint16"))
    found = seen(path, bands=(4, 3, 2), wavelengths_um=(0.665, 0.56, 0.49))
    assert (found.band_indexes, found.wavelengths_um) == ((4, 3, 2), (0.665, 0.56, 0.49))
    assert found.confidence == "given"


def test_a_person_has_the_last_word_on_the_scaling(make_raster):
    path = make_raster(stack(3, 0, 255, "uint8"))
    assert seen(path, scaling="percentile").scaling.name == "percentile"


def test_picked_bands_keep_the_meaning_that_was_recognised(make_raster):
    path = make_raster(stack(12, 0, 5000, "uint16"), **square(10))
    assert seen(path, bands=(4, 3, 2)).band_set.names == ("B04", "B03", "B02")


def test_picked_bands_of_an_unknown_stack_take_the_named_sensors_order(make_raster):
    path = make_raster(stack(17, 0, 5000, "uint16"))
    assert seen(path, sensor="aerial_rgb", bands=(9, 5, 1)).band_set.names == ("red", "green", "blue")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"bands": (1, 99)}, "There is no band 99: the raster has 17"),
        ({"bands": (0,)}, "There is no band 0"),
        ({"bands": ()}, "No band is named"),
        ({"bands": (1, 2), "wavelengths_um": (0.6,)}, "1 wavelengths do not match the 2 bands"),
        ({"wavelengths_um": (0.6, 0.5)}, "2 wavelengths do not match the 17 bands"),
        ({"bands": (1,), "wavelengths_um": (665.0,)}, "665 nm is 0.665 µm"),
        ({"bands": (1,), "wavelengths_um": (float("nan"),)}, "no wavelength"),
        ({"bands": (1, 1), "wavelengths_um": (0.5, 0.6)}, "twice"),
        ({"sensor": "sentinel9"}, "There is no sensor"),
        ({"sensor": "sentinel1"}, "comes with 2 bands"),
        ({"sensor": "enmap"}, "does not say its wavelengths"),
        ({"scaling": "nonsense", "bands": (1,), "wavelengths_um": (0.6,)}, "no scaling preset"),
        ({}, "cannot be told"),
    ],
)
def test_what_does_not_fit_is_one_clear_error(make_raster, told, words):
    path = make_raster(stack(17, 0, 5000, "uint16"))
    with pytest.raises(SensorError) as caught:
        seen(path, **told)
    assert words in str(caught.value)
    assert caught.value.hint


def test_a_raster_without_any_data_is_refused(make_raster):
    with pytest.raises(InputError, match="no data"):
        seen(make_raster(np.full((3, 9, 9), np.nan, "float32")))


def test_a_raster_s_info_alone_is_enough_where_names_decide(make_raster):
    with open_raster(make_raster(stack(3, 0, 5000, "uint16"), names=["B04", "B03", "B02"])) as reader:
        info = reader.info
    assert recognise(info).scaling.name == "reflectance_10000"


def test_coverage_says_what_a_model_was_trained_on(make_raster):
    rgb = seen(make_raster(stack(3, 0, 255, "uint8")))
    ten = seen(make_raster(stack(10, 0, 5000, "uint16"), "ten.tif", **square(10)))
    card = {"trained_sensors": ["aerial_rgb", "sentinel2_l2a"], "trained_band_counts": [3, 12]}
    assert coverage(rgb, card).outcome == "trained on"
    assert coverage(ten, card).outcome == "extrapolated"
    assert "10 bands" in coverage(ten, card).reason
    assert coverage(ten, card | {"trained_band_counts": {"from": 1, "to": 13}}).outcome == "trained on"
    assert coverage(rgb, json.loads("{}")).outcome == "extrapolated"


@pytest.mark.parametrize(
    ("pixel_size_m", "outcome"),
    [(0.3, "trained on"), (0.05, "trained on"), (12.0, "trained on"), (0.01, "extrapolated"), (30.0, "extrapolated")],
)
def test_coverage_depends_on_the_pixel_size(make_raster, pixel_size_m, outcome):
    rgb = seen(make_raster(stack(3, 0, 255, "uint8")))
    card = {"trained_sensors": ["aerial_rgb"], "pixel_sizes_m": {"aerial_rgb": [0.06, 10.0]}}
    found = coverage(rgb, card, pixel_size_m)
    assert found.outcome == outcome
    if outcome == "extrapolated":
        assert "with pixels of 6 cm to 10 m" in found.reason
    assert coverage(rgb, card).outcome == "trained on", "a picture without a place is judged by its bands alone"


def test_landsat_9_counts_as_trained_where_landsat_8_is(make_raster):
    landsat9 = seen(make_raster(stack(7, 7500, 20000, "uint16"), "LC09_L2SP.tif", **square(30)))
    assert coverage(landsat9, {"trained_sensors": ["landsat8_oli"]}).outcome == "trained on"


def test_bands_of_a_trained_sensor_count_as_trained_though_nothing_names_it(make_raster):
    def with_centres(name, centres):
        tags = [{"wavelength": f"{value}", "wavelength_units": "Nanometers"} for value in centres]
        return seen(make_raster(stack(len(centres), 0, 5000, "uint16"), name, band_tags=tags))

    card = {"trained_sensors": ["sentinel2_l2a"]}
    alike, unlike = with_centres("alike.tif", (665, 842, 1610)), with_centres("unlike.tif", (665, 842, 1400))
    assert alike.sensor is None
    assert "Sentinel-2" in coverage(alike, card).reason
    assert coverage(alike, card).outcome == "trained on"
    assert coverage(unlike, card).outcome == "extrapolated"


def test_a_card_may_name_its_numbers_of_bands_as_a_range(make_raster):
    card = card_from({"name": "own", "sensors": ["sentinel2_l2a"], "band_counts": {"from": 9, "to": 11}})
    said = {"trained_sensors": card.sensors, "trained_band_counts": card.band_counts}
    ten = seen(make_raster(stack(10, 0, 5000, "uint16"), "ten.tif", **square(10)))
    twelve = seen(make_raster(stack(12, 0, 5000, "uint16"), "twelve.tif", **square(10)))
    assert coverage(ten, said).outcome == "trained on"
    assert coverage(twelve, said).reason == "The model was not trained with 12 bands."
    with pytest.raises(ModelError, match="cannot be read"):
        card_from({"name": "own", "band_counts": {"from": 1}})
