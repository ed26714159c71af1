"""Classes of one's own: schemes that stay, label layers that are drawn, drop-downs, and the window of models."""

from __future__ import annotations

import pytest
from conftest import wait_until
from qgis.core import (
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsRendererCategory,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QInputDialog, QTableWidgetItem
from test_finetune import add_feature, labels  # noqa: F401 - a fixture

from geolangbind_qgis.catalogue import own_schemes
from geolangbind_qgis.gui import models_dialog
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.models_dialog import ModelsDialog
from geolangbind_qgis.gui.scheme_editor import SchemeEditor


@pytest.fixture
def schemes_folder(tmp_path, monkeypatch):
    """An empty folder for schemes of the user's own."""
    folder = tmp_path / "schemes"
    monkeypatch.setattr(own_schemes, "own_schemes_folder", lambda: folder)
    return folder


def titles(editor):
    return [editor.combo.itemText(index) for index in range(editor.combo.count())]


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def press_ok(editor):
    press(editor.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok))


def test_edited_classes_are_offered_the_next_time(schemes_folder, qgis_app):
    editor = SchemeEditor("scene")
    editor.table.setItem(0, 2, QTableWidgetItem("Our woods"))
    press_ok(editor)
    again = SchemeEditor("scene")
    again.combo.setCurrentIndex(again.combo.findText("Own classes"))
    again.combo.activated.emit(again.combo.currentIndex())
    assert again.scheme().classes[0].name == "Our woods"


def test_a_scheme_is_kept_under_a_name_and_can_be_deleted(schemes_folder, qgis_app, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("Coast 2026", True))
    editor = SchemeEditor("scene")
    press(editor.save_button)
    assert "Coast 2026" in titles(SchemeEditor("scene"))
    assert editor.delete_button.isEnabled()
    press(editor.delete_button)
    assert "Coast 2026" not in titles(SchemeEditor("scene"))
    assert not editor.delete_button.isEnabled()


def test_unchanged_classes_of_the_plugin_are_not_kept_as_own(schemes_folder, qgis_app):
    press_ok(SchemeEditor("scene"))
    assert own_schemes.own_schemes() == {}


def test_the_classes_of_a_fine_tuned_model_are_offered_for_land_cover(schemes_folder, dock, scene):
    classes = [{"name": "salt marsh"}, {"name": "open water"}]
    dock.finetune.runner.finished.emit({"name": "coast", "classes": classes, "seconds": 1.0})
    editor = SchemeEditor("scene")
    assert "Classes of coast" in titles(editor)
    (scheme,) = own_schemes.own_schemes().values()
    assert [item.prompts for item in scheme.classes] == [("salt marsh",), ("open water",)]
    dock.models.take([{"name": "geolb-tiny", "title": "GeoLangBind tiny", "available": True}])


def test_in_a_low_window_the_page_scrolls_to_the_whole_result(schemes_folder, dock, scene):
    dock.resize(340, 620)
    dock.show()
    dock.show_finetune_page(True)
    page, figures = dock.finetune, {"accuracy": 0.9, "iou": 0.8}
    classes = [{"name": name, "before": figures, "after": figures} for name in ("water", "forest", "town")]
    remarks = ["On blocks that were held out accuracy rose from 78 to 96 per cent; these blocks lie close together."]
    page.runner.finished.emit({"name": "coast", "classes": classes, "remarks": remarks, "seconds": 1.0})
    wait_until(lambda: page.verticalScrollBar().value() > 0)
    top = page.result.mapTo(page.viewport(), page.result.rect().topLeft()).y()
    bottom = page.result.mapTo(page.viewport(), page.result.rect().bottomLeft()).y()
    assert top >= 0
    assert bottom <= page.viewport().height()
    assert page.result.height() >= page.result.heightForWidth(page.result.width())
    dock.models.take([{"name": "geolb-tiny", "title": "GeoLangBind tiny", "available": True}])


def test_a_label_layer_is_made_and_drawn_on_by_pressing_a_class(dock, scene, tmp_path, monkeypatch):
    path = tmp_path / "fields.gpkg"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    dock.show_finetune_page(True)
    page = dock.finetune
    press(page.drawing.new_button)
    layer = page.labels.currentLayer()
    assert (layer.name(), layer.crs()) == ("fields", scene.crs())
    assert page.field.currentField() == "class"
    QTest.keyClicks(page.drawing.name, "salt marsh")
    QTest.keyClick(page.drawing.name, Qt.Key.Key_Return)
    press(page.drawing.classes["salt marsh"])
    assert layer.isEditable()
    assert layer.defaultValueDefinition(layer.fields().indexOf("class")).expression() == "'salt marsh'"
    layer.rollBack()


def test_the_field_of_the_class_stays_chosen_while_labels_are_drawn(dock, scene, tmp_path):
    dock.show_finetune_page(True)
    page = dock.finetune
    layer = page.drawing.make(str(tmp_path / "labels.gpkg"))
    page.drawing.add_class("water")
    page.drawing.draw("water")
    assert layer.isEditable()
    assert page.labels.currentLayer() is layer
    assert page.field.currentField() == "class"
    assert list(page.drawing.classes) == ["water"]
    layer.rollBack()
    assert page.field.currentField() == "class"


