"""Rasters of portals and programs are understood as what they are: each case stands for a kind."""

import numpy as np
import pytest

from core.errors import InputError, SensorError
from core.raster.reader import open_raster
from core.spectral.recognise import recognise
from tests.core.spectral import case_rasters as made

SENTINEL2 = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
LANDSAT = tuple(f"B{number}" for number in range(1, 8))


def seen(path):
    with open_raster(path) as reader:
        return recognise(reader), reader.grid


@pytest.mark.parametrize(
    ("make", "sensor", "bands", "scaling"),
    [
        (made.landsat_with_zero_fill, "landsat8_oli", LANDSAT, "landsat_c2_l2"),
        (made.sentinel2_with_zero_border, "sentinel2_l2a", tuple(made.COLOUR), "reflectance_10000_offset"),
        (made.earth_engine_sentinel2, "sentinel2_l2a", SENTINEL2, "reflectance_10000"),
        (made.earth_engine_landsat, "landsat8_oli", LANDSAT, "landsat_c2_l2"),
        (made.hls_landsat, "landsat8_oli", LANDSAT, "file"),
        (made.packed_netcdf, "sentinel2_l2a", tuple(made.COLOUR), "file"),
        (made.micasense, "micasense", ("blue", "green", "red", "rededge", "nir"), "reflectance_32768"),
        (made.landsat_level1, "landsat8_oli", LANDSAT, "landsat_c2_l1"),
        (made.second_page, "aerial_rgb", ("red", "green", "blue"), "uint8"),
        (made.zarr_heights, "dem", ("elevation",), "elevation"),
        (made.browser_bands, "sentinel2_l2a", ("B02", "B03", "B04"), "physical"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_products_of_portals_are_recognised(tmp_path, make, sensor, bands, scaling):
    found, _ = seen(make(tmp_path))
    assert (found.sensor, found.band_set.names, found.scaling.name) == (sensor, bands, scaling)
    assert not [warning for warning in found.warnings if "check the scaling" in warning]


def test_the_near_infrared_of_hls_is_landsats(tmp_path):
    found, _ = seen(made.hls_landsat(tmp_path))
    assert found.wavelengths_um[4:] == (0.865, 1.609, 2.201)


def test_wavelengths_in_the_imagery_domain_are_read(tmp_path):
    found, _ = seen(made.imagery_domain(tmp_path))
    assert found.wavelengths_um == (0.425, 0.485, 0.545, 0.605, 0.660, 0.725)
    assert found.band_set.bands[0].width_um == 0.06


def test_packed_variables_are_unpacked(tmp_path):
    path = made.packed_netcdf(tmp_path)
    with open_raster(path) as reader:
        found = recognise(reader)
        values, _ = reader.read(reader.grid.window, found.band_indexes)
    assert found.scaling.to_physical(values).mean(axis=(1, 2)) == pytest.approx([0.03, 0.06, 0.05, 0.30], rel=0.05)


def test_limits_of_a_scaled_byte_are_in_the_unit_that_the_scale_gives(tmp_path):
    found, _ = seen(made.byte_with_scale(tmp_path))
    assert [(band.low, band.high) for band in found.scaling.bands] == [(0.0, 1.0)] * 3
    assert found.scaling.to_model(np.array([0, 255]).reshape(1, 1, 2).repeat(3, 0))[0, 0].tolist() == [-1.0, 1.0]


@pytest.mark.parametrize(("factor", "value"), [(1000, 0.45), (10000, 0.045)])
def test_an_envi_header_names_its_reflectance_scale_factor(tmp_path, factor, value):
    found, _ = seen(made.envi_cube(tmp_path, factor))
    assert found.scaling.bands[0].to_physical(np.array([450])) == pytest.approx([value])


def test_a_panchromatic_band_leaves_the_landsat_grid_at_thirty_metres(tmp_path):
    _, grid = seen(made.landsat_level1(tmp_path))
    assert (grid.width, grid.pixel_size) == (60, (30, 30))


def test_a_sentinel_2_product_opens_by_metadata_subdataset_and_copy_and_keeps_its_offset(tmp_path):
    import rasterio.shutil

    metadata = made.sentinel2_product(tmp_path)
    subdataset = f"SENTINEL2_L2A:{metadata}:10m:EPSG_32634"
    rasterio.shutil.copy(subdataset, tmp_path / "ten_metres.tif", driver="GTiff")
    for name in (metadata, metadata.parent, subdataset, tmp_path / "ten_metres.tif"):
        found, grid = seen(name)
        assert (found.sensor, found.scaling.name) == ("sentinel2_l2a", "reflectance_10000_offset")
        assert grid.pixel_size == (10, 10)
    assert set(found.band_set.names) == set(made.COLOUR)


def test_a_zipped_product_is_read_in_place(tmp_path):
    import shutil

    metadata = made.sentinel2_product(tmp_path)
    archive = shutil.make_archive(str(tmp_path / "product"), "zip", tmp_path, metadata.parent.name)
    found, _ = seen(archive)
    folder, _ = seen(metadata.parent)
    assert (found.sensor, found.scaling.name, found.band_set) == (folder.sensor, folder.scaling.name, folder.band_set)


@pytest.mark.parametrize(
    "name", ["dem.zarr", "ZARR:{}/dem.zarr", "vrt://{}/dem.tif?bands=1", "{}/dem.tif|option:NUM_THREADS=1"]
)
def test_names_as_gdal_and_qgis_write_them_open(tmp_path, name):
    path = made.zarr_heights(tmp_path)
    with open_raster(path) as reader:
        heights, _ = reader.read(reader.grid.window)
    made.write(tmp_path / "dem.tif", heights, size=30)
    wanted = name.format(tmp_path) if "{}" in name else str(tmp_path / name)
    with open_raster(wanted) as reader:
        np.testing.assert_array_equal(reader.read(reader.grid.window)[0], heights)


def test_indices_and_terrain_are_no_colours(tmp_path):
    with pytest.raises(SensorError, match=r"their names \(NDVI, NDWI, slope, roughness\) are those of no sensor"):
        seen(made.derived_layers(tmp_path))


@pytest.mark.parametrize(
    "options", [{"photometric": "RGB"}, {"photometric": "RGB", "alpha": "YES"}, {"photometric": "MINISBLACK"}]
)
def test_a_picture_of_sixteen_bits_is_scaled_by_its_own_range(tmp_path, options):
    found, _ = seen(made.deep_picture(tmp_path, **options))
    assert (found.sensor, found.band_indexes, found.scaling.name) == ("aerial_rgb", (1, 2, 3), "percentile")


def test_tiles_side_by_side_are_no_bands(tmp_path):
    for number in range(4):
        place = made.place(10, 300000 + 1000 * number)
        made.write(tmp_path / "tiles" / f"dgm1_{number}.tif", np.ones((1, 100, 100), "float32"), transform=place)
    with pytest.raises(InputError, match="tiles or scenes side by side"):
        seen(tmp_path / "tiles")
