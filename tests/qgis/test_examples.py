"""Pointing at places on the map and seeing what is like them."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import read_pixels, wait_until
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QPoint, QSize, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication

from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.layers.overlays import overlays_of

WATER, FOREST, TOWN = (300, 1200), (1200, 1200), (2200, 1200)
"""Metres east and south of the scene's corner."""


@pytest.fixture
def canvas(qgis_iface, dock, scene):
    """The map with the scene in view, in another coordinate reference system than the scene's."""
    made = qgis_iface.mapCanvas()
    made.window().show()  # a hidden map keeps the size it was born with
    made.resize(QSize(400, 400))
    QApplication.processEvents()
    mercator = QgsCoordinateReferenceSystem("EPSG:3857")
    made.setDestinationCrs(mercator)
    transform = QgsCoordinateTransform(scene.crs(), mercator, QgsProject.instance())
    made.setExtent(transform.transformBoundingBox(scene.extent()))
    dock.page.area.choose(Area.LAYER)
    assert made.mapUnitsPerPixel() < 20
    yield made
    made.window().hide()


def click(canvas, scene, place, button=Qt.MouseButton.LeftButton):
    corner = QgsPointXY(scene.extent().xMinimum() + place[0], scene.extent().yMaximum() - place[1])
    to_map = QgsCoordinateTransform(scene.crs(), canvas.mapSettings().destinationCrs(), QgsProject.instance())
    seen = canvas.getCoordinateTransform().transform(to_map.transform(corner))
    where = QPoint(round(seen.x()), round(seen.y()))
    QTest.mouseClick(canvas.viewport(), button, Qt.KeyboardModifier.NoModifier, where)


def scores_of_covers(dock, scene):
    wait_until(lambda: not dock.highlighter.busy)
    (overlay,) = overlays_of(QgsProject.instance(), scene.id())
    scores = read_pixels(overlay)[0]
    return [float(np.nanmean(scores[:, start : start + 50])) for start in (15, 100, 190)]


def test_a_click_highlights_what_looks_like_the_place(dock, canvas, scene, failures):
    dock.page.examples.like_button.click()
    click(canvas, scene, WATER)
    assert dock.highlighter.busy, dock.page.run_bar.message.text()
    water, forest, town = scores_of_covers(dock, scene)
    assert failures == []
    assert water > max(forest, town) + 0.3


def test_a_right_click_says_what_it_is_not(dock, canvas, scene):
    dock.page.examples.like_button.click()
    click(canvas, scene, FOREST)
    _, _, before = scores_of_covers(dock, scene)
    click(canvas, scene, TOWN, Qt.MouseButton.RightButton)
    _, forest, town = scores_of_covers(dock, scene)
    assert (len(dock.page.examples.positives()), len(dock.page.examples.negatives())) == (1, 1)
    assert town < 0.5 < forest
    assert town <= before + 0.01


def test_the_second_button_points_at_what_it_is_not(dock, canvas, scene):
    dock.page.examples.unlike_button.click()
    click(canvas, scene, TOWN)
    assert not dock.highlighter.busy
    assert "look for as well" in dock.page.run_bar.message.text()
    dock.page.examples.like_button.click()
    click(canvas, scene, WATER)
    water, _, town = scores_of_covers(dock, scene)
    assert town < 0.5 < water


def test_further_clicks_are_answered_in_the_same_layer(dock, canvas, scene):
    dock.page.examples.like_button.click()
    click(canvas, scene, WATER)
    scores_of_covers(dock, scene)
    (first,) = overlays_of(QgsProject.instance(), scene.id())
    for place in ((500, 700), (200, 1800), (600, 2200)):
        click(canvas, scene, place)
        scores_of_covers(dock, scene)
    assert len(dock.page.examples.positives()) == 4
    assert overlays_of(QgsProject.instance(), scene.id()) == [first]


def test_a_click_during_a_run_is_answered_after_it(dock, canvas, scene):
    dock.page.examples.like_button.click()
    ends = []
    dock.highlighter.finished.connect(lambda *_: ends.append(len(dock.page.examples.positives())))
    click(canvas, scene, WATER)
    click(canvas, scene, (500, 700))
    assert len(dock.page.examples.positives()) == 2
    wait_until(lambda: len(ends) == 2)


def test_words_must_agree_where_that_is_wanted(dock, canvas, scene):
    dock.page.prompts.set_prompts(["water"])
    dock.page.examples.like_button.click()
    click(canvas, scene, WATER)
    scores_of_covers(dock, scene)
    dock.page.examples.with_words.setChecked(True)
    wait_until(lambda: not dock.highlighter.busy)
    names = [layer.name() for layer in overlays_of(QgsProject.instance(), scene.id())]
    assert names == ["water, like the examples", "like the examples"]


