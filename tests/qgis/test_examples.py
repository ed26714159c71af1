"""Pointing at places on the map and seeing what is like them."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import read_pixels, wait_until
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsPointXY, QgsProject
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


def test_a_click_lights_up_what_looks_like_the_place(dock, canvas, scene, failures):
    dock.page.examples.like_button.click()
    click(canvas, scene, WATER)
    assert dock.highlighter.busy, dock.page.run_bar._message.text()
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
    assert "look for as well" in dock.page.run_bar._message.text()
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
    assert "outside" in dock.page.examples._message.text()


def test_letting_go_of_the_tool_gives_the_users_own_back(dock, canvas, scene):
    before = canvas.mapTool()
    dock.page.examples.like_button.click()
    assert canvas.mapTool() == dock.page.examples.tool
    dock.page.examples.like_button.click()
    assert canvas.mapTool() == before
    assert not dock.page.examples.like_button.isChecked()
