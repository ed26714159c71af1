import pytest

from core.raster.reader import open_raster
from core.spectral.recognise import recognise

S2 = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
OFFSET = "reflectance_10000_offset"

SCENES = [
    ("aquileia_sentinel2_l2a.tif", "sentinel2_l2a", S2, "reflectance_10000"),
    ("sundarbans_sentinel2_l2a.tif", "sentinel2_l2a", S2, "reflectance_10000"),
    ("terramind_tiles/38D_378R_2_3/S2L2A.tif", "sentinel2_l2a", S2, "reflectance_10000"),
    ("terramind_tiles/433D_629L_3_1/S2L2A.tif", "sentinel2_l2a", S2, OFFSET),
    ("terramind_tiles/609U_541L_3_0/S2L2A.tif", "sentinel2_l2a", S2, "reflectance_10000"),
    ("terramind_tiles/38D_378R_2_3/S2L1C.tif", "sentinel2_l1c", S2, "reflectance_10000"),
    ("terramind_tiles/433D_629L_3_1/S2L1C.tif", "sentinel2_l1c", S2, OFFSET),
    ("terramind_tiles/609U_541L_3_0/S2L1C.tif", "sentinel2_l1c", S2, OFFSET),
    ("terramind_tiles/38D_378R_2_3/S1RTC.tif", "sentinel1", ("VV", "VH"), "sar_db"),
    ("terramind_tiles/38D_378R_2_3/DEM.tif", "dem", ("elevation",), "elevation"),
    ("sen1floods11_spain/s2.tif", "sentinel2_l1c", S2, "reflectance_10000"),
    ("sen1floods11_spain/s1.tif", "sentinel1", ("VV", "VH"), "sar_db"),
    ("madagascar_18_01_2017_landsat8.tif", "landsat8_oli", tuple(f"B{n}" for n in range(1, 8)), "reflectance_10000"),
    ("landsat7_etm_stack_8bands.tif", "landsat7_etm", ("B1", "B2", "B3", "B4", "B5", "B7"), "reflectance_10000"),
    ("naip_rgbn_2009.tif", "aerial_rgbn", ("red", "green", "blue", "nir"), "uint8"),
    ("naip_rgbn_2020.tif", "aerial_rgbn", ("red", "green", "blue", "nir"), "uint8"),
    ("dsm.tif", "dem", ("elevation",), "elevation"),
    ("dtm.tif", "dem", ("elevation",), "elevation"),
]


@pytest.mark.parametrize(("file", "sensor", "names", "scaling"), SCENES, ids=[scene[0] for scene in SCENES])
def test_a_real_scene_is_recognised(scenes, file, sensor, names, scaling):
    with open_raster(scenes / file) as reader:
        found = recognise(reader)
        values, valid = reader.read(reader.grid.window, found.band_indexes)
    assert (found.sensor, found.band_set.names, found.scaling.name) == (sensor, names, scaling)
    scaled = found.scaling.to_model(values, valid)
    contrast = scaled[:, valid].std(axis=1)
    assert (contrast > 0.005).mean() > 0.7, "bands keep their contrast, but for the visible ones over snow"
    assert (abs(scaled[:, valid]) == 1.0).mean() < 0.6, "most pixels are not saturated"


def test_enmap_comes_down_to_the_202_bands_that_see_the_ground(scenes):
    for path in sorted((scenes / "enmap_potsdam").glob("*[0-9].tif")):
        with open_raster(path) as reader:
            found = recognise(reader)
        # These tiles declare no scale of their own, so the sensor's usual one holds.
        assert (found.sensor, len(found.band_set), found.scaling.name) == ("enmap", 202, "reflectance_10000")
        assert not set(range(130, 136)) & set(found.band_indexes)


@pytest.mark.parametrize("file", ["terramind_tiles/38D_378R_2_3/LULC.tif", "sen1floods11_spain/labels.tif"])
def test_label_rasters_are_not_taken_for_images(scenes, file):
    with open_raster(scenes / file) as reader:
        assert any("classes" in warning for warning in recognise(reader).warnings)
