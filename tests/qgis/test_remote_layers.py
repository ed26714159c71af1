"""A prompt on layers that come through a network or from a database: WMS, WCS, /vsicurl and PostGIS raster."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import postgis_server
import pytest
from conftest import read_pixels, wait_until, write_scene
from file_server import FileServer
from osgeo import gdal
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsProject, QgsRasterLayer
from wcs_server import WcsServer
from wms_server import WmsServer

from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.diagnostics_text import diagnostics_text
from geolangbind_qgis.layers import export_grid
from geolangbind_qgis.layers.export_grid import suggested_pixel
from geolangbind_qgis.layers.overlays import overlays_of
from geolangbind_qgis.layers.readable import ReadBy, can_read
from geolangbind_qgis.protocol_import import protocol

SIZE = 128
MERCATOR = QgsCoordinateReferenceSystem("EPSG:3857")


@pytest.fixture
def truth(tmp_path):
    """What every server of this file serves: 128 by 128 pixels of 10 m in EPSG:32633, no data in the north-west."""
    return write_scene(tmp_path / "truth.tif", size=SIZE, nodata_corner=True)


@pytest.fixture
def open_layer(qgis_new_project, qgis_iface, dock):
    """Open layers in a project whose CRS is another than theirs."""

    def open_it(source, provider):
        layer = QgsRasterLayer(source, provider, provider)
        assert layer.isValid()
        QgsProject.instance().addMapLayer(layer)
        QgsProject.instance().setCrs(MERCATOR)
        qgis_iface.mapCanvas().setDestinationCrs(MERCATOR)
        return layer

    return open_it


@pytest.fixture
def serve(request):
    """Start servers that end with the test."""

    def start(kind, *arguments, **options):
        server = kind(*arguments, **options)
        request.addfinalizer(server.close)
        return server

    return start


def look_for_water(dock, layer, *, pixel=None, box=None):
    """Prompt the layer, in the whole or in a box of the project's CRS; give the overlays."""
    dock.page.follow(layer)
    if box is None:
        dock.page.area.choose(Area.LAYER)
    else:
        dock.page.area.use_rectangle(box, MERCATOR)
        dock.page.area.choose(Area.RECTANGLE)
    if pixel is not None:
        dock.page.pixel.setValue(pixel)
    dock.page.prompts.set_prompts(["water"])
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    return overlays_of(QgsProject.instance(), layer.id())


def grid_of(path):
    data = gdal.Open(str(path))
    return data.GetGeoTransform(), data.RasterXSize, data.RasterYSize, data.GetSpatialRef().GetAuthorityCode(None)


def nowhere(path):
    """Returns the mask (H, W) of pixels without data."""
    return np.isnan(read_pixels(str(path))).all(axis=0)


def copy_of(session, layer):
    """Returns the latest copy that QGIS made of a layer."""
    return session.copies.of_layer(layer.id())[-1]


def check_prompt_on_copy(dock, failures, layer, truth, *, pixel=None):
    """Prompt a layer that only QGIS can read: the answer has the pixels of the source and misses those it misses."""
    assert can_read(layer)[0] is ReadBy.QGIS
    (overlay,) = look_for_water(dock, layer, pixel=pixel)
    assert failures == []
    assert grid_of(overlay.source()) == grid_of(truth)
    np.testing.assert_array_equal(nowhere(overlay.source()), nowhere(truth))


# WMS -----------------------------------------------------------------------------------------------------------------


def test_a_prompt_on_a_wms_layer_has_its_pixels_and_nodata_where_it_is_transparent(
    dock, session, failures, truth, serve, open_layer
):
    layer = open_layer(serve(WmsServer, truth).layer_source(), "wms")
    check_prompt_on_copy(dock, failures, layer, truth, pixel=10.0)
    shown = read_pixels(str(truth))[[3, 2, 1]].clip(0, 2500) * 255 / 2500
    np.testing.assert_allclose(read_pixels(str(copy_of(session, layer))), shown, atol=1.0)


