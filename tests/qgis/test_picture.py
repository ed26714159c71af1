"""The map shows the fine answer in the end, areas are right, and large runs say so beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import wait_until, write_scene
from osgeo import gdal
from qgis.core import (
    QgsDistanceArea,
    QgsGeometry,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.gui import QgsLayerTreeMapCanvasBridge
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtWidgets import QPushButton
from test_results_stay import ask

from geolangbind_qgis import settings
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.canvas_refresh import CanvasRefresh
from geolangbind_qgis.gui.run_size import remember_speed, size_text
from geolangbind_qgis.gui.windows import open_dialogs
from geolangbind_qgis.layers.open_raster import open_raster, point_to
from geolangbind_qgis.layers.placement import SOURCE
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style


@pytest.fixture
def canvas(qgis_iface, scene):
    """The map canvas, which shows the layers of the project."""
    canvas = qgis_iface.mapCanvas()
    canvas.resize(QSize(400, 300))
    canvas.setDestinationCrs(scene.crs())
    canvas.setExtent(scene.extent())
    bridge = QgsLayerTreeMapCanvasBridge(QgsProject.instance().layerTreeRoot(), canvas)
    yield canvas
    del bridge
    canvas.setLayers([])


def pixels_of(image):
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    return np.frombuffer(bits, np.uint8).reshape(image.height(), image.bytesPerLine())[:, : 4 * image.width()].copy()


def drawn_afresh(canvas):
    """Returns what the canvas has to show, drawn without anything remembered."""
    asked = QgsMapSettings(canvas.mapSettings())
    job = QgsMapRendererSequentialJob(asked)
    job.start()
    job.waitForFinished()
    return pixels_of(job.renderedImage())


def test_the_map_never_keeps_the_coarse_answer(dock, canvas, tmp_path):
    layer = QgsRasterLayer(str(write_scene(tmp_path / "large.tif", size=900)), "large", "gdal")
    QgsProject.instance().addMapLayer(layer)
    canvas.setExtent(layer.extent())
    dock.page.follow(layer)
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water"])
    sizes = []
    dock.highlighter.shown.connect(lambda ids: sizes.append(QgsProject.instance().mapLayer(ids[0]).width()))
    dock.highlighter.shown.connect(lambda _: canvas.refresh())  # a drawing of the coarse answer is under way
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    assert sizes[0] < 900, "there was no coarse answer"
    assert sizes[-1] == 900
    wait_until(lambda: np.array_equal(shown_by(canvas, tmp_path), drawn_afresh(canvas)))


def shown_by(canvas, folder):
    """Returns the picture of the map that the canvas holds, without frame and decoration."""
    path = str(folder / "shown.png")
    canvas.saveAsImage(path)
    return pixels_of(QImage(path))


def scores(path, value, size, like):
    """Write a score raster of one value on the ground of a layer."""
    data = gdal.GetDriverByName("GTiff").Create(str(path), size, size, 1, gdal.GDT_Float32)
    box = like.extent()
    data.SetGeoTransform((box.xMinimum(), box.width() / size, 0, box.yMaximum(), 0, -box.height() / size))
    data.SetProjection(like.crs().toWkt())
    data.GetRasterBand(1).Fill(value)
    data = None
    return str(path)


def test_a_file_exchanged_during_a_drawing_is_drawn_in_the_end(canvas, scene, tmp_path):
    low, high = scores(tmp_path / "low.tif", 0.1, 8, scene), scores(tmp_path / "high.tif", 0.9, 256, scene)
    layer = open_raster(low, "water")
    apply_score_style(layer, ScoreStyle(0.5, "#ff0000"), 1)
    QgsProject.instance().addMapLayer(layer)
    drawing = CanvasRefresh(canvas)
    settled_once = []
    canvas.mapCanvasRefreshed.connect(lambda: settled_once.append(1))
    canvas.refresh()
    wait_until(lambda: canvas.isDrawing() or settled_once)
    point_to(layer, high)
    apply_score_style(layer, ScoreStyle(0.5, "#ff0000"), 1)
    drawing.draw([layer])
    wait_until(lambda: np.array_equal(shown_by(canvas, tmp_path), drawn_afresh(canvas)))
    drawing.clean_up()


def test_the_area_counted_is_that_of_the_ground_on_the_ellipsoid(dock, scene):
    QgsProject.instance().setEllipsoid("NONE")
    ask(dock, "water")
    wait_until(lambda: dock.page.result.histogram() is not None)
    measure = QgsDistanceArea()
    measure.setSourceCrs(scene.crs(), QgsProject.instance().transformContext())
    measure.setEllipsoid("EPSG:7030")
    hectares = measure.measureArea(QgsGeometry.fromRect(scene.extent())) / 10_000
    assert dock.page.result.histogram().total == pytest.approx(hectares, rel=1e-4)


def add_scores(path, values, corner, pixel, scene):
    """Returns a score layer (h, w) of the scene in the project, its upper left corner and pixel size in map units."""
    height, width = values.shape
    data = gdal.GetDriverByName("GTiff").Create(str(path), width, height, 1, gdal.GDT_Float32)
    data.SetGeoTransform((corner[0], pixel, 0, corner[1], 0, -pixel))
    data.SetProjection(scene.crs().toWkt())
    data.GetRasterBand(1).WriteArray(values.astype(np.float32))
    data = None
    layer = open_raster(str(path), "water")
    layer.setCustomProperty(SOURCE, scene.id())
    QgsProject.instance().addMapLayer(layer, False)
    return layer


def test_no_more_than_the_layer_is_counted_however_coarse_the_answer(dock, scene, tmp_path):
    """An answer of five pixels that reaches half a pixel beyond the layer on every side."""
    box = scene.extent()
    pixel = box.width() / 4
    corner = box.xMinimum() - pixel / 2, box.yMaximum() + pixel / 2
    result = add_scores(tmp_path / "coarse.tif", np.full((5, 5), 0.9), corner, pixel, scene)
    counted = []
    dock.areas.counted.connect(lambda _, histogram: counted.append(histogram))
    dock.areas.count(result)
    wait_until(lambda: counted)
    ask(dock, "water")
    wait_until(lambda: len(counted) > 1)
    assert counted[0].total == pytest.approx(counted[1].total, rel=1e-3)


def test_what_is_no_score_is_not_counted(dock, scene, tmp_path):
    """Such as what a file that was removed leaves in memory."""
    side = 8
    values = np.full((side, side), 0.9)
    values[0], values[1], values[2] = 1e30, -5.0, np.inf
    corner = scene.extent().xMinimum(), scene.extent().yMaximum()
    layer = add_scores(tmp_path / "damaged.tif", values, corner, 10, scene)
    counted = []
    dock.areas.counted.connect(lambda _, histogram: counted.append(histogram))
    dock.areas.count(layer)
    wait_until(lambda: counted)
    assert counted[0].total == pytest.approx(5 * side * 0.01, rel=0.02)


def test_a_coarse_answer_counts_no_areas(dock, tmp_path):
    layer = QgsRasterLayer(str(write_scene(tmp_path / "large.tif", size=900)), "large", "gdal")
    QgsProject.instance().addMapLayer(layer)
    dock.page.follow(layer)
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water"])
    said, counted = [], []
    dock.areas.counted.connect(lambda *_: counted.append(1))
    dock.highlighter.shown.connect(lambda _: said.append((dock.page.result.area.text(), len(counted))))
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    assert "Preview" in said[0][0]
    assert [count for _, count in said] == [0] * len(said)


def test_a_large_run_says_its_size_and_the_time_it_will_take(qgis_app):
    assert size_text(24_000_000) == ""
    settings.remember("pixels_per_second/auto/geolb-tiny", "")
    assert "400 megapixels" in size_text(400_000_000)
    assert "min" not in size_text(400_000_000)
    remember_speed(4_000_000, 20.0)  # 200 000 pixels a second
    assert "about 33 min" in size_text(400_000_000)
    remember_speed(4_000_000, 40.0)
    assert "about 67 min" in size_text(400_000_000)
    remember_speed(40_000_000, 12.0)  # from the store: half of it counts
    assert "about 4 min" in size_text(400_000_000)
    remember_speed(1_000, 1.0)
    assert "about 4 min" in size_text(400_000_000)
    assert "coarse answer" in size_text(400_000_000)
    assert "coarse answer" not in size_text(400_000_000, coarse_first=False)
    assert "about 64.7 h" in size_text(400_000_000_000)
    settings.remember("pixels_per_second/auto/geolb-tiny", "")


@pytest.fixture
def wide_layer(scene, tmp_path):
    """400 megapixels without data."""
    options = ["SPARSE_OK=YES"]
    data = gdal.GetDriverByName("GTiff").Create(str(tmp_path / "wide.tif"), 20_000, 20_000, 3, gdal.GDT_Byte, options)
    data.SetGeoTransform((400_000, 1, 0, 5_000_000, 0, -1))
    data.SetProjection(scene.crs().toWkt())
    data = None
    layer = QgsRasterLayer(str(tmp_path / "wide.tif"), "wide", "gdal")
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_a_large_map_is_classified_only_after_its_size_was_said(menu, wide_layer, qgis_iface, canvas):
    canvas.setDestinationCrs(wide_layer.crs())
    canvas.setExtent(QgsRectangle(400_100, 4_999_000, 400_356, 4_999_256))
    menu.classify_all(wide_layer)
    assert menu.running == []
    asked = qgis_iface.messageBar().currentItem()
    assert "400 megapixels" in asked.text()
    everything, visible = asked.findChildren(QPushButton)
    assert (everything.text(), visible.text()) == ("Classify all", "In view")
    visible.click()
    (classifier,) = menu.running
    assert classifier.request.pixels < 2_000_000
    menu.stop_all()


@pytest.mark.parametrize("end", ["asked again", "layer removed", "project closed"])
def test_the_question_about_a_large_map_stands_there_once_and_goes_with_its_layer(menu, wide_layer, qgis_iface, end):
    bar = qgis_iface.messageBar()
    before = len(bar.items())
    menu.classify_all(wide_layer)
    assert len(bar.items()) == before + 1
    if end == "asked again":
        menu.classify_all(wide_layer)
    elif end == "layer removed":
        QgsProject.instance().removeMapLayer(wide_layer.id())
    else:
        QgsProject.instance().clear()
    assert len(bar.items()) == before + (end == "asked again")
    bar.clearWidgets()


def test_the_scheme_editor_says_how_large_a_large_map_is(menu, wide_layer, canvas):
    canvas.setDestinationCrs(wide_layer.crs())
    canvas.setExtent(QgsRectangle(400_100, 4_999_000, 400_356, 4_999_256))
    menu.classify_with(wide_layer)
    (editor,) = open_dialogs()
    assert "400 megapixels" in editor.size_line.text()
    assert not editor.size_line.isHidden()
    editor.visible_only.setChecked(True)
    assert editor.size_line.isHidden()
    editor.reject()


def test_a_small_map_is_classified_at_once(menu, scene):
    menu.classify_all(scene)
    assert len(menu.running) == 1
    menu.stop_all()


def test_the_dock_shows_the_size_of_a_large_run_before_it_starts(dock, wide_layer):
    dock.page.follow(wide_layer)
    dock.page.area.choose(Area.LAYER)
    assert not dock.page.size.isHidden()
    assert "400 megapixels" in dock.page.size.text()
    dock.page.area.choose(Area.VISIBLE)
    assert dock.page.size.isHidden()
