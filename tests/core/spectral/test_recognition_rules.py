"""Recognition from a description alone: a table of descriptions with the right answer of each."""

from __future__ import annotations

import pytest
from affine import Affine
from rasterio.crs import CRS

from core.raster.grid import GridSpec
from core.raster.raster_info import RasterInfo
from core.raster.statistics import BandStatistics
from core.spectral.band_names import find_band, is_auxiliary, is_derived
from core.spectral.bands import BandSet
from core.spectral.evidence import Evidence, contradictions, weigh
from core.spectral.meaning import declared_meaning
from core.spectral.scaling_choice import choose_scaling
from core.spectral.sensors import get_sensor

UTM = CRS.from_epsg(32633).to_wkt()


def described(path, names, dtype="uint16", size=10.0, tags=None, band_tags=None, scales=None, offsets=None):
    count = len(names)
    grid = GridSpec(UTM, Affine(size, 0, 5e5, 0, -size, 5e6), 100, 100)
    return RasterInfo(
        path, grid, count, (dtype,) * count, (None,) * count, tuple(names), (None,) * count,
        scales or (1.0,) * count, offsets or (0.0,) * count, ("undefined",) * count, tags or {},
        tuple(band_tags or [{}] * count), "GTiff", (), False,
    )  # fmt: skip


def statistics(low, high, count):
    middle = (low + high) / 2
    band = BandStatistics(low, high, middle, middle, low, high, 999, 1.0)
    return dict.fromkeys(range(1, count + 1), band)


def recognised(info, low, high):
    seen = statistics(low, high, info.count)
    meaning = declared_meaning(info, seen)
    assert meaning is not None
    bands = BandSet.of(meaning.bands[number] for number in meaning.default)
    return meaning, choose_scaling(info, meaning.sensor, meaning.default, bands, seen, None)


S2 = ["B02", "B03", "B04", "B08"]
S2_ALL = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
L8 = [f"SR_B{number}" for number in range(1, 8)]
L5 = ["SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7"]
S2_NEW, S2_OLD = "S2A_MSIL2A_20230101T1_N0509_R1_T33TUL.tif", "S2A_MSIL2A_20200101T1_N0214_R1_T33TUL.tif"
L8_L2 = "LC08_L2SP_191029_20230701_20230711_02_T1.tif"
L8_L1 = "LC08_L1TP_191029_20230701_20230711_02_T1.tif"

