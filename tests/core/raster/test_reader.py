"""Windows, masks, resolutions and statistics of a raster."""

from __future__ import annotations

import math

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from ramps import ramp, whole
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import Affine

from core.errors import SensorError
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster


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


@pytest.mark.parametrize("resolution", [None, 2.5])
def test_a_part_is_read_as_if_it_were_all_of_the_raster(make_raster, resolution):
    with open_raster(make_raster(ramp()), resolution=resolution) as reader:
        window = PixelWindow(3, 2, 5, 4)
        part = reader.part(window)
        assert (part.grid.width, part.grid.height) == (5, 4)
        assert part.grid.xy(0, 0) == reader.grid.xy(3, 2)
        np.testing.assert_array_equal(part.read(part.grid.window)[0], reader.read(window)[0])
        values, valid = part.read(PixelWindow(4, 3, 3, 3))
        assert valid.sum() == 1  # beyond the part there is no data
        np.testing.assert_array_equal(values[:, 0, 0], reader.read(PixelWindow(7, 5, 1, 1))[0][:, 0, 0])
        assert part.fingerprint() == reader.fingerprint()


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


def test_a_virtual_raster_of_bands_of_several_types_is_read(make_raster, tmp_path):
    whole = make_raster(np.full((1, 8, 8), 7, "uint8"), "one.tif")
    parts = make_raster(np.full((1, 8, 8), 0.25, "float32"), "two.tif")
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{number}"><SimpleSource><SourceFilename>{path}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        for number, (kind, path) in enumerate((("Byte", whole), ("Float32", parts)), 1)
    )
    (tmp_path / "mixed.vrt").write_text(f'<VRTDataset rasterXSize="8" rasterYSize="8">{bands}</VRTDataset>')
    with open_raster(tmp_path / "mixed.vrt") as reader:
        values, valid = reader.read(reader.grid.window)
        assert [band.maximum for band in reader.survey().bands] == [7.0, 0.25]
    assert values[:, 0, 0].tolist() == [7.0, 0.25]
    assert valid.all()
