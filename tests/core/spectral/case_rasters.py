"""Rasters as they come from portals and programs, made anew for the tests of how they are understood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.enums import ColorInterp
from rasterio.transform import Affine
from scipy.io import netcdf_file

UTM33 = "EPSG:32633"
S2_NAME = "S2B_MSIL2A_20230823T095559_N0509_R122_T34UCF_20230823T124759"
LANDSAT_NAME = "LC08_L2SP_191029_20230701_20230711_02_T1"
COLOUR = {"B02": 0.03, "B03": 0.06, "B04": 0.05, "B08": 0.30}


def place(size, x=300000, y=5040000):
    return Affine(size, 0, x, 0, -size, y)


def write(path, values, *, size=10, crs=UTM33, names=(), transform=None, scales=None, tags=None, **options):
    """Write (C, h, w) values as a GeoTIFF; gives its path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=values.shape[0], height=values.shape[1], width=values.shape[2],
        dtype=values.dtype, crs=crs, transform=transform or place(size), **options,
    ) as file:  # fmt: skip
        file.write(values)
        for number, name in enumerate(names, 1):
            file.set_band_description(number, name)
        if scales:
            file.scales = scales
        file.update_tags(**(tags or {}))
    return Path(path)


def reflectance(means, shape=(60, 60), spread=0.3, seed=0):
    """(C, h, w) of noise around mean reflectances."""
    noise = np.random.default_rng(seed).uniform(1 - spread, 1 + spread, (len(means), *shape))
    return np.asarray(means)[:, None, None] * noise


def landsat_with_zero_fill(folder):
    values = np.round((reflectance([0.03, 0.04, 0.07, 0.06, 0.3, 0.18, 0.1], (200, 200)) + 0.2) / 2.75e-5)
    rows, cols = np.mgrid[:200, :200]
    values[:, (rows + cols < 70) | (rows + cols > 330)] = 0
    names = [f"SR_B{number}" for number in range(1, 8)]
    return write(folder / f"{LANDSAT_NAME}_stack.tif", values.astype("uint16"), size=30, names=names)


def sentinel2_with_zero_border(folder):
    values = np.round(reflectance([0.03, 0.06, 0.05, 0.3], (200, 200), 0.4) * 10000 + 1000).astype("uint16")
    values[:, :30], values[:, :, -20:] = 0, 0
    return write(folder / f"{S2_NAME}_clip.tif", values, names=tuple(COLOUR))


def earth_engine_sentinel2(folder):
    bands = [f"B{number}" for number in range(1, 9)] + ["B8A", "B9", "B11", "B12"]
    beside = ["AOT", "WVP", "SCL", "TCI_R", "TCI_G", "TCI_B", "MSK_CLDPRB", "MSK_SNWPRB", "QA10", "QA20", "QA60",
              "MSK_CLASSI_OPAQUE", "MSK_CLASSI_CIRRUS", "MSK_CLASSI_SNOW_ICE"]  # fmt: skip
    values = np.random.default_rng(4).uniform(200, 4000, (26, 64, 64))
    values[12:] %= 200
    return write(folder / "20240601T100031_T33TUL.tif", values.astype("uint16"), names=bands + beside)


def earth_engine_landsat(folder):
    bands = [f"SR_B{number}" for number in range(1, 8)]
    beside = ["SR_QA_AEROSOL", "ST_B10", "ST_ATRAN", "ST_CDIST", "ST_DRAD", "ST_EMIS", "ST_EMSD", "ST_QA", "ST_TRAD",
              "ST_URAD", "QA_PIXEL", "QA_RADSAT"]  # fmt: skip
    values = np.random.default_rng(5).uniform(0, 9000, (19, 64, 64))
    values[:7] = np.random.default_rng(6).uniform(7500, 20000, (7, 64, 64))
    values[8] = 43000
    return write(folder / "LC08_191029_20230701.tif", np.round(values).astype("float32"), size=30, names=bands + beside)


def hls_landsat(folder):
    granule = folder / "HLS.L30.T33TUL.2023182T100031.v2.0"
    means = {"B01": 300, "B02": 400, "B03": 700, "B04": 600, "B05": 3000, "B06": 1800, "B07": 1000, "B09": 20}
    tags = {"LANDSAT_PRODUCT_ID": "LC08_L1TP_191029_20230701_20230711_02_T1", "SENSOR": "OLI_TIRS; OLI_TIRS"}
    for name in (*means, "B10", "B11"):
        values = reflectance([means.get(name, 2500)], spread=0.2).astype("int16")
        scale = 0.0001 if name in means else 0.01
        file = granule / f"{granule.name}.{name}.tif"
        write(file, values, size=30, nodata=-9999, scales=(scale,), tags=tags)
    write(granule / f"{granule.name}.Fmask.tif", np.ones((1, 60, 60), "uint8"), size=30, nodata=255)
    return granule


