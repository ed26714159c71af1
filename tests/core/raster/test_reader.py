import math
import shutil

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from range_server import range_server
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import Affine
from scipy.io import netcdf_file

from core.errors import InputError, SensorError
from core.raster.failures import DamagedRasterError, MissingFileError, NotARasterError
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster


def ramp(count=3, height=50, width=70, dtype="uint16"):
    values = np.arange(count * height * width).reshape(count, height, width)
    return (values % (240 if dtype == "uint8" else 5000) + 1).astype(dtype)


def whole(path, **options):
    with open_raster(path, **options) as reader:
        return reader.read(reader.grid.window)


def test_a_window_holds_the_pixels_asked_for(make_raster):
    values = ramp()
    with open_raster(make_raster(values)) as reader:
        part, valid = reader.read(PixelWindow(10, 20, 15, 5), (3, 1))
    np.testing.assert_array_equal(part, values[[2, 0], 20:25, 10:25])
    assert part.dtype == np.uint16
    assert valid.all()


def test_outside_the_raster_there_is_no_data(make_raster):
    values = ramp()
    with open_raster(make_raster(values)) as reader:
        part, valid = reader.read(PixelWindow(-5, -3, 20, 10), (1,))
        beyond, none = reader.read(PixelWindow(500, 500, 8, 8))
    np.testing.assert_array_equal(part[0, 3:, 5:], values[0, :7, :15])
    assert valid[3:, 5:].all()
    assert not valid[:3].any()
    assert not valid[:, :5].any()
    assert beyond.shape == (3, 8, 8)
    assert not none.any()


@pytest.mark.parametrize("bands", [3, 4, 5, 6])
def test_alpha_says_where_there_is_no_data_whatever_the_number_of_bands(make_raster, bands):
    values = np.full((bands, 30, 40), 100, "uint8")
    values[-1] = 255
    values[-1, :10] = 0
    path = make_raster(values)
    with rasterio.open(path, "r+") as file:
        file.colorinterp = [*[ColorInterp.undefined] * (bands - 1), ColorInterp.alpha]
    read, valid = whole(path)
    assert len(read) == bands - 1
    assert not valid[:10].any()
    assert valid[10:].all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_a_raster_that_control_points_alone_place_is_read_where_they_put_it(make_raster, dtype):
    values = np.broadcast_to(np.arange(20, 100, dtype=dtype), (2, 60, 80))
    turned = Affine.translation(500000, 5000000) @ Affine.rotation(30) @ Affine.scale(10, -10)
    corners = [(row, col) for row in (0, 30, 60) for col in (0, 40, 80)]
    points = [GroundControlPoint(row, col, *(turned @ (col, row))) for row, col in corners]
    path = make_raster(values, transform=None, gcps=points, names=["VV", "VH"], tags={"PLATFORM": "Sentinel-1"})
    with open_raster(path) as reader:
        read, valid = reader.read(reader.grid.window)
        col, row = reader.grid.pixel(*(turned @ (40.5, 30.5)))
    assert reader.info.descriptions[:2] == ("VV", "VH")
    assert reader.info.tags["PLATFORM"] == "Sentinel-1"
    assert "32633" in reader.grid.crs_wkt
    assert float(read[0, int(row), int(col)]) == pytest.approx(60, abs=2)
    assert valid[int(row), int(col)]
    assert not valid[0, 0]
    assert valid.sum() == pytest.approx(60 * 80, rel=0.05)


def test_a_pixel_is_valid_where_any_band_has_data(make_raster):
    values = ramp(2)
    values[0, 4, 4] = 0
    values[:, 5, 5] = 0
    _, valid = whole(make_raster(values, nodata=0))
    assert valid[4, 4]
    assert not valid[5, 5]
    assert valid.sum() == valid.size - 1


def test_not_a_number_is_no_data_with_or_without_being_declared(make_raster):
    values = np.ones((1, 6, 6), "float32")
    values[0, 0] = np.nan
    values[0, 1, 0] = np.inf
    for nodata in (None, math.nan, -9999):
        _, valid = whole(make_raster(values, nodata=nodata))
        assert valid.sum() == 29


def test_an_internal_mask_counts(make_raster):
    path = make_raster(ramp())
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        mask = np.full((50, 70), 255, "uint8")
        mask[:10] = 0
        dataset.write_mask(mask)
    _, valid = whole(path)
    assert not valid[:10].any()
    assert valid[10:].all()


