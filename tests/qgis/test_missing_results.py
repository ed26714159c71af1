"""Projects whose result files were deleted: they open, say it once, and have the results back or let go of them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from conftest import read_pixels, wait_until
from qgis.core import QgsProject, QgsProjectBadLayerHandler
from qgis.PyQt.QtWidgets import QPushButton
from test_results_stay import ask

from geolangbind_qgis import settings
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.layers.missing_results import is_missing, missing_results
from geolangbind_qgis.layers.overlays import overlays_of
from geolangbind_qgis.layers.project_results import ProjectResults


class Unavailable(QgsProjectBadLayerHandler):
    """Stands for QGIS's window about unavailable layers."""

    def __init__(self, seen):
        super().__init__()
        self._seen = seen

    def handleBadLayers(self, layers):  # noqa: N802 - QGIS calls it by this name
        self._seen.extend(layers)


@pytest.fixture
def unavailable():
    """Layers that QGIS would have asked about."""
    seen = []
    QgsProject.instance().setBadLayerHandler(Unavailable(seen))
    yield seen
    QgsProject.instance().setBadLayerHandler(QgsProjectBadLayerHandler())


@pytest.fixture
def opened(dock, scene, unavailable, tmp_path):
    """A project with answers to two prompts, opened after its results were deleted."""
    settings.remember("results_folder", "")
    results = ProjectResults(settings.results_folder, settings.keeps_all_results)
    ask(dock, "water", "forest")
    project = QgsProject.instance()
    path = str(tmp_path / "meine Karte.qgz")
    assert project.write(path)
    shutil.rmtree(tmp_path / "meine Karte_geolangbind")
    project.clear()
    assert project.read(path)
    wait_until(lambda: dock.missing.item is not None)
    yield project
    results.clean_up()


def buttons(dock):
    return {button.text(): button for button in dock.missing.item.findChildren(QPushButton)}


def test_the_project_opens_without_unavailable_layers_and_names_its_missing_results_once(opened, dock, unavailable):
    assert unavailable == []
    assert [layer.name() for layer in missing_results(opened)] == ["water", "forest"]
    assert "water, forest" in dock.missing.item.text()
    assert set(buttons(dock)) >= {"Compute again", "Remove"}


def test_all_missing_results_are_computed_again(opened, dock):
    buttons(dock)["Compute again"].click()
    wait_until(lambda: not dock.missing.busy and not dock.highlighter.busy)
    (source,) = [layer for layer in opened.mapLayers().values() if layer.name() == "scene"]
    found = overlays_of(opened, source.id())
    assert sorted(layer.name() for layer in found) == ["forest", "water"]
    for layer in found:
        assert not is_missing(layer)
        assert np.isfinite(read_pixels(layer)).all()
        assert layer.width() == 256
    assert dock.missing.item is None


def test_a_result_that_is_computed_again_is_not_named_as_missing_and_the_area_stays_chosen(opened, dock):
    (source,) = [layer for layer in opened.mapLayers().values() if layer.name() == "scene"]
    dock.page.follow(source)
    dock.page.area.choose(Area.VISIBLE)
    (water,) = [layer for layer in missing_results(opened) if layer.name() == "water"]
    dock.runs.recompute(water)
    wait_until(lambda: not dock.highlighter.busy)
    assert not is_missing(water)
    assert dock.page.area.area is Area.VISIBLE
    assert "forest" in dock.missing.item.text()
    assert "water" not in dock.missing.item.text()


def test_a_project_that_is_closed_takes_its_message_along(opened, dock):
    opened.clear()
    assert dock.missing.item is None


def test_missing_results_are_removed_with_what_was_put_in_their_place(opened, dock, tmp_path):
    buttons(dock)["Remove"].click()
    assert [layer.name() for layer in opened.mapLayers().values()] == ["scene"]
    assert list((tmp_path / "meine Karte_geolangbind").glob("*")) == []


def test_the_panel_of_a_missing_result_says_so_and_counts_nothing(opened, dock):
    (source,) = [layer for layer in opened.mapLayers().values() if layer.name() == "scene"]
    dock.page.follow(source)
    wait_until(lambda: dock.page.result.layer() is not None)
    assert "missing" in dock.page.result.area.text()
    assert not dock.page.result.recompute_button.isHidden()
    assert dock.page.result.suggest_button.isHidden()
    assert not dock.areas.is_counting(dock.page.result.layer().id())


def test_other_files_that_are_gone_stay_qgis_s_own_affair(dock, scene, unavailable, tmp_path):
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "p.qgz"))
    (tmp_path / "scene.tif").unlink()
    project.clear()
    project.read(str(tmp_path / "p.qgz"))
    assert len(unavailable) == 1
    assert not (tmp_path / "scene.tif").exists()