def test_a_wms_in_degrees_gets_its_axes_in_order_and_the_result_is_anchored_to_the_layer(
    dock, failures, truth, serve, open_layer
):
    server = serve(WmsServer, truth)
    layer = open_layer(server.layer_source("EPSG:4326"), "wms")
    pixel = 0.0001
    to_project = QgsCoordinateTransform(layer.crs(), MERCATOR, QgsProject.instance())
    middle = layer.extent().buffered(-layer.extent().height() / 4)
    (overlay,) = look_for_water(dock, layer, pixel=pixel, box=to_project.transformBoundingBox(middle))
    assert failures == []
    (left, width, _, top, _, height), columns, rows, code = grid_of(overlay.source())
    assert (code, width, height) == ("4326", pytest.approx(pixel), pytest.approx(-pixel))
    for shift in ((left - layer.extent().xMinimum()) / pixel, (layer.extent().yMaximum() - top) / pixel):
        assert shift == pytest.approx(round(shift), abs=1e-3)
    assert 0 < left + columns * pixel - middle.xMaximum() < 2 * pixel
    assert 0 < middle.yMinimum() - (top - rows * pixel) < 2 * pixel
    assert np.isfinite(read_pixels(overlay)[0, rows // 2]).all()  # with axes the wrong way it would be elsewhere


def test_a_server_without_levels_is_offered_round_pixel_sizes(truth, serve, open_layer):
    layer = open_layer(serve(WmsServer, truth).layer_source(), "wms")
    offered = [suggested_pixel(layer.dataProvider(), layer.extent(), shown) for shown in (0.11, 6.4, 7.9, 12.994474)]
    assert offered == [0.1, 5.0, 10.0, 10.0]


def test_a_picture_that_the_server_fails_to_give_is_nodata_is_said_and_is_asked_for_again(
    dock, failures, truth, serve, open_layer, monkeypatch
):
    monkeypatch.setattr(export_grid, "BLOCK", SIZE // 2)
    server = serve(WmsServer, truth, failing=lambda box: box[0] >= 400_000 + 10 * SIZE // 2)
    layer = open_layer(server.layer_source(), "wms")
    remarks = []
    dock.highlighter.remarked.connect(remarks.append)
    (overlay,) = look_for_water(dock, layer, pixel=10.0)
    assert failures == []
    assert nowhere(overlay.source())[:, SIZE // 2 :].all()
    assert not nowhere(overlay.source())[SIZE // 2 :, : SIZE // 2].any()
    (remark,) = remarks
    assert "failed in part" in remark
    server.failing = lambda box: False
    (overlay,) = look_for_water(dock, layer, pixel=10.0)
    assert len(remarks) == 1
    np.testing.assert_array_equal(nowhere(overlay.source()), nowhere(truth))


def test_a_server_that_answers_with_errors_alone_is_said_to_do_so(dock, failures, truth, serve, open_layer):
    layer = open_layer(serve(WmsServer, truth, failing=lambda box: True).layer_source(), "wms")
    assert look_for_water(dock, layer, pixel=10.0) == []
    (failure,) = failures
    assert "answered with an error" in failure.message


def test_a_server_that_is_gone_is_said_to_refuse_connections(dock, failures, truth, serve, open_layer):
    server = serve(WmsServer, truth)
    layer = open_layer(server.layer_source(), "wms")
    server.close()
    assert look_for_water(dock, layer, pixel=10.0) == []
    (failure,) = failures
    assert "it refuses connections" in failure.message


# WCS and PostGIS, which give measured values -------------------------------------------------------------------------


def test_a_prompt_on_a_wcs_layer_has_the_pixels_of_the_source(dock, session, failures, truth, serve, open_layer):
    layer = open_layer(serve(WcsServer, truth).layer_source, "wcs")
    check_prompt_on_copy(dock, failures, layer, truth)
    np.testing.assert_array_equal(read_pixels(str(copy_of(session, layer))), read_pixels(str(truth)))


def test_a_prompt_on_a_postgis_raster_has_the_pixels_of_the_source(dock, session, failures, truth, serve, open_layer):
    if postgis_server.why_not():
        pytest.skip(postgis_server.why_not())
    database = serve(postgis_server.PostgisServer)
    database.load(truth, "scene")
    layer = open_layer(database.layer_source("scene"), "postgresraster")
    check_prompt_on_copy(dock, failures, layer, truth)
    np.testing.assert_array_equal(read_pixels(str(copy_of(session, layer))), read_pixels(str(truth)))


# Cloud-optimised GeoTIFF, which the runtime reads itself -------------------------------------------------------------


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """A folder with COGs that are far larger than the corner that is looked at."""
    folder = tmp_path_factory.mktemp("cloud")
    large = write_scene(folder / "scene.tif", size=1024)
    small_blocks = ["COMPRESS=NONE", "BLOCKSIZE=128"]
    gdal.Translate(str(folder / "large.tif"), str(large), format="COG", creationOptions=small_blocks)
    shutil.copy(folder / "large.tif", folder / "a scene & more.tif")
    return folder


def corner_of(layer):
    """Returns a corner of a hundred pixels a side, in the project's CRS."""
    box = layer.extent()
    box.set(box.xMinimum() + 50, box.yMaximum() - 1050, box.xMinimum() + 1050, box.yMaximum() - 50)
    return QgsCoordinateTransform(layer.crs(), MERCATOR, QgsProject.instance()).transformBoundingBox(box)


def test_the_runtime_reads_a_cog_on_a_server_by_ranges_and_only_what_it_needs(
    dock, session, failures, cloud, serve, open_layer
):
    server = serve(FileServer, cloud)
    layer = open_layer(f"/vsicurl/http://{server.address}/large.tif", "gdal")
    assert can_read(layer)[0] is ReadBy.RUNTIME
    server.asked.clear()
    (overlay,) = look_for_water(dock, layer, box=corner_of(layer))
    assert failures == []
    assert session.copies.of_layer(layer.id()) == []
    assert 0 < server.bytes_asked < (cloud / "large.tif").stat().st_size / 2
    (left, width, _, top, _, height), _, _, code = grid_of(overlay.source())
    assert (code, width, height) == ("32633", 10.0, -10.0)
    assert (left % 10.0, top % 10.0) == (0.0, 0.0)


def test_a_second_prompt_on_a_cog_computes_nothing_again(dock, session, failures, cloud, serve, open_layer):
    server = serve(FileServer, cloud)
    layer = open_layer(f"/vsicurl/http://{server.address}/large.tif", "gdal")
    box = corner_of(layer)
    look_for_water(dock, layer, box=box)
    assert failures == []
    results = []
    in_layer = dock.page.area.extent_for(layer.crs(), layer.extent())
    extent = (in_layer.xMinimum(), in_layer.yMinimum(), in_layer.xMaximum(), in_layer.yMaximum())
    source = protocol.Source(path=f"http://{server.address}/large.tif")
    params = protocol.EmbedParams(source=source, extent=extent)
    session.client.request("embed", params, on_result=results.append, on_error=results.append)
    wait_until(lambda: results)
    assert results[0]["chunks_computed"] == 0


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"login": "ann:pa@ss/w:rd"}, "ann:pa%40ss%2Fw%3Ard@{0}/a%20scene%20%26%20more.tif"),
        ({"token": "s3cr3t+/="}, "{0}/a%20scene%20%26%20more.tif?version=1&token=s3cr3t%2B%2F%3D"),
    ],
)
def test_odd_addresses_and_logins_work_and_appear_in_no_message(
    dock, session, failures, cloud, serve, open_layer, options, address
):
    server = serve(FileServer, cloud, **options)
    layer = open_layer("/vsicurl/http://" + address.format(server.address), "gdal")
    assert can_read(layer)[0] is ReadBy.RUNTIME
    (overlay,) = look_for_water(dock, layer, box=corner_of(layer))
    assert failures == []
    told = [str(gdal.Open(overlay.source()).GetMetadata()), diagnostics_text(session, layer)]
    told += [Path(session.client.command.log_file).read_text(encoding="utf-8")]
    cache = Path(session.client.command.environment["GEOLANGBIND_CACHE"])
    told += [path.read_text(encoding="latin-1") for path in cache.rglob("*") if path.is_file()]
    assert [text for text in told if re.search(r"pa%40ss|pa@ss|s3cr3t", text)] == []


def test_a_server_that_refuses_is_named_without_the_password(dock, failures, cloud, serve, open_layer):
    server = serve(FileServer, cloud, login="ann:letmein")
    layer = open_layer(f"/vsicurl/http://ann:letmein@{server.address}/large.tif", "gdal")
    server.login = "Basic of another person"
    assert look_for_water(dock, layer, box=corner_of(layer)) == []
    (failure,) = failures
    assert server.address in failure.text
    assert "letmein" not in failure.text
    server.login = ""
    assert len(look_for_water(dock, layer, box=corner_of(layer))) == 1
