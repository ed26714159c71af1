"""How good a map is, asked for in the dock and in the layer menu."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import add_class_map, wait_until
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtWidgets import QLabel

from geolangbind_qgis.layers.class_style import MapClass

WATER, FOREST = MapClass(1, "Water", "#0064c8"), MapClass(2, "Forest", "#006400")


@pytest.fixture
def class_map(scene, tmp_path):
    """Water in the west half, forest in the east, as a result of the scene."""
    return add_class_map(scene, tmp_path / "map.tif")


@pytest.fixture
def points(scene):
    """Eight points, of which one says forest where the map says water, and two do the reverse."""
    layer = QgsVectorLayer("Point?crs=epsg:32633&field=note:string&field=class:integer", "field work", "memory")
    west, north = scene.extent().xMinimum(), scene.extent().yMaximum()
    for number in range(8):
        feature = QgsFeature(layer.fields())
        in_west = number < 4
        wrong = number in (0, 4, 5)
        feature.setAttribute("class", (1 if in_west else 2) if not wrong else (2 if in_west else 1))
        place = QgsPointXY(west + (400 if in_west else 2000), north - 205 - 250 * number)
        feature.setGeometry(QgsGeometry.fromPointXY(place))
        layer.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(layer)
    return layer


def ask(dialog):
    found = []
    dialog.compared.connect(found.append)
    dialog.check()
    wait_until(lambda: found or (dialog.message.text() and not dialog.busy))
    assert found, dialog.message.text()
    return found[0]


def cells(table, row):
    return [table.item(row, column).text() for column in range(table.columnCount())]


def test_the_dock_checks_a_map_against_points(dock, class_map, points):
    line = dock.page.class_maps
    assert line.isVisibleTo(dock.page)
    assert line.maps.currentText() == "land cover"
    asked = []
    dock.page.class_maps.accuracy_wanted.connect(asked.append)
    line.accuracy_button.click()
    assert asked == [class_map]
    dialog = dock.check_accuracy(class_map)
    assert dialog.reference.currentLayer() == points
    assert dialog.field.currentField() == "class"
    window = ask(dialog)
    # rows are what is there: of 5 water points the map shows 3, of 3 forest points 2
    assert cells(window.matrix, 0)[1:] == ["3", "2", "5"]
    assert cells(window.matrix, 1)[1:] == ["1", "2", "3"]
    assert cells(window.matrix, 2)[1:] == ["4", "4", "8"]
    assert cells(window.classes, 0)[1:4] == ["5", "60.00", "75.00"]
    assert cells(window.classes, 1)[1:4] == ["3", "66.67", "50.00"]
    window.close()


def test_estimates_are_adjusted_for_area_and_carry_intervals(dock, class_map, points):
    window = ask(dock.check_accuracy(class_map))
    heads = [window.classes.horizontalHeaderItem(column).text() for column in range(window.classes.columnCount())]
    row = dict(zip(heads, cells(window.classes, 0), strict=True))
    # both halves are 327.68 ha; water: 0.5 * 3/4 + 0.5 * 2/4 of the whole (Olofsson et al. 2014, equation 9)
    assert float(row["Mapped (ha)"]) == pytest.approx(327.68, rel=2e-3)
    assert float(row["Adjusted (ha)"]) == pytest.approx(0.625 * 655.36, rel=2e-3)
    # 1.96 * sqrt(0.25 * (0.75 * 0.25 / 3) + 0.25 * (0.5 * 0.5 / 3)), equation 10
    assert float(row["± 95 %"]) == pytest.approx(0.3742 * 655.36, rel=5e-3)
    window.close()


def test_the_report_can_be_opened_and_the_tables_copied(dock, class_map, points, monkeypatch):
    from qgis.PyQt.QtGui import QDesktopServices, QGuiApplication

    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    window = ask(dock.check_accuracy(class_map))
    window.report_button.click()
    assert "Confusion matrix" in Path(opened[0]).read_text(encoding="utf-8")
    window.tabs.setCurrentWidget(window.matrix)
    window.findChild(type(window.report_button), "copy").click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[1].split("\t")[1:] == ["3", "2", "5"]
    window.close()


def test_a_reference_raster_needs_no_field(dock, class_map, tmp_path):
    copy = tmp_path / "truth.tif"
    copy.write_bytes(Path(class_map.source()).read_bytes())
    truth = QgsRasterLayer(str(copy), "truth", "gdal")
    QgsProject.instance().addMapLayer(truth)
    dialog = dock.check_accuracy(class_map)
    dialog.reference.setLayer(truth)
    assert not dialog.field.isEnabled()
    window = ask(dialog)
    assert cells(window.classes, 0)[2:4] == ["100.00", "100.00"]
    window.close()


def named_points(scene, *names):
    """Points of these classes by name, the first half in the west and the rest in the east of the scene."""
    layer = QgsVectorLayer("Point?crs=epsg:32633&field=class:string", "survey", "memory")
    west, north = scene.extent().xMinimum(), scene.extent().yMaximum()
    for number, name in enumerate(names):
        feature = QgsFeature(layer.fields())
        feature.setAttribute("class", name)
        place = QgsPointXY(west + (400 if number < len(names) / 2 else 2000), north - 205 - 200 * number)
        feature.setGeometry(QgsGeometry.fromPointXY(place))
        layer.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_classes_without_a_partner_are_mapped_in_the_dialog_or_count_as_errors(dock, class_map, scene):
    layer = named_points(scene, "1", "1", "pond", "pond", "2", "2", "2", "cloud")
    dialog = dock.check_accuracy(class_map)
    dialog.reference.setLayer(layer)
    dialog.check()
    wait_until(lambda: not dialog.busy)
    assert "cloud, pond" in dialog.message.text()
    table = dialog.partners
    assert [table.item(row, 0).text() for row in range(table.rowCount())] == ["cloud", "pond", "1", "2"]
    assert table.choice(2).currentText() == "1"
    table.choice(0).setCurrentText("Leave out")
    table.choice(1).setCurrentText("1")
    window = ask(dialog)
    assert cells(window.matrix, 0)[1:] == ["4", "0", "4"]
    assert cells(window.matrix, 2)[1:] == ["4", "3", "7"]
    window.close()
    again = dock.check_accuracy(class_map)
    again.reference.setLayer(layer)
    again.check()
    wait_until(lambda: not again.busy)
    window = ask(again)
    rows = {cells(window.classes, row)[0]: cells(window.classes, row) for row in range(window.classes.rowCount())}
    assert rows["pond"][1:3] == ["2", "0.00"]
    notes = [label.text() for label in window.findChildren(QLabel)]
    assert any("counted as errors" in text and "pond (2)" in text for text in notes)
    window.close()


def test_another_reference_is_asked_about_anew(dock, class_map, scene, points):
    layer = named_points(scene, "1", "pond", "2", "2")
    dialog = dock.check_accuracy(class_map)
    dialog.reference.setLayer(layer)
    dialog.check()
    wait_until(lambda: not dialog.busy)
    assert not dialog.partners.isHidden()
    dialog.reference.setLayer(points)
    assert dialog.partners.isHidden()
    assert dialog.partners.names() == {}
    dialog.reject()


def test_polygons_count_once_each(dock, class_map, scene):
    """Sixteen polygons that are all right give an interval, not 100.0 ± 0.0 %."""
    layer = QgsVectorLayer("Polygon?crs=epsg:32633&field=class:integer", "fields", "memory")
    west, north = scene.extent().xMinimum(), scene.extent().yMaximum()
    for number in range(16):
        feature = QgsFeature(layer.fields())
        feature.setAttribute("class", 1 + number % 2)
        x, y = west + 300 + 1500 * (number % 2), north - 100 - 150 * number
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(x, y - 100, x + 100, y)))
        layer.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(layer)
    dialog = dock.check_accuracy(class_map)
    dialog.reference.setLayer(layer)
    window = ask(dialog)
    figures = next(label.text() for label in window.findChildren(QLabel) if "Overall" in label.text())
    assert "1,600 pixels in 16 polygons" in figures.replace("\u202f", ",")
    # seven of eight and more in each of two halves: Agresti and Coull (1998)
    half_width = 100 * 1.96 * (2 * 0.25 * (10 / 12) * (2 / 12) / 12) ** 0.5
    assert f"100.0 ± {half_width:.1f} %" in figures.replace("<b>", "").replace("</b>", "")
    window.close()


def test_the_dialog_makes_points_that_are_labelled_and_checked(dock, class_map):
    dialog = dock.check_accuracy(class_map)
    dialog.point_count.setValue(40)
    dialog.points_button.click()
    wait_until(lambda: not dialog.points.busy)
    layer = dialog.reference.currentLayer()
    assert layer.featureCount() == 40
    assert dialog.field.currentField() == "class"
    assert "40 points" in dialog.message.text()
    assert QgsProject.instance().layerTreeRoot().children()[0].layerId() == dialog.reference.currentLayer().id()
    field = layer.fields().indexOf("class")
    assert layer.editorWidgetSetup(field).type() == "ValueMap"
    assert layer.editorWidgetSetup(field).config()["map"] == [{"1": "1"}, {"2": "2"}]
    layer.startEditing()
    for feature in list(layer.getFeatures())[:30]:
        layer.changeAttributeValue(feature.id(), field, "1")
    layer.commitChanges()
    window = ask(dialog)
    assert cells(window.matrix, window.matrix.rowCount() - 1)[-1] == "30"
    window.close()


def test_the_menu_has_the_entry_for_maps_of_classes_alone(menu, scene, class_map, qgis_iface):
    qgis_iface.currentLayerChanged.emit(scene)
    assert not menu.accuracy_action.isVisible()
    qgis_iface.currentLayerChanged.emit(class_map)
    assert menu.accuracy_action.isVisible()


def test_labels_elsewhere_are_refused_in_plain_words(dock, class_map, points):
    dialog = dock.check_accuracy(class_map)
    points.startEditing()
    for feature in points.getFeatures():
        moved = QgsGeometry(feature.geometry())
        moved.translate(90_000, 0)
        points.changeGeometry(feature.id(), moved)
    points.commitChanges()
    dialog.check()
    wait_until(lambda: not dialog.busy)
    assert "share no pixel" in dialog.message.text()
    assert dialog.isVisible()
    dialog.reject()


def test_what_is_no_map_of_classes_is_refused(dock, scene):
    assert dock.check_accuracy(scene) is None
