"""Layers of every kind: who reads them, and copies of those that only QGIS can read."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from conftest import read_pixels, wait_until, write_scene
from osgeo import gdal, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from tile_server import TileServer

from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.polygons_dialog import PolygonsDialog
from geolangbind_qgis.layers.export import ExportError, export_layer
from geolangbind_qgis.layers.export_grid import plan_grid, suggested_pixel
from geolangbind_qgis.layers.export_task import ExportTask
from geolangbind_qgis.layers.mask import MaskTask
from geolangbind_qgis.layers.overlays import overlays_of
from geolangbind_qgis.layers.readable import ReadBy, can_read
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style
from geolangbind_qgis.layers.snapshot import take_snapshot

ZOOM = 14
TILE_METRES = 2 * math.pi * 6378137 / 2**ZOOM
TILE_X, TILE_Y = 8792, 5830


def tile_box(columns=2, rows=2):
    """Returns the box of tiles from (TILE_X, TILE_Y) on, in EPSG:3857."""
    half = math.pi * 6378137
    left, top = TILE_X * TILE_METRES - half, half - TILE_Y * TILE_METRES
    return QgsRectangle(left, top - rows * TILE_METRES, left + columns * TILE_METRES, top)


@pytest.fixture
def tiles():
    server = TileServer(missing=lambda z, x, y: z == ZOOM and (x, y) == (TILE_X + 1, TILE_Y))
    yield server
    server.close()


@pytest.fixture
def tile_layer(tiles, qgis_new_project):
    layer = QgsRasterLayer(tiles.layer_source, "tiles", "wms")
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    return layer


def copy(layer, grid, path):
    snapshot = take_snapshot(layer)
    return export_layer(
        snapshot.provider, snapshot.crs, grid, path, progress=lambda fraction: None, cancelled=lambda: False
    )


def test_a_geotiff_is_read_by_the_runtime(scene):
    assert can_read(scene)[0] is ReadBy.RUNTIME


def write_raster(path, bands, *, nodata=None, transform=(400_000.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0)):
    """Write bands [(GDAL type, values (h, w)), …], each kept in its own type by a VRT of files; returns the path."""
    names = []
    for number, (kind, values) in enumerate(bands):
        name = f"{path}.{number}.tif"
        data = gdal.GetDriverByName("GTiff").Create(name, values.shape[1], values.shape[0], 1, kind)
        data.SetGeoTransform(transform)
        system = osr.SpatialReference()
        system.ImportFromEPSG(32633)
        data.SetProjection(system.ExportToWkt())
        data.GetRasterBand(1).WriteArray(values)
        if nodata is not None:
            data.GetRasterBand(1).SetNoDataValue(nodata)
        data = None
        names.append(name)
    if len(names) == 1:
        return names[0]
    gdal.BuildVRT(f"{path}.vrt", names, separate=True)
    return f"{path}.vrt"


def exported(source, path):
    """Returns the copy of a layer that QGIS makes for the runtime, opened."""
    layer = QgsRasterLayer(source, "layer", "gdal")
    assert layer.isValid()
    provider, extent = layer.dataProvider(), layer.extent()
    grid = plan_grid(extent, (extent.xMinimum(), extent.yMaximum()), 10.0)
    assert export_layer(provider, layer.crs(), grid, path, progress=lambda fraction: None, cancelled=lambda: False)
    return gdal.Open(str(path))


@pytest.mark.parametrize(("kind", "dtype"), [(gdal.GDT_Byte, np.uint8), (gdal.GDT_UInt16, np.uint16)])
def test_a_copy_keeps_valid_zeros_of_unsigned_numbers(qgis_app, tmp_path, kind, dtype):
    values = np.zeros((8, 8), dtype)
    values[:, 4:] = 40
    copied = exported(write_raster(tmp_path / "raster", [(kind, values)]), tmp_path / "copy.tif")
    band = copied.GetRasterBand(1)
    assert band.GetNoDataValue() != 0
    np.testing.assert_array_equal(band.ReadAsArray(), values)


def test_a_copy_of_signed_and_unsigned_bands_holds_both(qgis_app, tmp_path):
    signed, unsigned = np.full((8, 8), -5, np.int16), np.full((8, 8), 40_000, np.uint16)
    source = write_raster(tmp_path / "raster", [(gdal.GDT_Int16, signed), (gdal.GDT_UInt16, unsigned)])
    copied = exported(source, tmp_path / "copy.tif")
    np.testing.assert_array_equal(copied.GetRasterBand(1).ReadAsArray(), signed)
    np.testing.assert_array_equal(copied.GetRasterBand(2).ReadAsArray(), unsigned)


def test_a_valid_value_equal_to_the_copys_nodata_is_no_gap(qgis_app, tmp_path):
    values = np.full((8, 8), 255, np.uint8)
    copied = exported(write_raster(tmp_path / "raster", [(gdal.GDT_Byte, values)]), tmp_path / "copy.tif")
    band = copied.GetRasterBand(1)
    assert (band.ReadAsArray() != band.GetNoDataValue()).all()


@pytest.mark.parametrize(
    "transform",
    [
        (400_000.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0),
        (400_000.0, 10.0, 0.0, 4_999_000.0, 0.0, 10.0),
        (400_000.0, 8.0, 6.0, 5_000_000.0, 6.0, -8.0),
    ],
    ids=["north-up", "south-up", "rotated"],
)
def test_results_are_cut_to_polygons_on_any_grid(qgis_app, tmp_path, transform):
    values = np.arange(600 * 100, dtype=np.float32).reshape(600, 100)
    raster = Path(write_raster(tmp_path / "raster", [(gdal.GDT_Float32, values)], nodata=-1.0, transform=transform))

    def place(column, row):
        left, a, b, top, c, d = transform
        return QgsPointXY(left + a * column + b * row, top + c * column + d * row)

    corners = [place(10, 500), place(30, 500), place(30, 560), place(10, 560)]
    mask = MaskTask(raster, tmp_path / "cut.tif", bytes(QgsGeometry.fromPolygonXY([corners]).asWkb()))
    assert mask.run(), mask.problem
    cut = gdal.Open(str(tmp_path / "cut.tif"))
    assert cut.GetGeoTransform() == pytest.approx(transform)
    expected = np.full_like(values, -1.0)
    expected[500:560, 10:30] = values[500:560, 10:30]
    np.testing.assert_array_equal(cut.ReadAsArray(), expected)


def prompted(dock, layer):
    """Ask the whole layer for water in the dock and give the scores."""
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    dock.page.follow(layer)
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water"])
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    (overlay,) = overlays_of(QgsProject.instance(), layer.id())
    assert (overlay.width(), overlay.height(), overlay.extent()) == (layer.width(), layer.height(), layer.extent())
    return read_pixels(overlay)[0]


@pytest.mark.parametrize(("driver", "name"), [("VRT", "scene.vrt"), ("ENVI", "scene.img")])
def test_a_prompt_finds_the_same_in_every_format(dock, scene, tmp_path, failures, driver, name):
    gdal.GetDriverByName(driver).CreateCopy(str(tmp_path / name), gdal.Open(scene.source()))
    layer = QgsRasterLayer(str(tmp_path / name), name)
    assert can_read(layer)[0] is ReadBy.RUNTIME
    np.testing.assert_array_equal(prompted(dock, layer), prompted(dock, scene))
    assert failures == []


def test_a_prompt_works_on_a_variable_of_a_netcdf(dock, scene, tmp_path, failures):
    path = tmp_path / "scene.nc"
    gdal.Translate(str(path), scene.source(), format="netCDF", bandList=[8])
    layer = QgsRasterLayer(f'NETCDF:"{path}":Band1', "near infrared")
    scores = prompted(dock, layer)
    assert failures == []
    third = scores.shape[1] // 3
    assert np.nanmean(scores[:, : third - 8]) > np.nanmean(scores[:, third + 8 :]) + 0.3


@pytest.fixture
def picture(scene, tmp_path):
    """A picture that lies nowhere: three bands as PNG, without so much as a world file."""
    path = tmp_path / "picture.png"
    source = gdal.Open(scene.source())
    data = gdal.GetDriverByName("MEM").Create("", source.RasterXSize, source.RasterYSize, 3, gdal.GDT_Byte)
    for number, band in enumerate((4, 3, 2), start=1):
        values = source.GetRasterBand(band).ReadAsArray().astype(float) / 10
        data.GetRasterBand(number).WriteArray(values.clip(0, 255).astype(np.uint8))
    gdal.GetDriverByName("PNG").CreateCopy(str(path), data)
    layer = QgsRasterLayer(str(path), "picture")
    layer.setCrs(QgsCoordinateReferenceSystem())
    assert not layer.crs().isValid()
    return layer


def test_a_part_of_a_picture_that_lies_nowhere_is_searched_where_it_is_drawn(dock, picture, failures):
    QgsProject.instance().addMapLayer(picture)
    dock.page.follow(picture)
    upper = QgsRectangle(0, -100, 200, -20)
    dock.page.area.use_rectangle(upper, QgsCoordinateReferenceSystem())
    dock.page.area.choose(Area.RECTANGLE)
    dock.page.prompts.set_prompts(["water"])
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    assert failures == []
    (overlay,) = overlays_of(QgsProject.instance(), picture.id())
    assert overlay.extent() == upper
    wait_until(lambda: dock.page.result.histogram() is not None)
    assert "ha" not in dock.page.result.area.text().split()


def test_results_have_the_reference_system_that_the_user_gave_the_picture(dock, picture, failures):
    picture.setCrs(QgsCoordinateReferenceSystem("EPSG:32633"))
    for _ in range(2):  # made, then pointed to another file
        prompted(dock, picture)
        (overlay,) = overlays_of(QgsProject.instance(), picture.id())
        assert overlay.crs() == picture.crs()
        assert overlay.extent() == picture.extent()
    wait_until(lambda: dock.page.result.histogram() is not None)
    assert dock.page.result.histogram().in_hectares
    assert failures == []


def test_polygons_of_a_picture_lie_on_it(dock, picture, qgis_iface, session, failures):
    prompted(dock, picture)
    (overlay,) = overlays_of(QgsProject.instance(), picture.id())
    apply_score_style(overlay, ScoreStyle(float(np.nanmedian(read_pixels(overlay)))))
    dialog = PolygonsDialog(overlay, session.client, qgis_iface)
    assert not dialog.min_area.isEnabled()
    dialog.make()
    wait_until(lambda: not dialog.busy)
    (outlines,) = [layer for layer in QgsProject.instance().mapLayers().values() if isinstance(layer, QgsVectorLayer)]
    assert not outlines.crs().isValid()
    assert picture.extent().contains(outlines.extent())
    assert failures == []


def test_a_tile_server_is_read_by_qgis(tile_layer):
    support, reason = can_read(tile_layer)
    assert support is ReadBy.QGIS
    assert "resolution" in reason


def test_a_vector_layer_is_refused_with_its_name(qgis_new_project):
    support, reason = can_read(QgsVectorLayer("Point?crs=EPSG:4326", "wells", "memory"))
    assert support is ReadBy.NOBODY
    assert "wells" in reason


def test_a_raster_in_memory_is_copied_by_qgis_with_its_own_values(tmp_path, qgis_new_project):
    path = write_scene(tmp_path / "scene.tif", size=64)
    gdal.GetDriverByName("GTiff").CreateCopy("/vsimem/scene.tif", gdal.Open(str(path)))
    layer = QgsRasterLayer("/vsimem/scene.tif", "memory", "gdal")
    assert can_read(layer)[0] is ReadBy.QGIS
    extent = layer.extent()
    grid = plan_grid(extent, (extent.xMinimum(), extent.yMaximum()), 10.0)
    assert copy(layer, grid, tmp_path / "copy.tif")
    np.testing.assert_array_equal(read_pixels(str(tmp_path / "copy.tif")), read_pixels(str(path)))
    del layer
    gdal.Unlink("/vsimem/scene.tif")


def test_missing_tiles_are_nodata_and_not_white_land(tile_layer, tmp_path):
    grid = plan_grid(tile_box(), (tile_box().xMinimum(), tile_box().yMaximum()), TILE_METRES / 256)
    assert (grid.width, grid.height) == (512, 512)
    assert copy(tile_layer, grid, tmp_path / "copy.tif")
    pixels = read_pixels(str(tmp_path / "copy.tif"))
    assert pixels.shape == (3, 512, 512)
    assert np.isnan(pixels[:, 20:236, 276:492]).all()
    assert np.isfinite(pixels[:, :, 20:236]).all()
    np.testing.assert_allclose(pixels[:, 300, 100], (0x1C, 0x3F, 0x6E), atol=2)


def test_the_copy_is_anchored_so_that_other_extents_fall_on_the_same_pixels(tile_layer):
    origin = (tile_layer.extent().xMinimum(), tile_layer.extent().yMaximum())
    one = plan_grid(tile_box(), origin, 7.5)
    other = plan_grid(tile_box().buffered(1234.5), origin, 7.5)
    shift = (one.xmin - other.xmin) / 7.5
    assert shift == pytest.approx(round(shift), abs=1e-6)


def test_the_suggested_pixel_is_a_level_of_the_server(tile_layer):
    pixel = suggested_pixel(tile_layer.dataProvider(), tile_box(), 9.0)
    assert pixel == pytest.approx(TILE_METRES / 256, rel=1e-3)


def test_a_server_without_pictures_is_said_to_be_so(tmp_path, qgis_new_project):
    server = TileServer(missing=lambda z, x, y: True)
    layer = QgsRasterLayer(server.layer_source, "empty", "wms")
    grid = plan_grid(tile_box(), (tile_box().xMinimum(), tile_box().yMaximum()), TILE_METRES / 256)
    with pytest.raises(ExportError, match="no picture"):
        copy(layer, grid, tmp_path / "copy.tif")
    assert list(tmp_path.iterdir()) == []
    server.close()


def test_too_many_pixels_are_refused_before_anything_is_fetched(tile_layer):
    with pytest.raises(ValueError, match="smaller area"):
        plan_grid(tile_layer.extent(), (0.0, 0.0), 1.0)


def test_a_cancelled_copy_leaves_no_file(tile_layer, tmp_path):
    grid = plan_grid(tile_box(), (tile_box().xMinimum(), tile_box().yMaximum()), 1.0)
    task = ExportTask(take_snapshot(tile_layer), grid, tmp_path / "copy.tif")
    ends = []
    task.terminated.connect(lambda: ends.append("stopped"))
    task.completed.connect(lambda: ends.append("done"))
    task.start()
    task.cancel()
    wait_until(lambda: ends)
    assert list(tmp_path.iterdir()) == []


def test_a_prompt_works_on_a_tile_server_and_has_no_score_where_it_has_no_tiles(dock, qgis_iface, tile_layer, failures):
    dock.page.follow(tile_layer)
    qgis_iface.mapCanvas().setDestinationCrs(tile_layer.crs())
    dock.page.area.use_rectangle(tile_box(), tile_layer.crs())
    dock.page.area.choose(Area.RECTANGLE)
    dock.page.pixel.setValue(TILE_METRES / 256)
    dock.page.prompts.set_prompts(["water"])
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    assert failures == []
    (overlay,) = overlays_of(QgsProject.instance(), tile_layer.id())
    scores = read_pixels(overlay)[0]
    assert np.isnan(scores[20:200, 290:480]).all()
    assert np.isfinite(scores[:, 20:200]).all()


def test_a_second_prompt_on_a_tile_server_fetches_nothing_again(dock, tile_layer, tiles, failures):
    dock.page.follow(tile_layer)
    dock.page.area.use_rectangle(tile_box(), tile_layer.crs())
    dock.page.area.choose(Area.RECTANGLE)
    dock.page.pixel.setValue(TILE_METRES / 256)
    for prompt in ("water", "forest"):
        dock.page.prompts.set_prompts([prompt])
        dock.runs.run()
        wait_until(lambda: not dock.highlighter.busy)
        asked, tiles.asked[:] = list(tiles.asked), []
    assert failures == []
    assert asked == []