def imagery_domain(folder):
    path = write(folder / "six.tif", (reflectance([0.2] * 6) * 10000).astype("uint16"), size=2)
    with rasterio.open(path, "r+") as file:
        for number, centre in enumerate((0.425, 0.485, 0.545, 0.605, 0.660, 0.725), 1):
            file.update_tags(number, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=str(centre), FWHM_UM="0.06")
    return path


def packed_netcdf(folder):
    path = folder / "scene.nc"
    with netcdf_file(path, "w") as file:
        axes = {"y": 5039995.0 - 10 * np.arange(60), "x": 300005.0 + 10 * np.arange(60)}
        for name, values in axes.items():
            file.createDimension(name, 60)
            axis = file.createVariable(name, "f8", (name,))
            axis[:] = values
            axis.standard_name, axis.units = f"projection_{name}_coordinate", "m"
        for name, mean in COLOUR.items():
            band = file.createVariable(name, "i2", ("y", "x"))
            band[:] = np.round((reflectance([mean], spread=0.2)[0] + 0.1) / 0.0001).astype("int16")
            band.scale_factor, band.add_offset, band._FillValue = 0.0001, -0.1, np.int16(-32768)
    return path


def micasense(folder):
    values = np.round(reflectance([0.03, 0.07, 0.05, 0.18, 0.42], (120, 120), 0.4) * 32768)
    values = np.concatenate([values, np.full((1, 120, 120), 65535)]).astype("uint16")
    path = write(folder / "field.tif", values, size=0.06, names=("Blue", "Green", "Red", "Red edge", "NIR"))
    with rasterio.open(path, "r+") as file:
        file.colorinterp = [ColorInterp.gray] + [ColorInterp.undefined] * 4 + [ColorInterp.alpha]
    return path


def byte_with_scale(folder):
    values = np.random.default_rng(16).integers(0, 256, (3, 80, 80)).astype("uint8")
    return write(folder / "byte.tif", values, size=1, photometric="RGB", scales=(1 / 255,) * 3)


def envi_cube(folder, factor=1000):
    values = np.random.default_rng(17).integers(20, 450, (60, 30, 30)).astype("int16")
    (folder / "cube.dat").write_bytes(values.tobytes())
    centres = ", ".join(f"{centre:.2f}" for centre in np.linspace(400, 2400, 60))
    (folder / "cube.hdr").write_text(
        "ENVI\nsamples = 30\nlines = 30\nbands = 60\nheader offset = 0\nfile type = ENVI Standard\ndata type = 2\n"
        "interleave = bsq\nbyte order = 0\nmap info = {UTM, 1, 1, 380952, 5820372, 30, 30, 33, North, WGS-84}\n"
        f"reflectance scale factor = {factor:.6f}\nwavelength units = Nanometers\nwavelength = {{{centres}}}\n"
    )
    return folder / "cube.dat"


def landsat_level1(folder):
    stem = "LC08_L1TP_191029_20230701_20230711_02_T1"
    for number in range(1, 12):
        pixels, size = (120, 15) if number == 8 else (60, 30)
        values = np.random.default_rng(number).integers(7000, 15000, (1, pixels, pixels)).astype("uint16")
        write(folder / stem / f"{stem}_B{number}.TIF", values, size=size, nodata=0)
    return folder / stem


def second_page(folder):
    pages = [np.random.default_rng(seed).integers(0, 256, (3, 64, 64)).astype("uint8") for seed in (1, 2)]
    first, second = (
        write(folder / f"{name}.tif", values, size=1, photometric="RGB")
        for name, values in zip(("pages", "second"), pages, strict=True)
    )
    rasterio.shutil.copy(second, first, driver="GTiff", APPEND_SUBDATASET="YES")
    return f"GTIFF_DIR:2:{first}"


