"""Fine-tuning on own classes, from the toolbox and from the dock."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import read_pixels, wait_until
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from test_processing import run

from geolangbind_qgis import settings


def add_feature(layer, geometry, name):
    feature = QgsFeature(layer.fields())
    feature.setGeometry(geometry)
    feature.setAttribute(0, name)
    layer.dataProvider().addFeature(feature)


@pytest.fixture
def labels(scene):
    """Squares of each cover in a layer that lies in memory alone."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:32633&field=class:string", "labels", "memory")
    extent = scene.extent()
    for third, name in enumerate(("water", "forest", "town")):
        for row in range(5):
            x = extent.xMinimum() + 850 * third + 120 + 90 * row
            y = extent.yMinimum() + 480 * row + 100
            add_feature(layer, QgsGeometry.fromRect(QgsRectangle(x, y, x + 150, y + 150)), name)
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_the_toolbox_fine_tunes_a_model_that_is_listed_at_once(provider, scene, labels):
    parameters = {"RASTERS": [scene.id()], "LABELS": labels.id(), "FIELD": "class", "NAME": "coast", "STEPS": 4}
    results, done, log, _ = run("finetune", parameters)
    assert done, log
    assert results["NEW_MODEL"] == "coast"
    assert 0 <= results["ACCURACY_BEFORE"] <= 1
    assert "water" in log
    listed, _, _, _ = run("models", {"ACTION": "list"})
    assert "coast" in listed["MODELS"].split(",")


def test_bad_labels_are_one_plain_line(provider, scene, labels):
    labels.dataProvider().changeAttributeValues({feature.id(): {0: "water"} for feature in labels.getFeatures()})
    _, done, log, _ = run("finetune", {"RASTERS": [scene.id()], "LABELS": labels.id(), "FIELD": "class", "NAME": "x"})
    assert not done
    assert "one class alone" in log
    assert "Traceback" not in log


def test_places_that_look_like_an_example_score_high(provider, scene, tmp_path):
    example = QgsVectorLayer("Point?crs=EPSG:32633&field=class:string", "example", "memory")
    add_feature(example, QgsGeometry.fromWkt(f"Point({scene.extent().xMinimum() + 400} 5059000)"), "water")
    QgsProject.instance().addMapLayer(example)
    output = str(tmp_path / "like.tif")
    _, done, log, _ = run("similar", {"INPUT": scene.source(), "EXAMPLES": example.id(), "OUTPUT": output})
    assert done, log
    scores = read_pixels(output)[0]
    assert np.nanmean(scores[:, 10:70]) > np.nanmean(scores[:, 100:160]) + 0.2


def test_the_dock_fine_tunes_plots_the_loss_and_selects_the_new_model(dock, session, scene, labels):
    chosen = settings.value("model", "geolb-tiny")
    dock.show_finetune_page(True)
    page = dock.finetune
    page.labels.setLayer(labels)
    assert page.field.currentField() == "class"
    assert page.chosen_rasters() == [scene]
    page.name.setText("from-the-dock")
    page.steps.setValue(8)
    ended = []
    page.trained.connect(lambda *what: ended.append(what))
    page.runner.failed.connect(ended.append)
    try:
        page.run()
        wait_until(lambda: page.curve.count >= 2 or ended)
        page.grab()
        assert not page.run_bar.run_button.isVisibleTo(page)
        wait_until(lambda: ended)
        assert ended == [("from-the-dock", "from-the-dock")]
        assert session.model == "from-the-dock"
        assert dock.page.model.currentData() == "from-the-dock"
        assert "water" in page.result.text()
    finally:
        settings.remember("model", chosen)


def test_a_cancelled_fine_tuning_leaves_no_model(dock, session, scene, labels):
    dock.show_finetune_page(True)
    page = dock.finetune
    page.labels.setLayer(labels)
    page.name.setText("never")
    failures = []
    page.runner.failed.connect(failures.append)
    page.run()
    wait_until(lambda: page.curve.count >= 1 or failures)
    page.runner.cancel()
    wait_until(lambda: failures)
    assert failures[0].cancelled
    assert not page.runner.busy
    assert "never" not in [card["name"] for card in session.facts.get("models") or []]


def test_what_is_missing_is_reported_before_anything_starts(dock, scene, labels):
    dock.show_finetune_page(True)
    page = dock.finetune
    page.labels.setLayer(labels)
    page.rasters.item(0).setCheckState(Qt.CheckState.Unchecked)
    page.run()
    assert not page.runner.busy
    assert "image" in page.run_bar.message.text()
