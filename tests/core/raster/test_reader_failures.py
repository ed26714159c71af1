"""What a server does not give and what is no raster is described."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from ramps import ramp, whole
from range_server import range_server

from core.errors import InputError
from core.raster.failures import DamagedRasterError, MissingFileError, NotARasterError
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster


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