TABLE = [
    # path, names, description, low, high, sensor, scaling
    ("a.tif", S2, {}, 200, 4000, "sentinel2_l2a", "reflectance_10000"),
    ("a.tif", S2, {"dtype": "float32"}, 0.01, 0.5, "sentinel2_l2a", "physical"),
    ("a.tif", S2, {"dtype": "float32"}, 1, 50, "sentinel2_l2a", "reflectance_percent"),
    (S2_NEW, S2, {}, 1100, 4500, "sentinel2_l2a", "reflectance_10000_offset"),
    (S2_NEW, S2, {}, 150, 4500, "sentinel2_l2a", "reflectance_10000"),  # a program has taken the 1000 off
    (S2_OLD, S2, {}, 150, 4500, "sentinel2_l2a", "reflectance_10000"),
    (S2_OLD, S2, {}, 1200, 4500, "sentinel2_l2a", "reflectance_10000"),
    ("a.tif", S2, {"tags": {"PROCESSING_BASELINE": "05.09"}}, 1100, 4500, "sentinel2_l2a", "reflectance_10000_offset"),
    ("a.tif", S2, {"tags": {"PROCESSING_BASELINE": "03.01"}}, 1100, 4500, "sentinel2_l2a", "reflectance_10000"),
    ("a.tif", S2, {"band_tags": [{"BOA_ADD_OFFSET": "-1000"}] * 4}, 1100, 4500, "sentinel2_l2a",
     "reflectance_10000_offset"),
    ("a.tif", S2, {"tags": {"RADIO_ADD_OFFSET": "-1000"}}, 1100, 4500, "sentinel2_l2a", "reflectance_10000_offset"),
    ("COPERNICUS_S2_SR_HARMONIZED.tif", S2, {}, 1100, 4500, "sentinel2_l2a", "reflectance_10000"),
    ("a.tif", S2, {"tags": {"about": "reflectance x 10000"}}, 1100, 4500, "sentinel2_l2a", "reflectance_10000"),
    ("a.tif", S2, {"scales": (1e-4,) * 4, "offsets": (-0.1,) * 4}, 1100, 4500, "sentinel2_l2a", "file"),
    ("a.tif", S2, {"scales": (1e-4,) * 4, "offsets": (-0.1,) * 4}, 1100, 4500, "sentinel2_l2a", "file"),
    ("a.tif", S2, {"scales": (1e-4,) * 4, "dtype": "float32"}, 0.01, 0.6, "sentinel2_l2a", "physical"),  # scaled twice
    ("a.tif", S2, {}, 3000, 60000, "sentinel2_l2a", "percentile"),
    ("S2A_MSIL1C_20200101T1_N0214_R1.tif", S2, {}, 200, 4000, "sentinel2_l1c", "reflectance_10000"),
    ("a.tif", S2_ALL, {}, 200, 4000, "sentinel2_l2a", "reflectance_10000"),
    ("a.tif", [*S2_ALL, "SCL", "AOT", "QA60", "MSK_CLDPRB"], {}, 200, 4000, "sentinel2_l2a", "reflectance_10000"),
    ("HLS.S30.T33TUL.2023182.v2.0.tif", ["B02", "B03", "B04", "B8A", "B11", "B12"], {"size": 30.0}, 200, 4000,
     "sentinel2_l2a", "reflectance_10000"),
    ("HLS.L30.T33TUL.2023182.v2.0.tif", ["B02", "B03", "B04", "B05", "B06", "B07"], {"size": 30.0}, 200, 4000,
     "landsat8_oli", "reflectance_10000"),
    (L8_L2, L8, {"size": 30.0}, 7600, 20000, "landsat8_oli", "landsat_c2_l2"),
    (L8_L1, [f"B{n}" for n in range(1, 8)], {"size": 30.0}, 7600, 20000, "landsat8_oli", "landsat_c2_l1"),
    (L8_L2.replace("LC08", "LC09"), L8, {"size": 30.0}, 7600, 20000, "landsat9_oli", "landsat_c2_l2"),
    (L8_L2.replace("LC08", "LT05"), L5, {"size": 30.0}, 7600, 20000, "landsat5_tm", "landsat_c2_l2"),
    (L8_L2.replace("LC08", "LT04"), L5, {"size": 30.0}, 7600, 20000, "landsat4_tm", "landsat_c2_l2"),
    (L8_L2.replace("LC08", "LE07"), L5, {"size": 30.0}, 7600, 20000, "landsat7_etm", "landsat_c2_l2"),
    ("a.tif", L8, {"size": 30.0}, 7600, 20000, "landsat8_oli", "landsat_c2_l2"),
    ("a.tif", L8, {"size": 30.0, "tags": {"system:id": "LANDSAT/LC08/C02/T1_L2/x"}}, 7600, 20000, "landsat8_oli",
     "landsat_c2_l2"),
    ("LC08_191029_20150101_01_T1_sr.tif", L8, {"size": 30.0}, 200, 4000, "landsat8_oli", "reflectance_10000"),
    ("a.tif", L8, {"size": 30.0, "dtype": "float32"}, 0.01, 0.4, "landsat8_oli", "physical"),
    ("MOD09A1.tif", [f"sur_refl_b0{n}" for n in range(1, 8)], {"size": 500.0, "dtype": "int16"}, 100, 5000, "modis",
     "reflectance_10000"),
    ("VNP09GA.tif", ["SurfReflect_I1", "SurfReflect_I2", "SurfReflect_I3"], {"size": 500.0, "dtype": "int16"}, 100, 5000,  # noqa: E501
     "viirs", "reflectance_10000"),
    ("S3A_OL_1.tif", ["Oa04", "Oa06", "Oa08", "Oa17"], {"size": 300.0, "dtype": "float32"}, 0.01, 0.4, "olci", "physical"),  # noqa: E501
    ("IMG_PHR1A_MS.tif", ["B0", "B1", "B2", "B3"], {"size": 2.0}, 200, 4000, "pleiades", "reflectance_10000"),
    ("IMG_SPOT7_MS.tif", ["blue", "green", "red", "nir"], {"size": 6.0}, 200, 4000, "pleiades", "reflectance_10000"),
    ("x_RE3_3A.tif", ["blue", "green", "red", "rededge", "nir"], {"size": 5.0}, 200, 4000, "rapideye",
     "reflectance_10000"),
    ("micasense.tif", ["Blue", "Green", "Red", "Red edge", "NIR"], {"size": 0.08}, 900, 16000, "micasense",
     "reflectance_32768"),
    ("micasense.tif", ["Blue", "Green", "Red", "Red edge", "NIR"], {"size": 0.08, "dtype": "float32"}, 0.02, 0.5,
     "micasense", "physical"),
    ("M3M_field.tif", ["green", "red", "red edge", "nir"], {"size": 0.05, "dtype": "float32"}, 0.02, 0.5,
     "dji_multispectral", "physical"),
    ("AST_07XT.tif", ["B1", "B2", "B3N"], {"size": 15.0}, 200, 4000, "aster", "reflectance_10000"),
    ("x_3B_AnalyticMS_SR.tif", ["blue", "green", "red", "nir"], {"size": 3.0}, 200, 4000, "planetscope_4",
     "reflectance_10000"),
    ("PSScene_x_3B_AnalyticMS.tif", ["blue", "green", "red", "nir"], {"size": 3.0}, 2000, 9000, "planetscope_4",
     "percentile"),
    ("WV03.tif", ["coastal", "blue", "green", "yellow", "red", "rededge", "nir1", "nir2"], {"size": 1.24}, 100, 1500,
     "worldview3", "percentile"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "names", "said", "low", "high", "sensor", "scaling"), TABLE)