def sentinel2_product(folder):
    """A SAFE product that GDAL's own driver opens; gives its MTD_MSIL2A.xml."""
    root, granule = folder / f"{S2_NAME}.SAFE", "L2A_T34UCF_A033753_20230823T095553"
    images = []
    for size, names in {10: ["B02", "B03", "B04", "B08"], 20: ["B05", "B8A", "B11"], 60: ["B01"]}.items():
        for name in names:
            pixels = 2400 // size
            image = f"GRANULE/{granule}/IMG_DATA/R{size}m/T34UCF_20230823T095559_{name}_{size}m"
            images.append(f"<IMAGE_FILE>{image}</IMAGE_FILE>")
            values = np.random.default_rng(size).integers(1200, 4000, (1, pixels, pixels)).astype("uint16")
            source = write(folder / "one.tif", values, crs="EPSG:32634", transform=place(size, 300000, 5600040))
            (root / image).parent.mkdir(parents=True, exist_ok=True)
            rasterio.shutil.copy(source, f"{root / image}.jp2", driver="JP2OpenJPEG", REVERSIBLE="YES", QUALITY="100")
    sizes = {"B1": 60, "B2": 10, "B3": 10, "B4": 10, "B5": 20, "B6": 20, "B7": 20, "B8": 10, "B8A": 20, "B9": 60,
             "B10": 60, "B11": 20, "B12": 20}  # fmt: skip
    bands = "".join(
        f'<Spectral_Information bandId="{index}" physicalBand="{name}"><RESOLUTION>{size}</RESOLUTION>'
        "</Spectral_Information>"
        for index, (name, size) in enumerate(sizes.items())
    )
    offsets = "".join(f'<BOA_ADD_OFFSET band_id="{index}">-1000</BOA_ADD_OFFSET>' for index in range(13))
    (root / "MTD_MSIL2A.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><n1:Level-2A_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/'
        'PSD/User_Product_Level-2A.xsd"><n1:General_Info><Product_Info>'
        f"<PRODUCT_URI>{root.name}</PRODUCT_URI><PROCESSING_LEVEL>Level-2A</PROCESSING_LEVEL>"
        "<PRODUCT_TYPE>S2MSI2A</PRODUCT_TYPE><PROCESSING_BASELINE>05.09</PROCESSING_BASELINE>"
        '<Query_Options completeSingleTile="true"><PRODUCT_FORMAT>SAFE_COMPACT</PRODUCT_FORMAT></Query_Options>'
        '<Product_Organisation><Granule_List><Granule datastripIdentifier="S2B_OPER_MSI_L2A_DS_2BPS_20230823T124759_'
        'S20230823T095553_N05.09" granuleIdentifier="S2B_OPER_MSI_L2A_TL_2BPS_20230823T124759_A033753_T34UCF_N05.09" '
        f'imageFormat="JPEG2000">{"".join(images)}</Granule></Granule_List></Product_Organisation></Product_Info>'
        "<Product_Image_Characteristics><QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE>10000"
        "</BOA_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>"
        f"<BOA_ADD_OFFSET_VALUES_LIST>{offsets}</BOA_ADD_OFFSET_VALUES_LIST>"
        f"<Spectral_Information_List>{bands}</Spectral_Information_List></Product_Image_Characteristics>"
        "</n1:General_Info></n1:Level-2A_User_Product>"
    )
    geometry = "".join(
        f'<Size resolution="{size}"><NROWS>{2400 // size}</NROWS><NCOLS>{2400 // size}</NCOLS></Size>'
        f'<Geoposition resolution="{size}"><ULX>300000</ULX><ULY>5600040</ULY><XDIM>{size}</XDIM><YDIM>-{size}</YDIM>'
        "</Geoposition>"
        for size in (10, 20, 60)
    )
    (root / "GRANULE" / granule / "MTD_TL.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><n1:Level-2A_Tile_ID xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/'
        f'S2_PDI_Level-2A_Tile_Metadata.xsd"><n1:General_Info><TILE_ID>{granule}</TILE_ID></n1:General_Info>'
        "<n1:Geometric_Info><Tile_Geocoding><HORIZONTAL_CS_NAME>WGS84 / UTM zone 34N</HORIZONTAL_CS_NAME>"
        f"<HORIZONTAL_CS_CODE>EPSG:32634</HORIZONTAL_CS_CODE>{geometry}</Tile_Geocoding></n1:Geometric_Info>"
        "</n1:Level-2A_Tile_ID>"
    )
    return root / "MTD_MSIL2A.xml"


def zarr_heights(folder):
    path = folder / "dem.zarr"
    values = np.random.default_rng(24).uniform(100, 900, (1, 60, 60)).astype("float32")
    with rasterio.open(
        path, "w", driver="Zarr", width=60, height=60, count=1, dtype="float32", nodata=-9999, crs=UTM33,
        transform=place(30),
    ) as file:  # fmt: skip
        file.write(values)
    return path


def derived_layers(folder):
    values = np.random.default_rng(29).uniform(0, 0.9, (4, 60, 60)).astype("float32")
    return write(folder / "predictors.tif", values, names=("NDVI", "NDWI", "slope", "roughness"))


def browser_bands(folder):
    for name, mean in (("B02", 0.03), ("B03", 0.06), ("B04", 0.12)):
        file = folder / "browser" / f"2024-08-24-00_00_2024-08-24-23_59_Sentinel-2_L2A_{name}_(Raw).tiff"
        values = reflectance([mean]).astype("float32")
        write(file, values, crs="EPSG:4326", transform=Affine(0.0001, 0, 13, 0, -0.0001, 45))
    return folder / "browser"


def deep_picture(folder, **options):
    count = 4 if options.get("alpha") else 3
    values = (np.random.default_rng(37).integers(20, 250, (count, 128, 128)) * 63).astype("uint16")
    if count == 4:
        values[3] = 65535
    return write(folder / "deep.tif", values, size=0.2, **options)
