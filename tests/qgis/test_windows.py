"""Every dialog as the plugin opens it: nobody but the plugin holds it, and each of its buttons does its work."""

from __future__ import annotations

import gc
import re
from pathlib import Path

import pytest
from conftest import add_class_map, wait_until
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer
from qgis.PyQt.QtGui import QDesktopServices, QGuiApplication
from qgis.PyQt.QtWidgets import QFileDialog, QInputDialog, QPushButton

from geolangbind_qgis.gui import windows
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.table_dialog import TableDialog
from geolangbind_qgis.layers.class_areas import ClassArea, keep_areas


@pytest.fixture
def pressed_files(monkeypatch, tmp_path):
    """Have every file dialog answer with a new file, and every page that is opened noted instead."""
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("", False))
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda address: opened.append(address.toString()))
    names = (str(tmp_path / f"saved{number}.out") for number in range(100))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (next(names), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    return opened


@pytest.fixture
def class_map(scene, tmp_path):
    """A map of two classes made from the scene, with its areas."""
    layer = add_class_map(scene, tmp_path / "map.tif")
    keep_areas(layer, [ClassArea("Water", "#0064c8", 300.0, 50.0), ClassArea("Forest", "#006400", 300.0, 50.0)])
    points = QgsVectorLayer("Point?crs=epsg:32633&field=class:integer", "field work", "memory")
    for number in range(8):
        feature = QgsFeature(points.fields())
        feature.setAttribute("class", 1 if number < 4 else 2)
        place = QgsPointXY(
            scene.extent().xMinimum() + (400 if number < 4 else 2000), scene.extent().yMaximum() - 250 * (number + 1)
        )
        feature.setGeometry(QgsGeometry.fromPointXY(place))
        points.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(points)
    return layer


@pytest.fixture
def overlay(dock, failures):
    """A result for "water"."""
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water"])
    done = []
    dock.highlighter.finished.connect(lambda *end: done.append(end))
    dock.runs.run()
    wait_until(lambda: done or failures)
    assert not failures
    wait_until(lambda: dock.page.result.histograms())
    return dock.page.result.layer()


def the_open_dialog(kind):
    """Returns the class and the window of the one open dialog, without keeping its Python object alive by ours."""
    gc.collect()
    found = [each for each in windows.open_dialogs() if type(each).__name__ == kind]
    assert len(found) == 1, [type(each).__name__ for each in windows.open_dialogs()]
    return found[0]


def press(kind, text):
    """Press a button of the open dialog after a garbage collection; hold nothing afterwards."""
    button = next(
        each for each in the_open_dialog(kind).findChildren(QPushButton) if each.text().replace("&", "") == text
    )
    gc.collect()
    button.click()


def buttons_of(kind):
    """Returns the texts of the buttons that can be pressed."""
    found = the_open_dialog(kind).findChildren(QPushButton)
    return [each.text().replace("&", "") for each in found if each.isEnabled() and each.isVisible() and each.text()]


CLOSING = ("Close", "Cancel", "Check", "Classify", "OK", "Make polygons", "Create polygons")


def press_all(kind, open_again):
    """Press every button; one that ends the dialog is pressed in a dialog of its own."""
    texts = buttons_of(kind)
    assert "Help" in texts
    for text in texts:
        if text not in CLOSING:
            press(kind, text)
            assert the_open_dialog(kind).isVisible()
    press(kind, next(text for text in ("Cancel", "Close") if text in texts))
    assert kind not in [type(each).__name__ for each in windows.open_dialogs()]
    open_again()
    return texts


def test_a_window_with_much_in_it_is_not_larger_than_the_screen(qgis_app):
    dialog = TableDialog("much", ["a long heading"] * 40, [["a long text"] * 40] * 60)
    windows.open_dialog(dialog, modal=False)
    room = dialog.screen().availableGeometry().size()
    assert dialog.frameSize().boundedTo(room) == dialog.frameSize()
    dialog.reject()


def test_check_accuracy_answers_although_nobody_holds_the_dialog(dock, class_map, pressed_files):
    dock.page.class_maps.set_maps([class_map])
    dock.page.class_maps.accuracy_button.click()
    press_all("AccuracyDialog", dock.page.class_maps.accuracy_button.click)
    press("AccuracyDialog", "Check")
    wait_until(lambda: [each for each in windows.open_dialogs() if type(each).__name__ == "AccuracyResult"])
    texts = press_all("AccuracyResult", lambda: None)
    assert {"Open report", "Copy", "Save as CSV…"} <= set(texts)
    assert [each for each in pressed_files if each.endswith("accuracy_land_cover.html")]
    assert QGuiApplication.clipboard().text().startswith("Class\tSamples")


def test_areas_can_be_copied_after_a_garbage_collection(dock, class_map, pressed_files):
    dock.page.class_maps.set_maps([class_map])
    dock.page.class_maps.areas_button.click()
    texts = press_all("TableDialog", dock.page.class_maps.areas_button.click)
    assert "Copy" in texts
    press("TableDialog", "Copy")
    assert "Forest" in QGuiApplication.clipboard().text()
    press("TableDialog", "Close")
    assert windows.open_dialogs() == []


def test_the_dialogs_of_a_result_work(dock, overlay, pressed_files):
    dock.page.result.statistics_wanted.emit()
    press_all("StatisticsDialog", lambda: None)
    dock.page.result.polygons_wanted.emit()
    press_all("PolygonsDialog", dock.page.result.polygons_wanted.emit)
    before = len(QgsProject.instance().mapLayers())
    press("PolygonsDialog", buttons_of("PolygonsDialog")[0])
    wait_until(lambda: len(QgsProject.instance().mapLayers()) > before)
    assert windows.open_dialogs() == []


def test_a_corrected_sensor_is_kept(dock, scene, pressed_files):
    dock.page.recognition.edit_wanted.emit()
    press_all("RecognitionDialog", dock.page.recognition.edit_wanted.emit)
    press("RecognitionDialog", "OK")
    assert windows.open_dialogs() == []


def test_explaining_a_layer_opens_a_page_that_can_be_copied(menu, scene, pressed_files):
    menu.explain(scene)
    wait_until(windows.open_dialogs)
    press_all("ExplainDialog", lambda: None)
    assert "Sentinel-2" in QGuiApplication.clipboard().text()


def test_classifying_with_own_classes_starts_from_the_editor(menu, scene, pressed_files):
    menu.classify_with(scene)
    press_all("SchemeEditor", lambda: menu.classify_with(scene))
    press("SchemeEditor", "Classify")
    wait_until(lambda: not menu.running)
    assert windows.open_dialogs() == []


def test_unloading_closes_what_is_open(menu, scene):
    menu.classify_with(scene)
    windows.close_dialogs()
    assert windows.open_dialogs() == []


def test_dialogs_are_shown_in_one_place_alone():
    shown = re.compile(r"(dialog|window|editor|\))\.(open|show|exec)\(\)")
    for file in Path(windows.__file__).parent.glob("*.py"):
        if file.name != "windows.py":
            assert not shown.search(file.read_text(encoding="utf-8")), file.name