def test_a_click_on_a_mark_takes_it_away(dock, canvas, scene):
    dock.page.examples.like_button.click()
    click(canvas, scene, WATER)
    scores_of_covers(dock, scene)
    click(canvas, scene, WATER)
    assert dock.page.examples.positives() == ()
    assert not dock.highlighter.busy


def test_a_click_outside_the_layer_is_no_example(dock, canvas, scene):
    dock.page.examples.like_button.click()
    click(canvas, scene, (-120, 1200))
    assert dock.page.examples.positives() == ()
    assert not dock.highlighter.busy
    assert "outside" in dock.page.examples.message.text()


def test_letting_go_of_the_tool_gives_the_users_own_back(dock, canvas, scene):
    before = canvas.mapTool()
    dock.page.examples.like_button.click()
    assert canvas.mapTool() == dock.page.examples.tool
    dock.page.examples.like_button.click()
    assert canvas.mapTool() == before
    assert not dock.page.examples.like_button.isChecked()


def drag(canvas, scene, start, end, button=Qt.MouseButton.LeftButton):
    to_map = QgsCoordinateTransform(scene.crs(), canvas.mapSettings().destinationCrs(), QgsProject.instance())
    places = []
    for east, south in (start, end):
        corner = QgsPointXY(scene.extent().xMinimum() + east, scene.extent().yMaximum() - south)
        seen = canvas.getCoordinateTransform().transform(to_map.transform(corner))
        places.append(QPoint(round(seen.x()), round(seen.y())))
    QTest.mousePress(canvas.viewport(), button, Qt.KeyboardModifier.NoModifier, places[0])
    QTest.mouseMove(canvas.viewport(), places[1])
    QTest.mouseRelease(canvas.viewport(), button, Qt.KeyboardModifier.NoModifier, places[1])


def test_a_box_is_an_example_with_all_of_its_area(dock, canvas, scene, failures):
    dock.page.examples.like_button.click()
    drag(canvas, scene, (150, 600), (600, 1500))
    (area,) = dock.page.examples.areas(unlike=False)
    assert area.startswith("Polygon")
    assert dock.page.examples.positives() == ()
    water, forest, town = scores_of_covers(dock, scene)
    assert failures == []
    assert water > max(forest, town) + 0.3
    assert "1 positive" in dock.page.examples.message.text()


def test_selected_polygons_are_examples_for_and_against(dock, canvas, scene, failures):
    polygons = QgsVectorLayer("Polygon?crs=EPSG:32633", "fields", "memory")
    corner = QgsPointXY(scene.extent().xMinimum(), scene.extent().yMaximum())
    for east in (1000, 1900):
        box = QgsRectangle(corner.x() + east, corner.y() - 1500, corner.x() + east + 400, corner.y() - 600)
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromRect(box))
        polygons.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(polygons)
    forest_id, town_id = sorted(polygons.allFeatureIds())
    polygons.selectByIds([forest_id])
    positive, negative = dock.page.examples.polygons_button.menu().actions()
    positive.trigger()
    wait_until(lambda: not dock.highlighter.busy)
    polygons.selectByIds([town_id])
    negative.trigger()
    _, forest, town = scores_of_covers(dock, scene)
    assert failures == []
    assert len(dock.page.examples.areas(unlike=True)) == 1
    assert forest > town + 0.3


@pytest.mark.parametrize("focus", ["map", "button", "prompt"])
def test_escape_leaves_the_tool_whatever_has_the_focus(dock, canvas, focus):
    page = dock.page
    page.examples.like_button.click()
    assert canvas.mapTool() is page.examples.tool
    holders = {"map": canvas, "button": page.examples.like_button, "prompt": page.prompts.rows[0].edit}
    QTest.keyClick(holders[focus], Qt.Key.Key_Escape)
    assert canvas.mapTool() is not dock.page.examples.tool
    assert not dock.page.examples.like_button.isChecked()


def test_run_looks_for_the_words_and_for_what_the_examples_show(dock, canvas, scene, failures):
    dock.page.examples.like_button.click()
    click(canvas, scene, TOWN)
    wait_until(lambda: not dock.highlighter.busy)
    dock.page.prompts.set_prompts(["water"])
    ends = []
    dock.highlighter.finished.connect(lambda ids, _: ends.append(ids))
    QTest.mouseClick(dock.page.run_bar.run_button, Qt.MouseButton.LeftButton)
    wait_until(lambda: len(ends) == 2)
    assert failures == []
    names = {layer.customProperty("geolangbind/prompt") for layer in overlays_of(QgsProject.instance(), scene.id())}
    assert names == {"water", "like the examples"}
