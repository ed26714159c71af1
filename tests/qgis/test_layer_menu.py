"""The right-click menu of raster layers."""

from __future__ import annotations

import numpy as np
from conftest import read_pixels, wait_until
from qgis.core import QgsLayerTreeModel, QgsPalettedRasterRenderer, QgsProject, QgsRasterLayer
from qgis.gui import QgsLayerTreeView
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox

from geolangbind_qgis.catalogue.class_schemes import Scheme, SchemeClass, bundled_schemes, read_scheme, write_scheme
from geolangbind_qgis.gui.explain_dialog import explain_html
from geolangbind_qgis.gui.scheme_editor import SchemeEditor
from geolangbind_qgis.gui.table_dialog import TableDialog
from geolangbind_qgis.layers.class_areas import ClassArea
from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.qgis_versions import band_of

THREE = Scheme(
    "three",
    "Three classes",
    (
        SchemeClass(1, "Water", ("water", "lake"), "#0064c8"),
        SchemeClass(2, "Forest", ("forest", "trees"), "#006400"),
        SchemeClass(7, "Town", ("town", "buildings"), "#fa0000"),
    ),
)


def classify_and_wait(menu, layer, *args, **options):
    ends = []
    menu.classify(layer, *args, **options)
    (classifier,) = menu.running
    classifier.finished.connect(lambda *end: ends.append(end))
    classifier.failed.connect(ends.append)
    wait_until(lambda: ends)
    assert isinstance(ends[0], tuple), ends[0]
    return QgsProject.instance().mapLayer(ends[0][0]), ends[0][1]


def test_one_click_gives_a_map_with_a_legend_of_class_names(menu, scene):
    layer, areas = classify_and_wait(menu, scene)
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    names = [item.label for item in layer.renderer().classes()]
    assert names == [item.name for item in bundled_schemes()[0].classes]
    assert layer.extent() == scene.extent()
    assert sum(area.hectares for area in areas) > 600
    assert source_of(layer) == scene.id()


def test_the_legend_is_unfolded_in_the_layer_tree(menu, scene, qgis_iface):
    view = QgsLayerTreeView()
    model = QgsLayerTreeModel(QgsProject.instance().layerTreeRoot())
    model.setAutoCollapseLegendNodes(10)  # as QGIS's own window has it
    view.setModel(model)
    layer, _ = classify_and_wait(menu, scene)
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    for each in (node.parent(), node):
        assert view.isExpanded(view.node2index(each))


def test_a_second_map_has_a_name_of_its_own_and_is_the_one_offered(menu, dock, scene):
    first, _ = classify_and_wait(menu, scene)
    second, _ = classify_and_wait(menu, scene)
    assert first.name() != second.name()
    offered = dock.page.class_maps
    wait_until(lambda: offered.maps.count() == 2)
    assert offered.layer() is second


def test_the_areas_of_a_map_can_be_opened_again_later(menu, dock, scene):
    layer, areas = classify_and_wait(menu, scene)
    offered = dock.page.class_maps
    wait_until(lambda: offered.layer() is layer)
    offered.areas_button.click()
    (dialog,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, TableDialog) and each.isVisible()]
    assert dialog.table.item(0, 0).text() == areas[0].name
    dialog.close()


def test_the_areas_are_sorted_as_numbers(menu):
    areas = [ClassArea("Water", "#0064c8", 9.5, 9.5), ClassArea("Town", "#fa0000", 1200.126, 90.5)]
    table = menu.show_areas("scene", areas).table
    assert [table.item(row, 1).text() for row in range(2)] == ["9.50", "1,200.13"]
    table.sortItems(1, Qt.SortOrder.DescendingOrder)
    assert [table.item(row, 0).text() for row in range(2)] == ["Town", "Water"]


def test_own_classes_keep_their_codes_and_colours(menu, scene):
    layer, areas = classify_and_wait(menu, scene, THREE)
    codes = np.unique(read_pixels(layer)[0])
    assert set(codes[np.isfinite(codes)]) <= {1, 2, 7}
    assert {item.color.name() for item in layer.renderer().classes()} == {"#0064c8", "#006400", "#fa0000"}
    assert {area.name for area in areas} <= {"Water", "Forest", "Town"}
    west = read_pixels(layer)[0][:, 10:70]
    assert (west == 1).mean() > 0.5


def test_confidence_comes_as_a_second_layer_on_request(menu, scene):
    layer, _ = classify_and_wait(menu, scene, THREE, confidence=True)
    others = [
        other
        for other in QgsProject.instance().mapLayers().values()
        if source_of(other) == scene.id() and other.id() != layer.id()
    ]
    assert len(others) == 1
    assert band_of(others[0].renderer()) == 2
    values = read_pixels(layer)[1]
    assert np.nanmin(values) >= 0
    assert np.nanmax(values) <= 100


def test_the_menu_offers_its_entries(menu):
    assert [action.text() for action in menu.actions] == [
        "Classify land cover",
        "Classify with…",
        "Highlight…",
        "Explain this layer",
        "Check accuracy…",
    ]


def test_the_editor_gives_back_what_it_was_given(qgis_app):
    editor = SchemeEditor("scene", THREE)
    assert editor.scheme() == THREE


def test_the_editor_refuses_two_classes_with_one_code(qgis_app):
    editor = SchemeEditor("scene", THREE)
    editor.table.item(1, 1).setText("1")
    editor.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert editor.result() == 0
    assert "same code" in editor.problem_label.text()


def test_a_scheme_survives_export_and_import(tmp_path):
    write_scheme(THREE, tmp_path / "three.json")
    assert read_scheme(tmp_path / "three.json") == THREE


def test_every_bundled_scheme_can_be_used_as_it_is():
    schemes = bundled_schemes()
    assert schemes[0].name == "worldcover"
    assert [scheme.problem() for scheme in schemes] == [""] * len(schemes)


def test_explain_says_what_was_recognised(menu, scene):
    found = []
    menu.explainer.explained.connect(lambda _, result: found.append(result))
    menu.explain(scene)
    wait_until(lambda: found)
    text = explain_html("scene", "", found[0])
    assert "Sentinel-2" in text
    assert "B04" in text
    assert "Reference system" in text
    assert "WGS 84 / UTM zone 33N" in text
    for field_of_the_runtime in ("Dtype", "Crs", "strength", "favours", "evidence"):
        assert field_of_the_runtime not in text


def test_a_result_is_not_classified_by_accident(menu, scene, qgis_iface):
    layer, _ = classify_and_wait(menu, scene, THREE)
    menu.classify(layer)
    assert not menu.running
    assert isinstance(layer, QgsRasterLayer)