def test_alpha_masks_and_is_no_image_band(make_raster):
    values = np.full((4, 20, 20), 90, "uint8")
    values[3, :, 10:] = 0
    values[3, :, :10] = 255
    with open_raster(make_raster(values, photometric="RGB", alpha="YES")) as reader:
        assert reader.info.image_bands == (1, 2, 3)
        part, valid = reader.read(reader.grid.window)
    assert part.shape[0] == 3
    assert valid[:, :10].all()
    assert not valid[:, 10:].any()


def test_nodata_that_the_type_cannot_hold_marks_nothing(make_raster, tmp_path):
    path = make_raster(ramp(1), "band.tif")
    vrt = tmp_path / "odd.vrt"
    rasterio.shutil.copy(path, vrt, driver="VRT")
    vrt.write_text(vrt.read_text().replace("<ColorInterp>", "<NoDataValue>-9999</NoDataValue><ColorInterp>"))
    _, valid = whole(vrt)
    assert valid.all()


def test_a_band_number_out_of_range_is_named(make_raster):
    with open_raster(make_raster(ramp())) as reader, pytest.raises(SensorError, match="no band 4: the raster has 3"):
        reader.read(reader.grid.window, (4,))


def test_a_coarser_resolution_averages_over_the_same_extent(make_raster):
    values = ramp(1, 60, 80, "float32")
    path = make_raster(values, nodata=-1)
    with open_raster(path, resolution=20) as reader:
        assert (reader.grid.width, reader.grid.height) == (40, 30)
        assert reader.info.ground_sampling_distance_m == 20
        coarse, _ = reader.read(reader.grid.window)
        part, _ = reader.read(PixelWindow(10, 5, 7, 9))
    np.testing.assert_allclose(coarse[0], values[0].reshape(30, 2, 40, 2).mean(axis=(1, 3)), rtol=1e-5)
    np.testing.assert_allclose(part, coarse[:, 5:14, 10:17], rtol=1e-5)


def test_a_raster_of_one_pixel_is_a_raster(make_raster):
    values, valid = whole(make_raster(np.full((3, 1, 1), 7, "uint8")))
    assert values.ravel().tolist() == [7, 7, 7]
    assert valid.all()


def test_statistics_do_not_depend_on_what_was_read(make_raster):
    path = make_raster(ramp(2, 300, 300))
    with open_raster(path) as fresh:
        expected = fresh.statistics((2, 1))
    with open_raster(path) as used:
        used.read(PixelWindow(0, 0, 5, 5))
        used.statistics((1,))
        assert used.statistics((2, 1)) == expected
    assert expected[0].low < expected[0].median < expected[0].high


def test_statistics_leave_out_nodata(make_raster):
    values = ramp(1)
    values[0, :25] = 60000
    with open_raster(make_raster(values, nodata=60000)) as reader:
        statistics = reader.statistics()[0]
    assert statistics.maximum <= 5000
    assert statistics.valid_fraction == pytest.approx(0.5)


@pytest.mark.parametrize("overviews", [False, True])
def test_statistics_of_a_large_raster_read_little_and_are_near_the_truth(tmp_path, overviews):
    path = tmp_path / "large.tif"
    rng = np.random.default_rng(0)
    with rasterio.open(
        path, "w", driver="GTiff", width=3000, height=3000, count=1, dtype="uint16", tiled=True, crs="EPSG:32633",
        transform=Affine(10, 0, 0, 0, -10, 0),
    ) as dataset:  # fmt: skip
        truth = rng.normal(2000, 300, (1, 3000, 3000)).astype("uint16")
        dataset.write(truth)
        if overviews:
            dataset.build_overviews([2, 4, 8], Resampling.nearest)
    with open_raster(path) as reader:
        statistics = reader.statistics()[0]
    low, high = np.percentile(truth, [2, 98])
    assert statistics.low == pytest.approx(low, rel=0.02)
    assert statistics.high == pytest.approx(high, rel=0.02)


def test_the_fingerprint_changes_with_the_file(make_raster):
    path = make_raster(ramp())
    with open_raster(path) as reader:
        first = reader.fingerprint()
    with open_raster(path) as reader:
        assert reader.fingerprint() == first
    make_raster(ramp() + 1)
    with open_raster(path) as reader:
        assert reader.fingerprint() != first


def test_a_rotated_grid_is_kept(make_raster):
    transform = Affine(8, 3, 500000, 3, -8, 5000000)
    with open_raster(make_raster(ramp(), transform=transform)) as reader:
        assert reader.grid.transform == transform
        assert reader.grid.is_rotated
        assert reader.info.ground_sampling_distance_m == pytest.approx(math.hypot(8, 3))


