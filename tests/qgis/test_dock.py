"""Typing words and seeing the pixels, in the dock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import read_pixels, wait_until, write_scene
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsLayerTreeModel,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton, QWidget

from geolangbind_qgis import settings
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.flow_row import FlowRow
from geolangbind_qgis.gui.polygons_dialog import PolygonsDialog
from geolangbind_qgis.gui.save_scores import save_scores
from geolangbind_qgis.layers.class_style import MapClass, apply_class_style
from geolangbind_qgis.layers.overlays import overlays_of
from geolangbind_qgis.layers.qgis_versions import band_of


def run_and_wait(dock, *prompts, area=Area.LAYER):
    dock.page.area.choose(area)
    dock.page.prompts.set_prompts(list(prompts))
    dock.runs.run()
    assert dock.highlighter.busy, dock.page.run_bar.message.text()
    wait_until(lambda: not dock.highlighter.busy)
    return overlays_of(QgsProject.instance(), dock.page.layer().id())


def stored_chunks(session):
    """Path and time of writing of every file of the feature store that holds features."""
    folder = Path(session.client.command.environment["GEOLANGBIND_CACHE"])
    chunks = (path for path in folder.rglob("c/*/*") if path.is_file())  # as zarr names them
    return {path: path.stat().st_mtime_ns for path in chunks}


def alpha_at(layer, column, row):
    block = layer.renderer().block(1, layer.extent(), layer.width(), layer.height())
    return QColor.fromRgba(block.color(row, column)).alpha()


def test_enter_in_the_prompt_highlights_matching_pixels(dock, scene, failures):
    dock.page.area.choose(Area.LAYER)
    line = dock.page.prompts.rows[0].edit
    QTest.keyClicks(line, "water")
    QTest.keyClick(line, Qt.Key.Key_Return)
    wait_until(lambda: not dock.highlighter.busy)
    assert failures == []
    (overlay,) = overlays_of(QgsProject.instance(), scene.id())
    scores = read_pixels(overlay)[0]
    assert scores[:, 20:65].mean() > 2 * scores[:, 110:].mean()
    assert "water" in settings.prompt_history()


def test_the_result_lies_on_the_pixels_of_the_source_in_a_group_above_it(dock, scene):
    (overlay,) = run_and_wait(dock, "water")
    assert overlay.extent() == scene.extent()
    assert (overlay.width(), overlay.height()) == (scene.width(), scene.height())
    root = QgsProject.instance().layerTreeRoot()
    group = root.findLayer(overlay.id()).parent()
    order = [node.name() for node in root.children()]
    assert order.index(group.name()) < order.index(scene.name())


def test_a_coarse_answer_comes_first_and_its_file_goes_with_the_fine_one(dock, tmp_path, qgis_new_project):
    layer = QgsRasterLayer(str(write_scene(tmp_path / "wide.tif", size=800)), "wide", "gdal")
    QgsProject.instance().addMapLayer(layer)
    dock.page.follow(layer)
    shown = []
    dock.highlighter.shown.connect(lambda ids: shown.append(QgsProject.instance().mapLayer(ids[0]).source()))
    (overlay,) = run_and_wait(dock, "water")
    coarse, fine = shown
    assert coarse != fine == overlay.source()
    assert [path.name for path in Path(fine).parent.iterdir()] == ["water.tif"]


def test_several_prompts_give_one_layer_each_in_their_own_colours(dock, scene):
    overlays = run_and_wait(dock, "water", "forest | woodland", "town")
    assert [layer.name() for layer in overlays] == ["water", "forest | woodland", "town"]
    assert len({layer.customProperty("geolangbind/colour") for layer in overlays}) == 3
    assert [band_of(layer.renderer()) for layer in overlays] == [1, 2, 3]


def test_the_threshold_slider_changes_the_style_and_starts_no_run(dock, scene):
    (overlay,) = run_and_wait(dock, "water")
    scores = read_pixels(overlay)[0]
    middle = float(np.nanmin(scores) + np.nanmax(scores)) / 2
    below = np.argwhere(scores < middle - 0.02)[0]
    above = np.argwhere(scores > middle + 0.02)[0]
    dock.page.result.threshold_box.setValue(middle)
    wait_until(lambda: abs(overlay.customProperty("geolangbind/threshold") - middle) < 1e-3, 2000)
    assert not dock.highlighter.busy
    assert alpha_at(overlay, int(below[1]), int(below[0])) == 0
    assert alpha_at(overlay, int(above[1]), int(above[0])) > 0


def test_the_area_above_the_threshold_is_counted_and_follows_the_slider(dock, scene):
    (overlay,) = run_and_wait(dock, "water")
    wait_until(lambda: dock.page.result.histogram() is not None)
    histogram = dock.page.result.histogram()
    assert histogram.total == pytest.approx(256 * 256 * 0.01, rel=0.02)
    dock.page.result.threshold.setValue(100)
    share = float((read_pixels(overlay)[0] >= 0.5).mean())
    assert histogram.above(0.5) / histogram.total == pytest.approx(share, abs=0.02)
    assert "%" in dock.page.result.area.text()


def test_a_prompt_that_is_longer_than_its_field_shows_its_beginning(dock):
    dock.page.prompts.set_prompts(["orchard in bloom beside a gravel road", "vineyard on terraces above the lake"])
    assert [row.edit.cursorPosition() for row in dock.page.prompts.rows] == [0, 0]


def test_a_second_prompt_on_the_same_view_reads_the_stored_features(dock, scene, session):
    run_and_wait(dock, "water")
    before = stored_chunks(session)
    run_and_wait(dock, "forest")
    assert before
    assert stored_chunks(session) == before


def test_the_same_prompt_again_replaces_its_layer(dock, scene):
    (first,) = run_and_wait(dock, "water")
    (second,) = run_and_wait(dock, "water")
    assert first.id() == second.id()


def colour_of(layer):
    return layer.customProperty("geolangbind/colour")


def test_no_two_results_look_alike_when_prompts_are_typed_one_after_the_other(dock, scene):
    (water,) = run_and_wait(dock, "water")
    colour = colour_of(water)
    town, water = run_and_wait(dock, "town")
    assert colour_of(water) == colour != colour_of(town)
    assert dock.page.prompts.rows[0].colour() == colour_of(town)
    run_and_wait(dock, "water", "forest")
    colours = [colour_of(layer) for layer in overlays_of(QgsProject.instance(), scene.id())]
    assert colours[0] == colour
    assert len(set(colours)) == 3


def test_a_colour_that_the_user_chose_is_used(dock, scene):
    run_and_wait(dock, "water")
    dock.page.prompts.rows[0].colour_button.setColor(QColor("#123456"))
    (water,) = run_and_wait(dock, "water")
    assert colour_of(water) == "#123456"


def test_a_prompt_asked_again_comes_to_the_top_and_is_switched_on(dock, scene):
    (water,) = run_and_wait(dock, "water")
    run_and_wait(dock, "town")
    root = QgsProject.instance().layerTreeRoot()
    root.findLayer(water.id()).setItemVisibilityChecked(False)
    overlays = run_and_wait(dock, "water")
    assert [layer.name() for layer in overlays] == ["water", "town"]
    assert root.findLayer(water.id()).isVisible()


def test_where_nothing_reaches_the_threshold_the_highest_score_is_shown(dock, scene):
    (overlay,) = run_and_wait(dock, "meadow")
    wait_until(lambda: dock.page.result.histogram() is not None)
    dock.page.result.threshold_box.setValue(0.995)
    assert f"{np.floor(np.nanmax(read_pixels(overlay)) * 200) / 200:.2f}" in dock.page.result.area.text()


def test_the_legend_of_a_result_is_low_and_says_score(dock, scene):
    (overlay,) = run_and_wait(dock, "water")
    model = QgsLayerTreeModel(QgsProject.instance().layerTreeRoot())
    head, ramp = model.layerLegendNodes(QgsProject.instance().layerTreeRoot().findLayer(overlay.id()))
    assert head.data(Qt.ItemDataRole.DisplayRole) == "Score"
    assert ramp.settings().orientation() == Qt.Orientation.Horizontal


def test_areas_are_counted_when_a_project_is_opened(dock, scene, tmp_path):
    run_and_wait(dock, "water")
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "project.qgz"))
    project.clear()
    assert project.read(str(tmp_path / "project.qgz"))
    dock.page.follow(project.mapLayersByName("scene")[0])
    wait_until(lambda: dock.page.result.histogram() is not None, 10_000)
    assert "%" in dock.page.result.area.text()


def test_the_final_message_of_a_run_is_cleared_with_another_layer(dock, scene, tmp_path):
    run_and_wait(dock, "water")
    assert dock.page.run_bar.message.text()
    other = QgsRasterLayer(scene.source(), "other", "gdal")
    QgsProject.instance().addMapLayer(other)
    dock.page.follow(other)
    assert not dock.page.run_bar.message.text()


def test_what_was_recognised_takes_no_more_room_than_it_needs(dock, scene):
    dock.resize(370, 700)
    dock.show()
    wait_until(lambda: dock.descriptions.found(scene.id()))
    wait_until(
        lambda: dock.page.recognition.height() == dock.page.recognition.heightForWidth(dock.page.recognition.width())
    )


def test_polygons_of_a_layer_in_degrees_leave_specks_out(dock, session, qgis_iface, tmp_path, qgis_new_project):
    degrees = write_scene(tmp_path / "degrees.tif", epsg=4326, origin=(13.0, 45.0), pixel=1e-4)
    layer = QgsRasterLayer(str(degrees), "degrees", "gdal")
    dialog = PolygonsDialog(layer, session.client, qgis_iface)
    assert dialog.min_area.value() == pytest.approx(10 * 11.1 * 7.9, rel=0.02)  # a pixel at 45 degrees north
    assert 4 < dialog.simplify.value() < 5


def test_the_visible_extent_is_meant_in_the_projects_coordinates(dock, scene, qgis_iface):
    canvas = qgis_iface.mapCanvas()
    QgsProject.instance().setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    view = dock.page.area.extent_for  # what the dock asks for, seen from the layer
    extent = scene.extent()
    centre = extent.center()
    part = QgsRectangle(centre.x() - 400, centre.y() - 400, centre.x() + 400, centre.y() + 400)
    from qgis.core import QgsCoordinateTransform

    to_map = QgsCoordinateTransform(scene.crs(), canvas.mapSettings().destinationCrs(), QgsProject.instance())
    canvas.setExtent(to_map.transformBoundingBox(part))
    (overlay,) = run_and_wait(dock, "water", area=Area.VISIBLE)
    seen = view(scene.crs(), scene.extent()).intersect(extent)
    assert overlay.crs() == scene.crs()
    assert overlay.extent().contains(seen)
    assert overlay.extent().width() < seen.width() + 2 * 10
    offset = (overlay.extent().xMinimum() - extent.xMinimum()) / 10
    assert offset == pytest.approx(round(offset), abs=1e-6)


def test_selected_polygons_cut_the_result(dock, scene):
    polygons = QgsVectorLayer("Polygon?crs=EPSG:32633", "fields", "memory")
    feature = QgsFeature()
    centre = scene.extent().center()
    feature.setGeometry(QgsGeometry.fromPointXY(centre).buffer(500, 24))
    polygons.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(polygons)
    dock.page.area.polygons.setLayer(polygons)
    (overlay,) = run_and_wait(dock, "forest", area=Area.POLYGONS)
    scores = read_pixels(overlay)[0]
    inside = np.isfinite(scores)
    assert inside.sum() * 100 == pytest.approx(np.pi * 500**2, rel=0.05)
    assert not inside[0, 0]


def test_places_without_data_have_no_score(qgis_iface, dock, tmp_path):
    layer = QgsRasterLayer(str(write_scene(tmp_path / "holes.tif", nodata_corner=True)), "holes", "gdal")
    QgsProject.instance().addMapLayer(layer)
    dock.page.follow(layer)
    (overlay,) = run_and_wait(dock, "water")
    scores = read_pixels(overlay)[0]
    assert np.isnan(scores[:60, :60]).all()
    assert np.isfinite(scores[80:, 80:]).all()


def test_what_was_recognised_is_shown_and_can_be_corrected(dock, scene, session):
    session.start_runtime()
    wait_until(lambda: dock.descriptions.found(scene.id()))
    assert "Sentinel-2" in dock.page.recognition.label.text()
    from geolangbind_qgis.layers.recognition import Reading, keep_reading

    keep_reading(scene, Reading(bands=(4, 3, 2), wavelengths_um=(0.665, 0.56, 0.49), scaling="reflectance_10000"))
    dock.descriptions.describer.describe(scene)
    wait_until(lambda: len(dock.descriptions.found(scene.id()).band_numbers) == 3)
    assert dock.descriptions.found(scene.id()).band_numbers == (4, 3, 2)


def test_the_device_in_use_is_shown(dock, session):
    assert dock.status.device_label.text()
    session.start_runtime()
    wait_until(lambda: session.facts)
    assert session.device_label()[0] in dock.status.device_label.text()
    assert session.device_label()[0] != ""


def test_cancel_takes_effect_and_leaves_the_map_as_it_was(dock, scene, failures, tmp_path):
    large = QgsRasterLayer(str(write_scene(tmp_path / "large.tif", size=1500)), "large", "gdal")
    QgsProject.instance().addMapLayer(large)
    dock.page.follow(large)
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water"])
    dock.runs.run()
    wait_until(lambda: dock.page.run_bar.bar.value() > 0)
    dock.page.run_bar.cancel_button.click()
    wait_until(lambda: not dock.highlighter.busy)
    assert [failure.cancelled for failure in failures] == [True]
    assert overlays_of(QgsProject.instance(), large.id()) == []


def test_an_incomplete_request_is_refused_with_a_message(dock, scene):
    dock.page.prompts.set_prompts([""])
    dock.runs.run()
    assert not dock.highlighter.busy
    assert "what to look for" in dock.page.run_bar.message.text()


def test_polygons_are_drawn_from_what_is_above_the_threshold(dock, scene, session, qgis_iface, tmp_path):
    (overlay,) = run_and_wait(dock, "water")
    dock.page.result.threshold_box.setValue(float(np.nanmedian(read_pixels(overlay)[0])))
    wait_until(lambda: not dock.page.result.style_is_pending, 2000)
    dialog = PolygonsDialog(overlay, session.client, qgis_iface, dock)
    dialog.min_area.setValue(5_000)
    dialog.file.setFilePath(str(tmp_path / "outlines.gpkg"))
    dialog.make()
    wait_until(lambda: (tmp_path / "outlines.gpkg").exists() and not dialog.busy)
    layers = [layer for layer in QgsProject.instance().mapLayers().values() if isinstance(layer, QgsVectorLayer)]
    assert len(layers) == 1
    assert min(feature.geometry().area() for feature in layers[0].getFeatures()) >= 4_000


def test_a_saved_result_is_a_file_of_the_users_own(dock, scene, qgis_iface, tmp_path):
    (overlay,) = run_and_wait(dock, "water")
    before = read_pixels(overlay)
    save_scores(overlay, tmp_path / "kept.tif", qgis_iface)
    wait_until(lambda: overlay.source() == str(tmp_path / "kept.tif"))
    np.testing.assert_array_equal(read_pixels(overlay), before)
    run_and_wait(dock, "water")
    assert len(overlays_of(QgsProject.instance(), scene.id())) == 2


def test_completion_offers_history_and_the_words_of_the_schemes(dock):
    settings.remember_prompts(["my very own solar farm"])
    dock.page.prompts.refresh_words()
    words = dock.page.prompts.completions()
    assert words[0] == "my very own solar farm"
    assert "grassland" in words


def test_every_field_can_be_reached_with_the_keyboard(dock):
    dock.show()
    widget, reached = dock.page.layers, set()
    for _ in range(60):
        reached.add(widget)
        widget = widget.nextInFocusChain()
    wanted = {dock.page.layers, dock.page.prompts.rows[0].edit, dock.page.prompts.exclude_edit, dock.page.area.combo}
    assert wanted | {dock.page.run_bar.run_button} <= reached


def test_buttons_go_on_in_the_next_line_where_letters_are_large(qgis_app):
    row = QWidget()
    buttons = [QPushButton(text) for text in ("Save as…", "Polygons…", "Statistics…")]
    layout = FlowRow(row)
    for button in buttons:
        layout.addWidget(button)
    row.resize(layout.sizeHint().width(), layout.sizeHint().height())
    row.show()
    wait_until(lambda: len({button.y() for button in buttons}) == 1, 5000)
    narrow = row.width() - 10
    assert layout.heightForWidth(narrow) == 2 * buttons[0].height() + layout.spacing()
    row.resize(narrow, layout.heightForWidth(narrow))
    wait_until(lambda: buttons[2].y() > buttons[0].y(), 5000)
    assert buttons[2].width() == narrow
    assert all(button.width() >= button.sizeHint().width() for button in buttons)


def test_a_model_is_listed_by_a_short_name_and_its_tool_tip_has_all_of_it(dock):
    long = "DOFA-CLIP B-16, 224 pixels"
    cards = [{"name": "geolb-tiny", "title": "GeoLangBind tiny"}, {"name": "b16", "title": long}]
    before = dock.page.model.count()
    dock.models.take([{**card, "available": True} for card in cards])
    model = dock.page.model
    assert model.itemText(model.findData("geolb-tiny")) == "GeoLangBind tiny"
    assert model.itemData(model.findData("b16"), Qt.ItemDataRole.ToolTipRole) == long
    dock.models.take([{**cards[0], "available": True}])
    assert model.count() <= before


def test_nothing_is_cut_off_in_a_narrow_dock(dock, scene, qgis_iface):
    """300 pixels, less the scroll bar that a low window needs."""
    layers = [QgsRasterLayer(scene.source(), f"{'a very long name ' * 5}{number}", "gdal") for number in range(2)]
    QgsProject.instance().addMapLayers(layers)
    dock.page.follow(layers[0])
    run_and_wait(dock, "water")
    apply_class_style(layers[1], (MapClass(1, "Water", "#0064c8"),))
    dock.page.class_maps.set_maps([layers[1]])
    qgis_iface.mapCanvas().setDestinationCrs(scene.crs())
    dock.page.examples.tool.pointed.emit(scene.extent().center(), False)
    wait_until(lambda: not dock.highlighter.busy)
    assert dock.page.examples.with_words.isVisibleTo(dock.page)
    dock.finetune.refresh(scene)
    for page in (dock.page, dock.setup, dock.finetune):
        assert page.widget().minimumSizeHint().width() <= 284, type(page).__name__