def test_drawing_keeps_the_style_that_a_label_layer_has(dock, scene, labels):  # noqa: F811 - the fixture
    symbol = QgsFillSymbol.createSimple({"color": "#123456"})
    labels.setRenderer(QgsCategorizedSymbolRenderer("class", [QgsRendererCategory("water", symbol, "Water")]))
    dock.show_finetune_page(True)
    dock.finetune.labels.setLayer(labels)
    dock.finetune.drawing.draw("forest")
    categories = {each.value(): each for each in labels.renderer().categories()}
    assert set(categories) == {"water", "forest", "town"}
    assert categories["water"].symbol().color().name() == "#123456"
    assert categories["water"].label() == "Water"
    labels.rollBack()


def test_a_new_label_layer_is_not_put_among_results(dock, scene, tmp_path):
    dock.show_finetune_page(True)
    layer = dock.finetune.drawing.make(str(tmp_path / "labels.gpkg"))
    root = QgsProject.instance().layerTreeRoot()
    assert root.children()[0].layerId() == layer.id()


def test_classes_have_no_buttons_once_their_layer_is_gone(dock, scene, tmp_path):
    dock.show_finetune_page(True)
    layer = dock.finetune.drawing.make(str(tmp_path / "labels.gpkg"))
    dock.finetune.drawing.add_class("water")
    QgsProject.instance().removeMapLayer(layer.id())
    dock.show_finetune_page(True)
    assert dock.finetune.drawing.classes == {}


def test_classes_of_a_layer_have_buttons(dock, labels):  # noqa: F811 - the fixture
    dock.show_finetune_page(True)
    dock.finetune.labels.setLayer(labels)
    assert sorted(dock.finetune.drawing.classes) == ["forest", "town", "water"]


def test_neither_an_image_nor_a_score_layer_is_offered_as_labels(dock, scene, labels):  # noqa: F811
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water"])
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    dock.show_finetune_page(True)
    combo = dock.finetune.labels
    offered = [combo.layer(index) for index in range(combo.count())]
    assert [layer for layer in offered if layer is not None] == [labels]


def test_selected_polygons_are_those_of_the_active_layer(dock, scene, labels, qgis_iface):  # noqa: F811
    other = QgsVectorLayer("Polygon?crs=EPSG:32633&field=class:string", "a first one", "memory")
    add_feature(other, QgsGeometry.fromRect(QgsRectangle(0, 0, 1, 1)), "x")
    QgsProject.instance().addMapLayer(other)
    for layer in (labels, other, labels):
        dock.page.follow(layer)
        dock.page.area.choose(Area.POLYGONS)
        assert dock.page.area.polygons.currentLayer() is layer


@pytest.mark.parametrize(
    ("name", "parameter", "value"), [("classify", "CLASSES", "corine2"), ("highlight", "MODEL", "geolb-tiny")]
)
def test_schemes_and_models_are_chosen_from_a_drop_down_in_processing(provider, session, name, parameter, value):
    from processing.gui.wrappers import WidgetWrapperFactory

    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"geolangbind:{name}")
    wrapper = WidgetWrapperFactory.create_wrapper(algorithm.parameterDefinition(parameter), QDialog())
    assert wrapper.widget.findData(value) >= 0
    wrapper.setValue(value)
    assert wrapper.value() == value
    assert wrapper.widget.currentText() != ""
    wrapper.setValue("water; forest, trees")
    assert wrapper.value() == "water; forest, trees"


@pytest.fixture
def own_model(session, tmp_path):
    """A model of the user's own: a copy of the embedded one."""
    import shutil
    from pathlib import Path

    from geolangbind_qgis.protocol_import import CODE_ROOT

    home = Path(session.client.command.environment["GEOLANGBIND_HOME"]) / "models" / "copy"
    shutil.copytree(CODE_ROOT / "resources" / "models" / "geolb-tiny", home)
    yield "copy"
    for name in ("copy", "north-coast"):
        shutil.rmtree(home.with_name(name), ignore_errors=True)


def test_the_window_of_models_lists_renames_and_deletes(dock, session, own_model, monkeypatch):
    dialog = ModelsDialog(session.client)
    lists = []
    dialog.changed.connect(lists.append)
    dialog.changed.connect(dock.models.take)
    try:
        wait_until(lambda: not dialog.busy)
        names = [card["name"] for card in dialog.cards()]
        dialog.table.selectRow(names.index("geolb-tiny"))
        assert not dialog.delete_button.isEnabled()
        assert "Licence" in dialog.details.text()
        dialog.table.selectRow(names.index(own_model))
        monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("north-coast", True))
        press(dialog.rename_button)
        wait_until(lambda: not dialog.busy)
        assert dock.page.model.findData("north-coast") >= 0
        names = [card["name"] for card in dialog.cards()]
        dialog.table.selectRow(names.index("north-coast"))
        monkeypatch.setattr(models_dialog, "confirm", lambda *_: True)
        press(dialog.delete_button)
        wait_until(lambda: not dialog.busy)
        assert len(lists) == 2
        assert dock.page.model.findData("north-coast") < 0
    finally:
        dialog.reject()
        dialog.deleteLater()


def test_a_file_that_is_no_model_is_refused_in_one_sentence(session, tmp_path, monkeypatch):
    path = tmp_path / "holiday.pt"
    path.write_bytes(b"no weights")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("holiday", True))
    dialog = ModelsDialog(session.client)
    try:
        wait_until(lambda: not dialog.busy)
        press(dialog.import_button)
        wait_until(lambda: not dialog.busy)
        assert "holiday" in dialog.message.text()
    finally:
        dialog.reject()
        dialog.deleteLater()