def test_a_described_raster_is_recognised_by_all_its_evidence(path, names, said, low, high, sensor, scaling):
    meaning, choice = recognised(described(path, names, **said), low, high)
    assert (meaning.sensor, choice.scaling.name) == (sensor, scaling)
    assert meaning.evidence
    assert choice.evidence


SPELLINGS = [
    ("sentinel2_l2a", "B4", "B04"), ("sentinel2_l2a", "B04_10m", "B04"), ("sentinel2_l2a", "S2_B04", "B04"),
    ("sentinel2_l2a", "B4, central wavelength 665 nm", "B04"), ("sentinel2_l2a", "B04_mean", "B04"),
    ("sentinel2_l2a", "20230101_B8A", "B8A"), ("sentinel2_l2a", "reflectance_B11", "B11"),
    ("sentinel2_l2a", "L2A_B02_(Raw)", "B02"), ("sentinel2_l2a", "Band 8A", "B8A"), ("sentinel2_l2a", "Red", "B04"),
    ("sentinel2_l2a", "red (665 nm)", "B04"), ("sentinel2_l2a", "Red edge", None), ("sentinel2_l2a", "B99", None),
    ("landsat8_oli", "SR_B5", "B5"), ("landsat8_oli", "ST_B10", "B10"), ("landsat8_oli", "Band 5 - NIR", "B5"),
    ("landsat8_oli", "swir16", "B6"), ("sentinel1", "Sigma0_VV_db", "VV"), ("sentinel1", "gamma0_vh", "VH"),
    ("micasense", "Red edge", "rededge"), ("planetscope_8", "green_i", "green_i"), ("modis", "sur_refl_b01", "B1"),
    ("aerial_rgb", "Red band", "red"), ("aerial_rgb", "infrared roof", None), ("pleiades", "B3", "B3"),
]  # fmt: skip


@pytest.mark.parametrize(("sensor", "text", "band"), SPELLINGS)
def test_a_band_is_found_with_prefixes_and_suffixes(sensor, text, band):
    found = find_band(get_sensor(sensor), text)
    assert (found.name if found else None) == band


@pytest.mark.parametrize(
    "name",
    ["QA60", "QA_PIXEL", "SCL", "AOT", "WVP", "TCI_R", "MSK_CLDPRB", "ST_EMIS", "SR_QA_AEROSOL", "cloud_mask", "udm2",
     "dataMask", "viewZenithMean", "state_1km", "BQA", "Fmask"],
)  # fmt: skip
def test_layers_beside_the_imagery_are_known(name):
    assert is_auxiliary(name)
    assert not is_derived(name)


@pytest.mark.parametrize(
    "name", ["NDVI", "EVI2", "slope", "aspect", "PC1", "roughness", "entropy", "class", "MNF_3", "TWI"]
)
def test_derived_layers_are_known(name):
    assert is_derived(name)
    assert not is_auxiliary(name)


@pytest.mark.parametrize("name", ["B04", "red", "SR_B4", "VV", "thermal", "nir"])
def test_imagery_is_neither_derived_nor_auxiliary(name):
    assert not is_derived(name)
    assert not is_auxiliary(name)


def test_evidence_adds_up_and_the_strongest_sum_wins():
    pieces = [
        Evidence("a", "x", "sensor", ("one", "two"), 2.0),
        Evidence("b", "y", "sensor", ("two",), 1.0),
        Evidence("c", "z", "scaling", ("one",), 9.0),
    ]
    assert list(weigh(pieces, "sensor", ("one", "two", "three")).items()) == [
        ("two", 3.0),
        ("one", 2.0),
        ("three", 0.0),
    ]


def test_strong_evidence_for_another_is_a_contradiction():
    other = Evidence("a", "x", "scaling", ("other",), 4.0)
    against = Evidence("b", "y", "scaling", ("chosen",), -6.0)
    weak = Evidence("c", "z", "scaling", ("other",), 1.0)
    assert contradictions([other, against, weak], "scaling", ("chosen",)) == (other, against)


def test_a_baseline_that_the_values_contradict_is_warned_about():
    _, choice = recognised(described(S2_NEW, S2), 150, 4500)
    assert any("N0509" in warning and "does not fit" in warning for warning in choice.warnings)


def test_a_sensor_whose_bands_come_in_two_orders_is_warned_about():
    """The camera numbers its files blue, green, red, near infrared, red edge; mosaics of it have red edge before."""
    for name, expected in (("micasense_0001.tif", ["nir, rededge"]), ("worldview3_0001.tif", [])):
        count = 5 if expected else 8
        info = described(name, [""] * count)
        found, _ = recognised(info, 3000.0, 30000.0)
        assert found.sensor == name.split("_", maxsplit=1)[0]
        assert ["nir, rededge" for warning in found.warnings if "nir, rededge" in warning] == expected
