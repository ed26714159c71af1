"""Results that stay: with the project, with what they answer, and with what was answered before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import read_pixels, wait_until
from osgeo import gdal
from qgis.core import (
    QgsCoordinateTransform,
    QgsLayerNotesUtils,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)

from geolangbind_qgis import settings
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.save_scores import save_scores
from geolangbind_qgis.layers.answer import past_answers, read_answer
from geolangbind_qgis.layers.computed_area import computed_area, was_computed
from geolangbind_qgis.layers.map_facts import read_map_facts
from geolangbind_qgis.layers.merge import parts_of
from geolangbind_qgis.layers.overlays import overlays_of, show_past_answer
from geolangbind_qgis.layers.project_results import ProjectResults
from geolangbind_qgis.layers.qgis_versions import band_of
from geolangbind_qgis.layers.results_folder import unsaved_results


@pytest.fixture
def results(dock):
    """What the plugin has besides the dock: the keeper of results."""
    settings.remember("results_folder", "")
    made = ProjectResults(settings.results_folder, settings.keeps_all_results)
    yield made
    made.clean_up()


def ask(dock, *prompts, extent=None):
    """Ask for prompts in the whole layer, or in a part of it; returns the overlays."""
    if extent is None:
        dock.page.area.choose(Area.LAYER)
    else:
        dock.page.area.choose(Area.RECTANGLE)
        dock.page.area.use_rectangle(extent, dock.page.layer().crs())
    dock.page.prompts.set_prompts(list(prompts))
    dock.runs.run()
    assert dock.highlighter.busy, dock.page.run_bar.message.text()
    wait_until(lambda: not dock.highlighter.busy)
    return overlays_of(QgsProject.instance(), dock.page.layer().id())


def part(layer, left, right):
    """Returns a part of a layer between two shares of its width."""
    box = layer.extent()
    return QgsRectangle(
        box.xMinimum() + left * box.width(), box.yMinimum(), box.xMinimum() + right * box.width(), box.yMaximum()
    )


def test_a_project_saved_and_opened_again_shows_its_results(dock, scene, results, tmp_path):
    (overlay,) = ask(dock, "water")
    assert Path(overlay.source()).parent.parent == unsaved_results()
    scores = read_pixels(overlay)
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "my project.qgz"))
    assert Path(overlay.source()).parent.parent == tmp_path / "my project_geolangbind"
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("my project.qgz", "my project_geolangbind", "scene.tif"):
        (tmp_path / name).rename(moved / name)
    project.clear()
    assert project.read(str(moved / "my project.qgz"))
    (source,) = [layer for layer in project.mapLayers().values() if layer.name() == "scene"]
    (again,) = overlays_of(project, source.id())
    assert again.isValid()
    np.testing.assert_array_equal(read_pixels(again), scores)
    assert read_answer(again).prompt == "water"


def test_results_of_a_project_that_is_closed_unsaved_go(dock, scene, results):
    (overlay,) = ask(dock, "water")
    path = Path(overlay.source())
    assert path.is_file()
    QgsProject.instance().clear()
    assert not path.exists()


def test_a_chosen_folder_takes_the_results(dock, scene, results, tmp_path):
    settings.remember("results_folder", str(tmp_path / "maps"))
    (overlay,) = ask(dock, "water")
    settings.remember("results_folder", "")
    assert Path(overlay.source()).parent.parent == tmp_path / "maps"


def test_a_result_says_what_it_answers(dock, scene, results):
    dock.page.prompts.set_negatives(["shadow"])
    (overlay,) = ask(dock, "water")
    dock.page.prompts.set_negatives([])
    assert overlay.name() == "water (without shadow)"
    for text in (QgsLayerNotesUtils.layerNotes(overlay), overlay.metadata().abstract()):
        for word in ("water", "shadow", "geolb-tiny", "0.500", "whole layer", "scene"):
            assert word in text
    answer = read_answer(overlay)
    assert (answer.prompt, answer.exclusions, answer.extent) == ("water", ("shadow",), None)
    assert answer.date


def test_an_answer_for_a_part_is_merged_with_the_older_one(dock, scene, results):
    (overlay,) = ask(dock, "water", extent=part(scene, 0.0, 0.5))
    west = read_pixels(overlay)[0]
    (overlay,) = ask(dock, "water", extent=part(scene, 0.5, 1.0))
    both = read_pixels(overlay)[0]
    assert both.shape[1] == 256
    np.testing.assert_allclose(both[:, :120], west[:, :120], equal_nan=True)
    assert np.isfinite(both[:, 140:]).all()
    assert read_answer(overlay).extent == pytest.approx(
        (scene.extent().xMinimum(), scene.extent().yMinimum(), scene.extent().xMaximum(), scene.extent().yMaximum())
    )


def test_answers_merged_again_and_again_do_not_lie_in_each_other(dock, scene, results):
    for left in (0.0, 0.25, 0.5, 0.75):
        (overlay,) = ask(dock, "water", extent=part(scene, left, left + 0.25))
    assert np.isfinite(read_pixels(overlay)[0]).all()
    merged = Path(overlay.source())
    assert [path.suffix for path, _ in parts_of(merged, 1)] == [".tif"] * 4
    sides = [Path(name) for name in gdal.Open(str(merged)).GetFileList() if name != str(merged)]
    assert {path.parent.resolve() for path in sides if path.suffix == ".vrt"} == {merged.parent.resolve()}


def test_merged_answers_of_several_prompts_keep_their_bands(dock, scene, results):
    ask(dock, "water", "forest", extent=part(scene, 0.0, 0.5))
    found = {layer.name(): layer for layer in ask(dock, "forest", extent=part(scene, 0.5, 1.0))}
    water, forest = found["water"], found["forest"]
    assert water.width() == 128
    assert forest.width() == 256
    assert np.isfinite(read_pixels(forest)[0]).all()


def test_another_prompt_does_not_merge_and_a_larger_answer_replaces(dock, scene, results):
    ask(dock, "water", extent=part(scene, 0.0, 0.5))
    (overlay,) = ask(dock, "water")
    assert overlay.source().endswith(".tif")
    assert overlay.width() == 256


def test_an_earlier_answer_can_be_shown_again(dock, scene, results):
    (overlay,) = ask(dock, "water", extent=part(scene, 0.0, 0.5))
    first = read_pixels(overlay)
    ask(dock, "water")
    assert [answer.extent is None for answer in past_answers(overlay)] == [False]
    show_past_answer(overlay, 0)
    np.testing.assert_array_equal(read_pixels(overlay), first)
    assert read_answer(overlay).extent is not None
    assert [answer.extent is None for answer in past_answers(overlay)] == [True]


def test_the_panel_undoes_and_lists_earlier_answers(dock, scene, results):
    (overlay,) = ask(dock, "water", extent=part(scene, 0.0, 0.5))
    panel = dock.page.result
    assert not panel.undo_button.isEnabled()
    ask(dock, "water")
    assert overlay.width() == 256
    assert panel.undo_button.isEnabled()
    panel.undo_button.click()
    assert overlay.width() == 128
    assert len(panel.past_menu.actions()) == 1
    panel.past_menu.actions()[0].trigger()
    assert overlay.width() == 256


def test_a_result_whose_file_is_missing_is_computed_again(dock, scene, results, tmp_path):
    (overlay,) = ask(dock, "water")
    overlay.setDataSource(str(tmp_path / "gone.tif"), overlay.name(), "gdal")
    assert not overlay.isValid()
    dock.page.result.set_results([overlay])
    assert not dock.page.result.recompute_button.isHidden()
    dock.page.result.recompute_button.click()
    wait_until(lambda: not dock.highlighter.busy)
    assert overlay.isValid()
    assert overlay.width() == 256


def test_saving_keeps_all_prompts_of_a_run(dock, scene, results, qgis_iface, tmp_path):
    water, forest = ask(dock, "water", "forest")
    done = []
    task = save_scores(water, tmp_path / "both.tif", qgis_iface)
    task.completed.connect(lambda: done.append(True))
    wait_until(lambda: done)
    assert water.source() == forest.source() == str(tmp_path / "both.tif")
    assert band_of(water.renderer()) != band_of(forest.renderer())


def test_a_merged_answer_is_saved_as_a_whole(dock, scene, results, qgis_iface, tmp_path):
    ask(dock, "water", extent=part(scene, 0.0, 0.5))
    (overlay,) = ask(dock, "water", extent=part(scene, 0.5, 1.0))
    scores = read_pixels(overlay)
    done = []
    task = save_scores(overlay, tmp_path / "whole.tif", qgis_iface)
    task.completed.connect(lambda: done.append(True))
    wait_until(lambda: done)
    np.testing.assert_array_equal(read_pixels(str(tmp_path / "whole.tif")), scores)


def test_all_prompts_of_a_run_are_saved_together_also_where_each_was_merged(dock, scene, results, qgis_iface, tmp_path):
    ask(dock, "water", "forest", extent=part(scene, 0.0, 0.5))
    water, forest = ask(dock, "water", "forest", extent=part(scene, 0.5, 1.0))
    assert water.source() != forest.source()
    before = {layer.name(): read_pixels(layer)[0] for layer in (water, forest)}
    done = []
    task = save_scores(forest, tmp_path / "both.tif", qgis_iface)
    task.completed.connect(lambda: done.append(True))
    wait_until(lambda: done)
    assert water.source() == forest.source() == str(tmp_path / "both.tif")
    saved = read_pixels(water)
    for layer in (water, forest):
        np.testing.assert_array_equal(saved[band_of(layer.renderer()) - 1], before[layer.name()])


def test_a_land_cover_map_says_what_it_was_made_of(menu, scene, results):
    menu.classify(scene)
    project = QgsProject.instance()
    wait_until(lambda: not menu.running and any(map(read_map_facts, project.mapLayers().values())))
    (made,) = [layer for layer in project.mapLayers().values() if read_map_facts(layer)]
    facts = read_map_facts(made)
    assert (facts.model, facts.image) == ("geolb-tiny", "scene")
    for text in (QgsLayerNotesUtils.layerNotes(made), made.metadata().abstract()):
        for word in (facts.scheme, facts.classes[0], "geolb-tiny", "scene", "Extent", "Date"):
            assert word in text


def test_the_computed_part_is_outlined(dock, scene, results):
    ask(dock, "water", extent=part(scene, 0.0, 0.5))
    assert dock.outline.band.isVisible()
    ask(dock, "water")
    assert not dock.outline.band.isVisible()


def test_what_lies_between_two_computed_parts_is_not_taken_for_computed(dock, scene, results, qgis_iface):
    ask(dock, "water", extent=part(scene, 0.0, 0.25))
    (overlay,) = ask(dock, "water", extent=part(scene, 0.75, 1.0))
    shown = qgis_iface.mapCanvas().mapSettings().destinationCrs()
    outline = dock.outline.band.asGeometry()
    outline.transform(QgsCoordinateTransform(shown, scene.crs(), QgsProject.instance()))
    shares = [computed_area(overlay).area(), outline.area()]
    assert shares == pytest.approx([0.5 * scene.extent().area()] * 2, rel=0.02)
    assert was_computed(overlay, part(scene, 0.05, 0.2))
    assert not was_computed(overlay, part(scene, 0.4, 0.6))
    ask(dock, "water", extent=part(scene, 0.25, 0.75))
    assert was_computed(overlay, part(scene, 0.05, 0.95))
    assert not dock.outline.band.isVisible()


def test_the_map_is_followed_between_two_computed_parts(dock, scene, results, qgis_iface):
    ask(dock, "water", extent=part(scene, 0.0, 0.25))
    ask(dock, "water", extent=part(scene, 0.75, 1.0))
    QgsProject.instance().setCrs(scene.crs())
    qgis_iface.mapCanvas().setDestinationCrs(scene.crs())
    qgis_iface.mapCanvas().setExtent(spot(scene, 0.5))
    dock.page.area.choose(Area.VISIBLE)
    dock.page.area.view_moved.emit()
    assert dock.highlighter.busy
    wait_until(lambda: not dock.highlighter.busy)


def spot(layer, across):
    """Returns a tenth of a layer's width and height, so that a map window of any shape shows a part of it alone."""
    box = layer.extent()
    middle = QgsPointXY(box.xMinimum() + across * box.width(), box.center().y())
    return QgsRectangle.fromCenterAndSize(middle, 0.1 * box.width(), 0.1 * box.height())


