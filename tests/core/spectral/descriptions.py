"""Descriptions of rasters as operators, portals and programs write them, each with what it has to be taken for.

A row is (path, names of the bands, 2nd and 98th percentile of their numbers, expected sensor, expected scaling, what
else the file says). ``fed`` are the bands that must go to the model, ``warns`` is part of a warning that must come; a
row without it must come without any warning on the scaling. Rows of ``REFUSED`` hold words of the refusal.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Description:
    """One raster as it describes itself; names are separated by commas, "-" stands for a band without a name."""

    path: str
    names: str
    low: float
    high: float
    sensor: str | None
    scaling: str
    fed: str = ""
    warns: str = ""
    said: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.path} {self.names}"[:90]


def row(path, names, low, high, sensor, scaling, *, fed="", warns="", **said):
    return Description(path, names, low, high, sensor, scaling, fed, warns, said)


# fmt: off
RGBN = "blue,green,red,nir"
S2_ALL = "B01,B02,B03,B04,B05,B06,B07,B08,B8A,B09,B11,B12"
S2_TEN = "B02,B03,B04,B08"
SR = ",".join(f"SR_B{number}" for number in range(1, 8))
TM = "SR_B1,SR_B2,SR_B3,SR_B4,SR_B5,SR_B7"
B1_B7 = ",".join(f"B{number}" for number in range(1, 8))
OLI = ",".join(f"B{number}" for number in range(1, 12))

SENTINEL_2 = [
    row("S2A_MSIL1C_20200101T100001_N0208_R122_T33TUL.tif", f"{S2_ALL[:-8]},B10,B11,B12", 300, 4000, "sentinel2_l1c",
        "reflectance_10000", fed=S2_ALL.replace(",", " ")),
    row("S2B_MSIL1C_20230101T100001_N0509_R122_T33TUL.tif", S2_TEN, 1200, 5000, "sentinel2_l1c",
        "reflectance_10000_offset"),
    row("S2C_MSIL2A_20250301T100001_N0511_R122_T33TUL.tif", S2_TEN, 1100, 4500, "sentinel2_l2a",
        "reflectance_10000_offset"),
    row("T33TUL_20160801T100031_L2A.tif", S2_TEN, 5, 400, "sentinel2_l2a", "reflectance_1000",
        tags={"BOA_QUANTIFICATION_VALUE": "1000"}),
    row("clip.tif", S2_TEN, 5, 400, "sentinel2_l2a", "reflectance_10000", warns="reflectance_1000"),
    row("openEO.tif", "B02,B03,B04,B08,SCL", 150, 4000, "sentinel2_l2a", "reflectance_10000", fed="B02 B03 B04 B08",
        dtype="int16"),
    row("openEO_2023_N0509.tif", S2_TEN, 1100, 4500, "sentinel2_l2a", "reflectance_10000_offset",
        tags={"PROCESSING_BASELINE": "05.09"}),
    row("gee.tif", "B4_median,B3_median,B2_median,B8_median", 0.02, 0.45, "sentinel2_l2a", "physical",
        dtype="float32", fed="B04 B03 B02 B08"),
    row("gee_sum.tif", "0_B2,1_B3,2_B4,3_B8", 200, 4000, "sentinel2_l2a", "reflectance_10000"),
    row("COPERNICUS_S2_HARMONIZED_mosaic.tif", S2_TEN, 1100, 4500, "sentinel2_l2a", "reflectance_10000"),
    row("S2_maja_FRE.tif", "B2,B3,B4,B8", 200, 4000, "sentinel2_l2a", "reflectance_10000", dtype="int16"),
    row("earth-search.tif", "coastal,blue,green,red,rededge1,rededge2,rededge3,nir,nir08,nir09,swir16,swir22", 1100,
        5000, "sentinel2_l2a", "reflectance_10000", tags={"earthsearch:boa_offset_applied": "true"}),
    row("acolite.tif", "B2,B3,B4,B8", 0.001, 0.03, "sentinel2_l2a", "physical", dtype="float32",
        warns="darker than land", tags={"sensor": "S2A_MSI"}),
    row("HLS.S30.T33TUL.2023182T100031.v2.0.tif", "B02,B03,B04,B8A,B11,B12", 200, 4000, "sentinel2_l2a",
        "reflectance_10000", size=30.0),
    row("stack.tif", S2_ALL, 1100, 4500, "sentinel2_l2a", "reflectance_10000_offset"),
    row("bright.tif", S2_TEN, 1800, 6500, "sentinel2_l2a", "reflectance_10000", warns="above 1000"),
    row("T33TUL_TCI.tif", "-,-,-", 0, 250, "aerial_rgb", "uint8", dtype="uint8"),
]

LANDSAT = [
    row("LC09_L2SP_191029_20230701_20230711_02_T1.tif", f"{SR},ST_B10", 7600, 20000, "landsat9_oli", "landsat_c2_l2",
        size=30.0, fed=B1_B7.replace(",", " ")),
    row("LC08_L1TP_191029_20230701_20230711_02_T1.tif", OLI, 7600, 20000, "landsat8_oli", "landsat_c2_l1", size=30.0,
        fed=B1_B7.replace(",", " ")),
    row("LT05_L1TP_191029_19900701_20200915_02_T1.tif", "B1,B2,B3,B4,B5,B6,B7", 20, 180, "landsat5_tm", "uint8",
        size=30.0, dtype="uint8", fed="B1 B2 B3 B4 B5 B7"),
    row("LE07_L2SP_191029_20010701_20200917_02_T1.tif", TM, 7600, 20000, "landsat7_etm", "landsat_c2_l2", size=30.0),
    row("LT04_L2SP_191029_19880701_20200917_02_T1.tif", TM, 7600, 20000, "landsat4_tm", "landsat_c2_l2", size=30.0),
    row("LC081910292015010101T1_sr.tif", "sr_band1,sr_band2,sr_band3,sr_band4,sr_band5,sr_band6,sr_band7", 200, 4000,
        "landsat8_oli", "reflectance_10000", size=30.0, tags={"system:id": "LANDSAT/LC08/C01/T1_SR/LC08_191029"}),
    row("gee_scaled.tif", SR, 0.02, 0.45, "landsat8_oli", "physical", size=30.0, dtype="float32"),
    row("planetary.tif", "red,green,blue,nir08,swir16,swir22", 7600, 20000, "landsat8_oli", "landsat_c2_l2",
        size=30.0, tags={"platform": "landsat-8"}),
    row("LC08_toa.tif", "B2,B3,B4,B5,B6,B7", 0.05, 0.5, "landsat8_oli", "physical", size=30.0, dtype="float32",
        tags={"system:id": "LANDSAT/LC08/C02/T1_TOA/x"}),
    row("LM05_L1TP_191029_19850701_20200918_02_T2.tif", "B1,B2,B3,B4", 7600, 20000, "landsat_mss", "landsat_c2_l1",
        size=60.0, fed="green red nir1 nir2"),
    row("HLS.L30.T33TUL.2023182T100031.v2.0.tif", "B02,B03,B04,B05,B06,B07", 200, 4000, "landsat8_oli",
        "reflectance_10000", size=30.0),
    row("LC08_L2SP_191029_20230701_20230711_02_T1_ST_B10.tif", "ST_B10", 40000, 48000, "landsat8_oli",
        "landsat_c2_l2", size=30.0, fed="B10"),
]

MODERATE = [
    row("MOD09GA.A2023182.h19v04.061.tif", ",".join(f"sur_refl_b0{n}_1" for n in range(1, 8)), 100, 5000, "modis",
        "reflectance_10000", size=463.3, dtype="int16"),
    row("MCD43A4.tif", ",".join(f"Nadir_Reflectance_Band{n}" for n in range(1, 8)), 100, 5000, "modis",
        "reflectance_10000", size=463.3, dtype="int16"),
    row("MYD09Q1.tif", "sur_refl_b01,sur_refl_b02", 100, 5000, "modis", "reflectance_10000", size=231.7,
        dtype="int16"),
    row("MOD11A2.A2023177.LST_Day_1km.tif", "LST_Day_1km", 14200, 15600, "thermal", "kelvin_50", size=926.6),
    row("VNP09GA.tif", "SurfReflect_M3,SurfReflect_M4,SurfReflect_M5,SurfReflect_M7", 100, 5000, "viirs",
        "reflectance_10000", size=1000.0, dtype="int16"),
    row("VNP21A1D.LST_1KM.tif", "LST_1KM", 14200, 15600, "thermal", "kelvin_50", size=926.6),
    row("S3B_OL_2_LFR____20230701.tif", "Oa04_reflectance,Oa06_reflectance,Oa08_reflectance,Oa17_reflectance", 0.02,
        0.5, "olci", "physical", size=300.0, dtype="float32", fed="Oa04 Oa06 Oa08 Oa17"),
    row("S3A_SL_1_RBT____20230701.tif", "S1,S2,S3,S5,S6", 0.02, 0.5, "slstr", "physical", size=500.0,
        dtype="float32"),
    row("AST_07XT_00307012003.tif", "B4,B5,B6,B7,B8,B9", 100, 4000, "aster", "reflectance_10000", size=30.0,
        dtype="int16"),
    row("AST_L1T_00307012003.tif", "VNIR_Band1,VNIR_Band2,VNIR_Band3N", 30, 220, "aster", "uint8", size=15.0,
        dtype="uint8"),
    row("ECO2LSTE.001_SDS_LST_doy2023182.tif", "SDS_LST", 14200, 15900, "thermal", "kelvin_50", size=70.0),
    row("ECOv002_L2T_LSTE_28000_001_33TUL_LST.tif", "LST", 285, 320, "thermal", "kelvin", size=70.0, dtype="float32"),
]

VERY_HIGH = [
    row("20230701_101010_ssc4d1_0010_analytic_SR.tif", RGBN, 200, 4000, "skysat", "reflectance_10000", size=0.5),
    row("20230701_093211_98_2426_3B_AnalyticMS_SR_8b_clip.tif",
        "coastal_blue,blue,green_i,green,yellow,red,rededge,nir", 200, 4000, "planetscope_8", "reflectance_10000",
        size=3.0),
    row("20230701_093211_98_2426_3B_AnalyticMS_8b.tif", "coastal_blue,blue,green_i,green,yellow,red,rededge,nir",
        2000, 9000, "planetscope_8", "percentile", size=3.0, warns="own range"),
    row("20190701_093211_1034_3B_AnalyticMS_SR.tif", RGBN, 200, 4000, "planetscope_4", "reflectance_10000", size=3.0),
    row("2012-08-01T104211_RE5_3A-NAC.tif", "blue,green,red,rededge,nir", 2000, 12000, "rapideye", "percentile",
        size=5.0, warns="own range", tags={"product_units": "radiance W/(m^2 sr um)"}),
    row("WV02_20190801_ACOMP.tif", "coastal,blue,green,yellow,red,rededge,nir1,nir2", 100, 1900, "worldview2",
        "reflectance_10000", size=1.85),
    row("WV02_20190801_P001.tif", "coastal,blue,green,yellow,red,rededge,nir1,nir2", 100, 1500, "worldview2",
        "percentile", size=1.85, warns="own range"),
    row("WV03_20190801.tif", "swir1,swir2,swir3,swir4,swir5,swir6,swir7,swir8", 100, 1500, "worldview3", "percentile",
        size=3.7, warns="own range"),
    row("GE01_20190801.tif", RGBN, 100, 1500, "geoeye1", "percentile", size=2.0, warns="own range"),
    row("QB02_20060801.tif", RGBN, 100, 1500, "quickbird", "percentile", size=2.4, warns="own range"),
    row("WV04_20180801.tif", RGBN, 100, 1500, "worldview4", "percentile", size=1.24, warns="own range"),
    row("IK01_20050801.tif", RGBN, 100, 1500, "ikonos", "percentile", size=4.0, warns="own range"),
    row("IMG_PHR1B_MS_202307011030_ORT.tif", "B0,B1,B2,B3", 100, 1500, "pleiades", "percentile", size=2.0,
        warns="own range", tags={"RADIOMETRIC_PROCESSING": "BASIC"}),
    row("IMG_PHR1A_PMS_202307011030_ORT.tif", "B2,B1,B0,B3", 200, 4000, "pleiades", "reflectance_10000", size=0.5,
        tags={"RADIOMETRIC_PROCESSING": "REFLECTANCE"}, fed="B2 B1 B0 B3"),
    row("IMG_SPOT6_MS_202307011030.tif", "B0,B1,B2,B3", 200, 4000, "pleiades", "reflectance_10000", size=6.0),
    row("IMG_PNEO3_202307011030_MS-FS.tif", "DB,B,G,R,RE,N", 200, 4000, "pleiades_neo", "reflectance_10000",
        size=1.2),
    row("SPOT5_HRG2_XS.tif", "XS1,XS2,XS3,SWIR", 40, 200, "spot5", "uint8", size=10.0, dtype="uint8"),
    row("GF2_PMS1_E116.3_N39.9_20230701_L1A-MSS1.tif", "Blue,Green,Red,NIR", 200, 900, "gaofen", "percentile",
        size=4.0, warns="own range"),
    row("GF1_WFV3_E116.3_N39.9_20230701_L1A.tif", "B1,B2,B3,B4", 200, 900, "gaofen", "percentile", size=16.0,
        warns="own range"),
    row("CBERS_4A_WPM_20230701_205_131_L4.tif", "BAND1,BAND2,BAND3,BAND4", 200, 900, "cbers", "percentile", size=8.0,
        warns="own range"),
    row("CBERS_4_MUX_20230701_157_105_L4.tif", "BAND5,BAND6,BAND7,BAND8", 20, 180, "cbers", "uint8", size=20.0,
        dtype="uint8"),
    row("KV1_12345_MSS.L2.tif", RGBN, 100, 900, "kanopus", "percentile", size=12.0, warns="own range"),
]

DRONES_AND_PICTURES = [
    row("m_4112345_ne_13_060_20210701.naip.tif", "Red,Green,Blue,NIR", 20, 230, "aerial_rgbn", "uint8", size=0.6,
        dtype="uint8"),
    row("dop20_rgbi.tif", "-,-,-,-", 20, 230, "aerial_rgbn", "uint8", size=0.2, dtype="uint8"),
    row("ortho.tif", "-,-,-", 20, 230, "aerial_rgb", "uint8", size=0.1, dtype="uint8"),
    row("ortho16.tif", "-,-,-", 3000, 52000, "aerial_rgb", "percentile", size=0.1, warns="red, green and blue"),
    row("ortho_float.tif", "-,-,-", 0.05, 0.9, "aerial_rgb", "unit", size=0.1, dtype="float32",
        warns="red, green and blue"),
    row("odm_orthophoto.tif", "Red,Green,Blue", 20, 230, "aerial_rgb", "uint8", size=0.05, dtype="uint8"),
    row("altum_transparent_reflectance.tif", "Blue,Green,Red,Red edge,NIR", 900, 16000, "micasense",
        "reflectance_32768", size=0.08),
    row("rededge-p_metashape.tif", "Blue,Green,Red,Red edge,NIR", 900, 16000, "micasense", "reflectance_32768",
        size=0.05, tags={"TIFFTAG_SOFTWARE": "Agisoft Metashape Professional"}),
    row("P4M_field_reflectance.tif", "Blue,Green,Red,Red edge,NIR", 0.02, 0.6, "dji_multispectral", "physical",
        size=0.05, dtype="float32"),
    row("M3M_ODM.tif", "Green,Red,Red edge,NIR", 0.02, 0.6, "dji_multispectral", "physical", size=0.05,
        dtype="float32"),
    row("sequoia_field.tif", "green,red,rededge,nir", 0.02, 0.6, "sequoia", "physical", size=0.1, dtype="float32"),
    row("sequoia_raw.tif", "green,red,rededge,nir", 3000, 52000, "sequoia", "percentile", size=0.1,
        warns="own range"),
]


def _spectrum(count, first, last):
    return [{"wavelength": f"{first + (last - first) * n / (count - 1):.2f}", "wavelength_units": "Nanometers"}
            for n in range(count)]


SPECTROMETERS = [
    row("ENMAP01-____L2A-DT0000001234_SPECTRAL_IMAGE.tif", "-" + ",-" * 223, 100, 5000, "enmap", "reflectance_10000",
        size=30.0, dtype="int16", band_tags=_spectrum(224, 418.4, 2445.5)),
    row("PRS_L2D_STD_20230701.tif", "-" + ",-" * 229, 1000, 40000, "prisma", "percentile", size=30.0,
        band_tags=_spectrum(230, 406.9, 2497.1), warns="own range"),
    row("DESIS-HSI-L2A-DT0001.tif", "-" + ",-" * 234, 100, 5000, "hyperspectral", "reflectance_10000", size=30.0,
        dtype="int16", band_tags=_spectrum(235, 401.0, 999.5)),
    row("EMIT_L2A_RFL_001_20230701.tif", "-" + ",-" * 284, 0.01, 0.6, "hyperspectral", "physical", size=60.0,
        dtype="float32", band_tags=_spectrum(285, 381.0, 2493.0)),
    row("EO1H1910292009.tif", "-" + ",-" * 241, 100, 5000, "hyperspectral", "reflectance_10000", size=30.0,
        dtype="int16", band_tags=_spectrum(242, 355.6, 2577.1)),
    row("ang20190701t200000_rfl_v2.tif", "-" + ",-" * 424, 0.01, 0.6, "aviris", "physical", size=5.0, dtype="float32",
        band_tags=_spectrum(425, 376.9, 2500.0)),
    row("f130701t01p00r10_rfl.tif", "-" + ",-" * 223, 100, 5000, "aviris", "reflectance_10000", size=15.0,
        dtype="int16", band_tags=_spectrum(224, 365.9, 2496.2)),
    row("hyspex.tif", "-" + ",-" * 159, 100, 5000, "hyperspectral", "reflectance_10000", size=0.5, dtype="int16",
        band_tags=_spectrum(160, 415.0, 993.0)),
    row("cube_radiance.tif", "-" + ",-" * 159, 100, 9000, "hyperspectral", "percentile", size=0.5, warns="own range",
        band_tags=_spectrum(160, 415.0, 993.0), tags={"data units": "radiance uW/cm^2/nm/sr"}),
]

RADAR_HEAT_HEIGHT = [
    row("S1A_IW_GRDH_1SDV_20230701.tif", "VV,VH", 20, 900, "sentinel1", "sar_amplitude", warns="not calibrated"),
    row("S1B_IW_GRDH_gamma0.tif", "Gamma0_VV,Gamma0_VH", 0.005, 0.6, "sentinel1", "sar_linear", dtype="float32"),
    row("S1A_IW_db.tif", "Sigma0_VV_db,Sigma0_VH_db", -24, -4, "sentinel1", "sar_db", dtype="float32"),
    row("s1_gee.tif", "VV,VH,angle", -24, -4, "sentinel1", "sar_db", dtype="float32", fed="VV VH"),
    row("unnamed_pair.tif", "-,-", -24, -4, "sentinel1", "sar_db", dtype="float32", warns="taken as VV"),
    row("ALOS_PALSAR_YEARLY_2020.tif", "HH,HV", 800, 9000, "palsar", "sar_amplitude", size=25.0,
        warns="not calibrated"),
    row("Copernicus_DSM_COG_10_N45_00_E011_00_DEM.tif", "-", 2, 1900, "dem", "elevation", size=30.0, dtype="float32"),
    row("N45E011_srtm.tif", "-", 2, 1900, "dem", "elevation", size=30.0, dtype="int16"),
    row("nDSM_2021.tif", "-", 0, 32, "height", "elevation", size=1.0, dtype="float32"),
    row("canopy_height.tif", "canopy_height", 0, 38, "height", "elevation", size=10.0, dtype="float32"),
    row("flight_thermal.tif", "-", 12, 41, "thermal", "celsius", size=0.2, dtype="float32"),
    row("FLIR_kelvin.tif", "temperature", 285, 315, "thermal", "kelvin", size=0.2, dtype="float32"),
    row("lst.tif", "LST", 285, 315, "thermal", "kelvin", dtype="float32", units=("K",)),
    row("flir_tenths.tif", "thermal", 2850, 3150, "thermal", "reflectance_10000", size=0.2),
    row("flir_raw.tif", "thermal", 21000, 24000, "thermal", "percentile", size=0.2, warns="own range"),
    row("pan.tif", "-", 200, 900, None, "percentile", size=0.5, warns="grey picture"),
    row("grey.tif", "-", 20, 230, None, "uint8", size=0.5, dtype="uint8", warns="grey picture"),
]

NO_IMAGES = [
    row("forest_mask.tif", "-", 0, 1, None, "uint8", dtype="uint8", warns="map of classes", distinct=2),
    row("landcover.tif", "-", 1, 11, None, "uint8", dtype="uint8", warns="map of classes", distinct=9),
    row("ndvi.tif", "NDVI", -0.2, 0.9, None, "percentile", dtype="float32", warns="no image"),
    row("slope.tif", "slope", 0, 60, None, "percentile", dtype="float32", warns="no image"),
]

NAMED_BY_THEIR_FILE = [
    row("LC09_L2SP_191029_20230701_20230711_02_T1_ST_B10.TIF", "-", 42000, 44500, "landsat9_oli", "landsat_c2_l2",
        fed="B10", size=30.0),
    row("LC08_L2SP_191029_20230701_20230711_02_T1_SR_B4.TIF", "-", 8000, 15000, "landsat8_oli", "landsat_c2_l2",
        fed="B4", size=30.0),
    row("T33TUL_20190701T100031_B04_10m.jp2", "-", 300, 2500, "sentinel2_l2a", "reflectance_10000", fed="B04"),
    row("T33TUL_20230701T100031_B8A_20m.jp2", "-", 1300, 5500, "sentinel2_l2a", "reflectance_10000", fed="B8A",
        size=20.0, warns="adds 1000"),
    row("T33TUL_20190701T100031_B04.jp2", "-", 300, 2500, "sentinel2_l1c", "reflectance_10000", fed="B04"),
    row("s1a-iw-grd-vv-20230701t051234-20230701t051259-049123-05e8a1-001.tiff", "-", 40, 600, "sentinel1",
        "sar_amplitude", fed="VV", warns="not calibrated"),
    row("S1A_IW_20230701T051234_DVP_RTC10_G_gdfned_1A2B_VV_dB.tif", "-", -16, -5, "sentinel1", "sar_db", fed="VV",
        dtype="float32"),
    row("S1A_IW_20230701T051234_DVP_RTC10_G_gpuned_1A2B_VH.tif", "-", 0.002, 0.1, "sentinel1", "sar_linear", fed="VH",
        dtype="float32"),
    row("CAPELLA_C06_SP_GEO_HH_20230701051234_20230701051256.tif", "-", 200, 4000, "radar_x", "sar_amplitude",
        fed="HH", size=0.5, warns="not calibrated"),
    row("ICEYE_X12_GRD_SLED_1234567_20230701T051234.tif", "-", 200, 4000, "radar_x", "sar_amplitude", fed="VV",
        size=0.5, warns="not calibrated"),
    row("IMG_PHR1A_PMS_202306151034567_ORT_6543210101_R1C1.TIF", "-,-,-,-", 300, 4000, "pleiades",
        "reflectance_10000", fed="B2 B1 B0 B3", size=0.5),
    row("IMG_SPOT7_PMS_202306151034567_ORT_SPOT7_20230615_R1C1.TIF", "-,-,-,-", 300, 4000, "pleiades",
        "reflectance_10000", fed="B2 B1 B0 B3", size=1.5),
    row("20230701_095559_12_2475_3B_AnalyticMS_SR_8b_clip.tif", ",".join("-" * 8), 300, 4000, "planetscope_8",
        "reflectance_10000", size=3.0),
    row("MOD09A1.A2023177.h19v04.061.2023187045303.tif", ",".join("-" * 7), 300, 4000, "modis", "reflectance_10000",
        size=463.3, dtype="int16"),
    row("orthofoto_cir.tif", "-,-,-", 20, 230, "aerial_cir", "uint8", size=0.2, dtype="uint8",
        colour_roles=("red", "green", "blue"), fed="near_infrared red_light green_light"),
    row("ortho_cir_named.tif", "NIR,Red,Green", 20, 230, "aerial_rgbn", "uint8", size=0.2, dtype="uint8",
        fed="nir red green"),
    row("S1_int16.tif", "VV,VH", -2400, -500, "sentinel1", "percentile", dtype="int16", warns="own range"),
    row("HLS.S30.T33TUL.2023182T100031.v2.0", S2_TEN, 300, 4000, "sentinel2_l2a", "reflectance_10000", size=30.0,
        dtype="int16", scales=(1e-4,) * 4),
    row("LC08_L2SP_191029_20230701_20230711_02_T1_QA_PIXEL.TIF", "-", 21824, 22280, None, "percentile", size=30.0,
        warns="no image"),
    row("T33TUL_20230701T100031_SCL_20m.jp2", "-", 4, 8, None, "uint8", size=20.0, dtype="uint8", warns="no image"),
]

REFUSED = [
    (row("20230701_095559_12_2475_3B_udm2_clip.tif", "clear,snow,shadow,light_haze,heavy_haze,cloud,confidence", 0, 1,
         None, "", dtype="uint8"), "quality layers"),
    (row("worldcover_map.tif", "Map", 10, 95, None, "", dtype="uint8", has_palette=True), "map of classes"),
    (row("indices.tif", "NDVI,NDWI,EVI", -0.2, 0.9, None, "", dtype="float32"), "those of no sensor"),
    (row("predictors.tif", "slope,aspect,TWI,roughness", 0, 60, None, "", dtype="float32"), "those of no sensor"),
    (row("five_unnamed.tif", "-,-,-,-,-,-,-,-,-,-,-,-,-,-,-,-,-", 200, 4000, None, ""), "cannot be told"),
]

DESCRIPTIONS = [
    *SENTINEL_2, *LANDSAT, *MODERATE, *VERY_HIGH, *DRONES_AND_PICTURES, *SPECTROMETERS, *RADAR_HEAT_HEIGHT, *NO_IMAGES,
    *NAMED_BY_THEIR_FILE,
]
