"""The first minutes: the sample scene, natural colours, what is in sight in a small window, keyboard and names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import wait_until
from qgis.core import QgsMultiBandColorRenderer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAbstractScrollArea, QLabel, QWidget

from geolangbind_qgis.gui.dock import GeoLangBindDock
from geolangbind_qgis.gui.recognition_line import RecognitionLine
from geolangbind_qgis.gui.tab_order import controls_of
from geolangbind_qgis.layers.recognition import Recognised

COMPOSITE = ("QAbstractSpinBox", "QComboBox", "QgsFileWidget", "QgsFilterLineEdit", "QgsCollapsibleGroupBoxBasic")
"""Fields that consist of several widgets."""

SMALL_WINDOW = (300, 400)
"""Width and height that QGIS leaves for a dock in a window of 1024 by 600 pixels."""


@pytest.fixture
def shown_dock(dock):
    """The dock on the screen, as small as QGIS makes it in a small window."""
    dock.setFloating(True)
    dock.resize(*SMALL_WINDOW)
    dock.show()
    wait_until(dock.isVisible)
    yield dock
    dock.hide()


@pytest.fixture
def empty_dock(qgis_iface, session, qgis_new_project):
    """The dock of a project without layers."""
    made = GeoLangBindDock(qgis_iface, session)
    made.show()
    yield made
    made.clean_up()
    made.deleteLater()


def described(dock):
    layer = dock.page.layer()
    return layer is not None and dock.descriptions.found(layer.id()) is not None


def test_one_click_opens_the_sample_scene_with_a_prompt_to_run(empty_dock):
    page = empty_dock.page
    assert page.sample_button.isVisible()
    QTest.mouseClick(page.sample_button, Qt.MouseButton.LeftButton)
    layer = page.layer()
    assert layer.isValid()
    assert layer.bandCount() == 12
    assert [prompt.text for prompt in page.prompts.prompts()] == ["water"]
    assert not page.sample_button.isVisible()
    empty_dock.layer_buttons.open_sample_scene()
    assert len(QgsProject.instance().mapLayers()) == 1


def test_the_prompt_of_the_sample_scene_finds_some_of_it_and_not_all(empty_dock):
    QTest.mouseClick(empty_dock.page.sample_button, Qt.MouseButton.LeftButton)
    empty_dock.page.area.combo.setCurrentIndex(empty_dock.page.area.combo.count() - 1)
    QTest.mouseClick(empty_dock.page.run_bar.run_button, Qt.MouseButton.LeftButton)
    wait_until(lambda: not empty_dock.highlighter.busy)
    wait_until(lambda: empty_dock.page.result.histogram() is not None)
    histogram = empty_dock.page.result.histogram()
    assert 0.02 < histogram.above(0.5) / histogram.total < 0.5


def test_a_scene_of_many_bands_is_shown_in_natural_colours_by_one_click(dock, scene):
    dock.descriptions.show(scene, ask=True)
    wait_until(lambda: described(dock))
    assert dock.page.natural_button.isEnabled()
    QTest.mouseClick(dock.page.natural_button, Qt.MouseButton.LeftButton)
    renderer = scene.renderer()
    assert isinstance(renderer, QgsMultiBandColorRenderer)
    assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand()) == (4, 3, 2)
    assert renderer.redContrastEnhancement().maximumValue() == pytest.approx(2750)


def test_natural_colours_are_not_offered_where_there_is_no_red(dock, tmp_path, scene):
    from osgeo import gdal

    path = str(tmp_path / "elevation.tif")
    data = gdal.GetDriverByName("GTiff").Create(path, 64, 64, 1, gdal.GDT_Float32)
    data.GetRasterBand(1).Fill(200.0)
    data = None
    layer = QgsRasterLayer(path, "elevation", "gdal")
    QgsProject.instance().addMapLayer(layer)
    dock.page.follow(layer)
    dock.descriptions.show(layer, ask=True)
    wait_until(lambda: not dock.descriptions.busy)
    assert not dock.page.natural_button.isEnabled()


def test_bands_that_the_name_of_the_sensor_tells_are_told_once(qgis_app):
    names = ("red", "green", "blue")
    title = "Aerial or satellite picture: red, green, blue"
    found = Recognised(title, "rgb", names, (1, 2, 3), (0.66, 0.56, 0.48), "", "", (), True, (), ())
    line = RecognitionLine()
    line.show_recognised(found, own=False)
    assert line.label.text().count("green") == 1
    line.show_recognised(replace(found, title="Airborne camera"), own=False)
    assert line.label.text().count("green") == 1


def test_the_threshold_is_in_sight_in_a_small_window_when_an_answer_comes(shown_dock):
    page = shown_dock.page
    page.prompts.set_prompts(["water", "forest", "town"])
    page.area.combo.setCurrentIndex(page.area.combo.count() - 1)
    QTest.mouseClick(page.run_bar.run_button, Qt.MouseButton.LeftButton)
    wait_until(lambda: not shown_dock.highlighter.busy)
    for control in (page.result.threshold, page.result.threshold_box):
        wait_until(lambda shown=control: shown.visibleRegion().boundingRect().height() == shown.height())


def test_suggested_words_are_in_sight_in_a_small_window(shown_dock):
    page = shown_dock.page
    page.prompts.set_prompts(["water", "forest", "town"])
    page.area.combo.setCurrentIndex(page.area.combo.count() - 1)
    QTest.mouseClick(page.run_bar.run_button, Qt.MouseButton.LeftButton)
    wait_until(lambda: not shown_dock.highlighter.busy)
    page.result.show_suggestions(page.result.layer().id(), ["lake", "sea"])
    shown = page.result.suggestions
    wait_until(lambda: 0 < shown.height() == shown.visibleRegion().boundingRect().height())


def test_an_automatic_threshold_stands_beside_the_histogram(shown_dock):
    page = shown_dock.page
    page.prompts.set_prompts(["water"])
    page.area.combo.setCurrentIndex(page.area.combo.count() - 1)
    QTest.mouseClick(page.run_bar.run_button, Qt.MouseButton.LeftButton)
    wait_until(lambda: not shown_dock.highlighter.busy)
    wait_until(lambda: page.result.histogram() is not None)
    assert page.result.suggest_button.isEnabled()
    assert page.result.suggest_button.y() < page.result.histogram_view.geometry().bottom()
    QTest.mouseClick(page.result.suggest_button, Qt.MouseButton.LeftButton)
    assert page.result.threshold_box.value() == pytest.approx(page.result.suggested_threshold(), abs=0.001)


def test_the_tab_key_visits_the_controls_from_top_to_bottom(shown_dock):
    shown_dock.page.prompts.set_prompts(["water", "forest"])
    run_all(shown_dock)
    content = shown_dock.page.widget()
    expected = [each for each in controls_of(content) if each.isVisibleTo(content)]
    visited, control = [], expected[0]
    while len(visited) < 400:
        if control in expected:
            visited.append(control)
        control = control.nextInFocusChain()
        if control is expected[0]:
            break
    assert visited == expected
    places = [each.mapTo(content, QPoint(0, each.height() // 2)) for each in visited]
    lines = [place.y() for place in places]
    upwards = [describe(visited[place]) for place in range(1, len(lines)) if lines[place] < lines[place - 1] - 14]
    assert upwards == []


def test_every_control_of_the_dock_has_a_name_for_screen_readers(shown_dock):
    run_all(shown_dock)
    shown_dock.show_finetune_page(True)
    shown_dock.show_runtime_page(True)
    buddies = {label.buddy() for label in shown_dock.findChildren(QLabel) if label.buddy() is not None}
    nameless = [each for each in shown_dock.findChildren(QWidget) if is_control(each) and not name_of(each, buddies)]
    assert [describe(each) for each in nameless] == []


def run_all(dock):
    """Run the prompts on the whole layer."""
    dock.page.area.combo.setCurrentIndex(dock.page.area.combo.count() - 1)
    if not dock.page.prompts.prompts():
        dock.page.prompts.set_prompts(["water"])
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)


def is_control(widget):
    """Whether the Tab key stops at a widget; scroll areas and the inside of composite fields aside."""
    plain = not isinstance(widget, QAbstractScrollArea) or widget.objectName().startswith("list")
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and plain and widget.focusProxy() is None


def name_of(widget, buddies):
    """What a screen reader says: the name, the text, or the label beside the field or beside what it is part of."""
    while widget is not None:
        text = getattr(widget, "text", None)
        if widget.accessibleName() or widget in buddies:
            return widget.accessibleName() or "label"
        if callable(text) and not hasattr(widget, "setReadOnly") and text().strip(" …."):
            return text()
        title = getattr(widget, "title", None)
        if callable(title) and title():
            return title()
        widget = widget.parent() if isinstance(widget.parent(), QWidget) and is_part(widget) else None
    return ""


def is_part(widget):
    """Whether a widget lies inside a composite field, such as the line of a spin box."""
    return any(widget.parent().inherits(kind) for kind in COMPOSITE)


def describe(widget):
    return f"{widget.metaObject().className()} in {widget.parent().metaObject().className()}: {widget.toolTip()}"