def test_answers_follow_the_map(dock, scene, results, qgis_iface):
    QgsProject.instance().setCrs(scene.crs())
    canvas = qgis_iface.mapCanvas()
    canvas.setDestinationCrs(scene.crs())
    canvas.setExtent(spot(scene, 0.15))
    dock.page.area.choose(Area.VISIBLE)
    dock.page.area.follow_map.setChecked(True)
    dock.page.prompts.set_prompts(["water"])
    dock.page.area.view_moved.emit()
    wait_until(lambda: not dock.highlighter.busy)
    (overlay,) = overlays_of(QgsProject.instance(), scene.id())
    first = overlay.width()
    canvas.setExtent(spot(scene, 0.85))
    wait_until(lambda: dock.highlighter.busy)
    wait_until(lambda: not dock.highlighter.busy)
    assert overlay.width() > first
    dock.page.area.follow_map.setChecked(False)


def test_areas_are_the_same_with_and_without_a_project_ellipsoid(dock, scene, results):
    totals = []
    for ellipsoid in ("NONE", "EPSG:7030"):
        QgsProject.instance().setEllipsoid(ellipsoid)
        ask(dock, "water")
        wait_until(lambda: dock.page.result.histogram() is not None)
        totals.append(dock.page.result.histogram().total)
    assert totals[0] == pytest.approx(totals[1], rel=1e-9)
