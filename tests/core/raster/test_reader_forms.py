"""Folders, products and formats are one raster each."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from ramps import ramp, whole
from rasterio.transform import Affine
from scipy.io import netcdf_file

from core.errors import InputError
from core.raster.failures import MissingFileError, NotARasterError
from core.raster.reader import open_raster


def test_a_folder_with_a_file_a_band_is_one_raster(make_raster, tmp_path):
    (tmp_path / "scene").mkdir()
    values = ramp(3)
    for number, name in enumerate(("red", "nir", "band10")):
        make_raster(values[number : number + 1], f"scene/place_{name}.tif")
    make_raster(values[:1], "scene/place_QA_PIXEL.tif")
    with open_raster(tmp_path / "scene") as reader:
        assert set(reader.info.descriptions) == {"red", "nir", "band10"}
        part, _ = reader.read(reader.grid.window)
        order = [("red", "nir", "band10").index(name) for name in reader.info.descriptions]
        assert len(reader.info.files) == 4
    np.testing.assert_array_equal(part, values[order])


def test_a_landsat_folder_keeps_its_band_names(make_raster, tmp_path):
    from core.spectral.recognise import recognise

    (tmp_path / "LC08").mkdir()
    for number in range(1, 8):
        pixels = np.random.default_rng(number).integers(8000, 20000, (1, 30, 30)).astype("uint16")
        make_raster(pixels, f"LC08/LC08_L2SP_191029_20230701_20230711_02_T1_SR_B{number}.TIF", nodata=0)
    make_raster(pixels, "LC08/LC08_L2SP_191029_20230701_20230711_02_T1_QA_PIXEL.TIF")
    with open_raster(tmp_path / "LC08") as reader:
        found = recognise(reader)
    assert (found.sensor, found.confidence, found.scaling.name) == ("landsat8_oli", "certain", "landsat_c2_l2")


def test_a_sentinel_2_product_takes_the_finest_file_of_every_band(make_raster, tmp_path):
    from core.spectral.recognise import recognise

    product = tmp_path / "S2A_MSIL2A_20230101T100000_N0509_R122_T33TUL_20230101T120000.SAFE"
    for resolution in (10, 20, 60):
        (product / f"GRANULE/L2A_T33TUL/IMG_DATA/R{resolution}m").mkdir(parents=True)
    (product / "MTD_MSIL2A.xml").write_text('<x><BOA_ADD_OFFSET band_id="0">-1000</BOA_ADD_OFFSET></x>')

    def image(band, resolution):
        pixels = 600 // resolution
        values = np.random.default_rng(resolution).integers(1100, 6000, (1, pixels, pixels)).astype("uint16")
        transform = Affine(resolution, 0, 300000, 0, -resolution, 5000000)
        name = f"GRANULE/L2A_T33TUL/IMG_DATA/R{resolution}m/T33TUL_20230101T100000_{band}_{resolution}m.jp2"
        source = make_raster(values, f"{band}_{resolution}.tif", transform=transform)
        rasterio.shutil.copy(source, product / name, driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")
        return values

    truth = {}
    for band, resolutions in (("B02", (10, 20, 60)), ("B04", (10,)), ("B8A", (20, 60)), ("B11", (20,)), ("TCI", (10,))):
        truth[band] = image(band, resolutions[0])
        for resolution in resolutions[1:]:
            image(band, resolution)
    with open_raster(product) as reader:
        assert reader.info.descriptions == ("B02", "B04", "B8A", "B11")
        assert (reader.grid.width, reader.grid.pixel_size[0]) == (60, 10)
        part, valid = reader.read(reader.grid.window)
        found = recognise(reader)
    assert valid.all()
    np.testing.assert_array_equal(part[:2], np.concatenate([truth["B02"], truth["B04"]]))
    assert abs(part[2].mean() - truth["B8A"].mean()) < 60
    assert found.sensor == "sentinel2_l2a"
    assert found.scaling.name == "reflectance_10000_offset"


def test_a_folder_of_one_raster_is_that_raster(make_raster, tmp_path):
    (tmp_path / "one").mkdir()
    values = ramp()
    make_raster(values, "one/image.tif")
    np.testing.assert_array_equal(whole(tmp_path / "one")[0], values)


def test_bands_of_different_scenes_do_not_stack(make_raster, tmp_path):
    (tmp_path / "mixed").mkdir()
    make_raster(ramp(1), "mixed/a_red.tif")
    make_raster(ramp(1), "mixed/a_nir.tif", crs="EPSG:4326", transform=Affine(0.001, 0, 13, 0, -0.001, 45))
    with pytest.raises(InputError, match="different coordinate reference systems"):
        whole(tmp_path / "mixed")


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(NotARasterError, match="no raster in the folder"):
        whole(tmp_path)


@pytest.mark.parametrize(("driver", "name"), [("ENVI", "c.dat"), ("HFA", "i.img"), ("PNG", "p.png"), ("VRT", "v.vrt")])
def test_other_formats_read_the_same(make_raster, tmp_path, driver, name):
    values = ramp(3, dtype="uint8")
    source = make_raster(values, "source.tif")
    rasterio.shutil.copy(source, tmp_path / name, driver=driver)
    np.testing.assert_array_equal(whole(tmp_path / name)[0], values)


def test_an_envi_header_stands_for_its_data(make_raster, tmp_path):
    values = ramp(4)
    path = make_raster(values, "cube.bsq", driver="ENVI")
    np.testing.assert_array_equal(whole(path.with_suffix(".hdr"))[0], values)
    path.unlink()
    with pytest.raises(MissingFileError, match="no data file"):
        whole(path.with_suffix(".hdr"))


def write_netcdf(path, variables, height=20, width=30):
    with netcdf_file(path, "w") as file:
        file.createDimension("y", height)
        file.createDimension("x", width)
        for name, axis in (("y", height), ("x", width)):
            variable = file.createVariable(name, "f8", (name,))
            variable[:] = np.arange(axis)[:: -1 if name == "y" else 1] * 10.0
            variable.standard_name, variable.units = f"projection_{name}_coordinate", "m"
        for name, values in variables.items():
            file.createVariable(name, "f4", ("y", "x"))[:] = values


def test_netcdf_variables_are_bands(tmp_path):
    red, nir = np.random.default_rng(0).random((2, 20, 30)).astype("float32")
    write_netcdf(tmp_path / "cube.nc", {"B04": red, "B08": nir})
    with open_raster(tmp_path / "cube.nc") as reader:
        assert reader.info.descriptions == ("B04", "B08")
        part, _ = reader.read(reader.grid.window)
    np.testing.assert_array_equal(part, [red, nir])


def test_a_netcdf_variable_can_be_named(tmp_path):
    red, nir = np.random.default_rng(0).random((2, 20, 30)).astype("float32")
    write_netcdf(tmp_path / "cube.nc", {"B04": red, "B08": nir})
    part, _ = whole(f'NETCDF:"{tmp_path / "cube.nc"}":B08')
    np.testing.assert_array_equal(part[0], nir)