# Folders


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


# Formats


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


# Servers


@pytest.fixture
def served(tmp_path, make_raster):
    values = np.random.default_rng(0).integers(1, 4000, (3, 2000, 2000)).astype("uint16")
    source = make_raster(values, "source.tif")
    rasterio.shutil.copy(source, tmp_path / "cog.tif", driver="COG", compress="deflate", blocksize=256)
    with range_server(tmp_path) as server:
        yield server, values


def test_a_window_of_a_served_cog_is_read_without_the_rest(served):
    server, values = served
    with open_raster(f"{server.address}/cog.tif") as reader:
        part, valid = reader.read(PixelWindow(600, 700, 100, 50), (2,))
        reader.statistics((1,))
        assert len(reader.fingerprint()) == 32
    np.testing.assert_array_equal(part[0], values[1, 700:750, 600:700])
    assert valid.all()
    assert server.bytes_served < 0.5 * values.nbytes


@pytest.mark.parametrize(
    ("path", "words"),
    [("missing.tif", "nothing at"), ("secret/a.tif", "refuses"), ("text.txt", "not a raster")],
)
def test_a_server_that_has_no_raster_is_described(served, tmp_path, path, words):
    server, _ = served
    (tmp_path / "text.txt").write_text("hello " * 1000)
    with pytest.raises(InputError) as caught:
        whole(f"{server.address}/{path}")
    assert words in caught.value.message
    assert caught.value.hint


def test_an_unreachable_server_is_described_without_the_password():
    with pytest.raises(MissingFileError) as caught:
        whole("http://user:hunter2@127.0.0.1:9/cog.tif?token=abc")
    assert "cannot be reached" in caught.value.message
    assert "hunter2" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_a_file_that_is_cut_short_on_the_server_is_described(served, tmp_path):
    server, _ = served
    content = (tmp_path / "cog.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError), open_raster(f"{server.address}/cut.tif") as reader:
        reader.read(PixelWindow(1800, 1800, 100, 100))


# What is no raster


@pytest.mark.parametrize(
    ("name", "content"), [("a.tif", b""), ("a.tif", b"nothing like a raster"), ("a.txt", b"x"), ("a.nc", b"CDF\x01")]
)
def test_what_is_no_raster_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotARasterError, match=name):
        whole(tmp_path / name)


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"no file .*gone.tif"):
        whole(tmp_path / "gone.tif")
    with pytest.raises(MissingFileError, match="No raster was named"):
        whole("  ")


def test_complex_numbers_are_refused_with_advice(make_raster):
    with pytest.raises(NotARasterError, match="complex") as caught:
        whole(make_raster(np.ones((1, 4, 4), "complex64")))
    assert "dB" in caught.value.hint


def test_a_truncated_file_is_called_damaged(make_raster):
    noise = np.random.default_rng(0).integers(0, 60000, (3, 400, 400)).astype("uint16")
    path = make_raster(noise, compress="deflate", tiled=True, blockxsize=128, blockysize=128)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((DamagedRasterError, NotARasterError)):
        whole(path)


def test_a_transform_without_area_is_refused(make_raster, tmp_path):
    path = make_raster(ramp(1), "band.tif")
    vrt = tmp_path / "flat.vrt"
    rasterio.shutil.copy(path, vrt, driver="VRT")
    text = vrt.read_text()
    start, stop = text.index("<GeoTransform>"), text.index("</GeoTransform>")
    vrt.write_text(text[:start] + "<GeoTransform>0, 0, 0, 0, 0, 0" + text[stop:])
    with pytest.raises(InputError, match="no size"):
        whole(vrt)


def test_a_file_without_georeference_is_read_as_it_is(make_raster):
    with open_raster(make_raster(ramp(), crs=None, transform=None)) as reader:
        assert reader.grid.crs_wkt is None
        assert reader.info.ground_sampling_distance_m is None
        assert reader.read(reader.grid.window)[1].all()


def test_a_vrt_whose_files_are_gone_is_described(make_raster, tmp_path):
    path = make_raster(ramp(1), "band.tif")
    rasterio.shutil.copy(path, tmp_path / "v.vrt", driver="VRT")
    shutil.move(path, tmp_path / "elsewhere.tif")
    with pytest.raises(InputError):
        whole(tmp_path / "v.vrt")


def test_a_picture_that_lies_nowhere_is_placed_as_qgis_shows_it(make_raster):
    with open_raster(make_raster(ramp(), crs=None, transform=None)) as reader:
        assert reader.grid.extent == (0.0, -50.0, 70.0, 0.0)
