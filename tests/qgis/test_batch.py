"""The batch window of Processing: many layers, one after the other, each with a styled result."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from conftest import read_pixels, wait_until, write_scene
from qgis.core import (
    QgsApplication,
    QgsLayerTreeModel,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProject,
    QgsRasterLayer,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.gui import QgsBrowserGuiModel, QgsLayerTreeView
from qgis.PyQt.QtCore import QEvent
from qgis.PyQt.QtWidgets import QFileDialog, QLabel, QTextEdit

from geolangbind_qgis.processing.provider import ALGORITHMS

WINDOWS = []
NAMES = [algorithm().name() for algorithm in ALGORITHMS]
PLACES = "a file of places"
EXAMPLE_VALUES = {
    "highlight": {"PROMPTS": "water; forest | woodland", "NOT": "town", "THRESHOLD": 0.4, "RESOLUTION": 20.0},
    "classify": {"CLASSES": "water; forest, trees", "CONFIDENCE": True, "SENSOR": "sentinel2-l2a"},
    "change": {"PROMPTS": "burnt forest", "SHIFT": "align", "LEAST_DIFFERENCE": 0.3},
    "finetune": {"RASTERS": [PLACES], "LABELS": PLACES, "NAME": "mine", "MODE": "full", "NAMES": "1=water"},
    "similar": {"EXAMPLES": PLACES, "TEXT": "water"},
    "accuracy": {"REFERENCE": PLACES, "FIELD": "class"},
    "sample": {"EXPECTED": "forest=0.9", "SIZE": 40, "SEED": 3},
    "calibrate": {"PLACES": PLACES, "FIELD": "class"},
    "polygonise": {"THRESHOLD": 0.4, "SEPARATE": True, "RIGHT_ANGLES": True, "VECTOR_CRS": "EPSG:25833"},
    "cluster": {"CLUSTERS": 5, "SEED": 3},
    "models": {"ACTION": "import", "FILE": "model.safetensors"},
}


@pytest.fixture(scope="module")
def batch_window(qgis_iface):
    """The class of QGIS's own batch window; its plugin folder is where QGIS would look for it.

    QGIS 3.44 loads results through the main window's tree of layers, which the stand-in of that window lacks.
    """
    folder = str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins")
    tree = QgsLayerTreeView()
    tree.setModel(QgsLayerTreeModel(QgsProject.instance().layerTreeRoot(), tree))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(qgis_iface, "layerTreeView", lambda: tree, raising=False)
        from processing.core.Processing import Processing
        from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog

        Processing.initialize()
        yield BatchAlgorithmDialog
    tree.deleteLater()


@pytest.fixture(autouse=True)
def no_window_outlives_its_test():
    """QGIS 3.40 ends where a window still offers the layers of a project that is cleared."""
    yield
    while WINDOWS:
        window = WINDOWS.pop()
        window.close()
        window.deleteLater()
    QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def two_layers(scene, tmp_path):
    other = QgsRasterLayer(str(write_scene(tmp_path / "other.tif", size=128)), "other", "gdal")
    QgsProject.instance().addMapLayer(other)
    return [scene, other]


@pytest.fixture
def places(tmp_path):
    """A vector file with a class."""
    path = tmp_path / "places.geojson"
    place = {"type": "Point", "coordinates": [13.72, 45.67]}
    feature = {"type": "Feature", "properties": {"class": "water"}, "geometry": place}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def open_batch(batch_window, name):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"geolangbind:{name}")
    window = batch_window(algorithm)
    WINDOWS.append(window)
    window.mainWidget().checkLoadLayersOnCompletion.setChecked(True)
    window.show()
    return window


def open_dialog(name):
    from processing.gui import ParametersPanel
    from processing.gui.AlgorithmDialog import AlgorithmDialog

    ParametersPanel.iface.browserModel = QgsBrowserGuiModel
    window = AlgorithmDialog(QgsApplication.processingRegistry().createAlgorithmById(f"geolangbind:{name}"))
    WINDOWS.append(window)
    window.show()
    return window


def fill(window, rows):
    """Fill the table as a person does: a value into the cells named, nothing into the others."""
    panel = window.mainWidget()
    panel.addRow(len(rows) - panel.batchRowCount())
    for number, row in enumerate(rows):
        for name, value in row.items():
            column = panel.parameter_to_column[name]
            wrapper = panel.wrappers[number][column]
            if wrapper is not None:
                wrapper.setParameterValue(value, panel.processing_context)
            else:
                panel.tblParameters.cellWidget(number + 1, column).setValue(value)


def row_parameters(window, row):
    """Returns a row's parameters and whether they are complete; newer QGIS also asks for the context."""
    panel = window.mainWidget()
    context = {"context": panel.processing_context}
    wanted = inspect.signature(panel.parametersForRow).parameters
    return panel.parametersForRow(row, **{name: value for name, value in context.items() if name in wanted})


def log_of(window):
    return window.findChild(QTextEdit, "txtLog").toPlainText()


def layers_of(files):
    found = {layer.source(): layer for layer in QgsProject.instance().mapLayers().values()}
    return [found.get(file) for file in files]


@pytest.mark.parametrize(
    ("name", "more", "look"),
    [
        ("highlight", {"PROMPTS": "water"}, QgsSingleBandPseudoColorRenderer),
        ("classify", {"CLASSES": "water; forest, trees; town"}, QgsPalettedRasterRenderer),
    ],
)
def test_a_batch_over_two_layers_gives_two_styled_layers(
    batch_window, provider, two_layers, tmp_path, name, more, look
):
    window = open_batch(batch_window, name)
    files = [str(tmp_path / f"result_{layer.name()}.tif") for layer in two_layers]
    fill(window, [{"INPUT": layer.id(), "OUTPUT": file, **more} for layer, file in zip(two_layers, files, strict=True)])
    window.runAlgorithm()
    wait_until(lambda: not QgsApplication.taskManager().count())
    made = layers_of(files)
    assert all(made), log_of(window)
    assert "not correctly generated" not in log_of(window)  # of outputs that nobody asked for
    assert [type(layer.renderer()) for layer in made] == [look, look]
    assert [layer.name().rpartition(" · ")[2] for layer in made] == ["scene", "other"]
    assert [read_pixels(file).shape for file in files] == [(1, 256, 256), (1, 128, 128)]


@pytest.mark.parametrize("name", NAMES)
def test_the_table_can_be_saved_and_opened_again(batch_window, provider, places, tmp_path, monkeypatch, name):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "table"), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(next(tmp_path.glob("table*"))), ""))
    window = open_batch(batch_window, name)
    panel = window.mainWidget()
    examples = json.loads(json.dumps(EXAMPLE_VALUES.get(name, {})).replace(PLACES, str(places)))
    destinations = window.algorithm().destinationParameterDefinitions()
    outputs = {each.name(): str(tmp_path / f"{each.name()}.{each.defaultFileExtension()}") for each in destinations}
    fill(window, [{**examples, **outputs}])
    before, complete = row_parameters(window, 0)
    assert complete, window.messageBar().currentItem().text()
    panel.save()
    panel.load()
    after, complete = row_parameters(window, 0)
    assert complete
    assert after == before


@pytest.mark.parametrize("name", NAMES)
def test_the_window_of_every_algorithm_opens_in_a_project_of_rasters(batch_window, provider, two_layers, name):
    window = open_dialog(name)
    assert window.windowTitle() == window.algorithm().displayName()
    assert window.mainWidget() is not None
    window.close()


@pytest.mark.parametrize(("name", "raster"), [("highlight", "INPUT"), ("change", "BEFORE")])
def test_the_window_asks_for_the_pixel_size_in_the_units_of_the_layer(batch_window, provider, tmp_path, name, raster):
    path = write_scene(tmp_path / "degrees.tif", size=64, epsg=4326, origin=(13.0, 45.0), pixel=0.0001)
    in_degrees = QgsRasterLayer(str(path), "in degrees", "gdal")
    QgsProject.instance().addMapLayer(in_degrees)
    window = open_dialog(name)
    wrappers, context = window.mainWidget().wrappers, QgsProcessingContext()
    wrappers[raster].setParameterValue(in_degrees.id(), context)
    field = wrappers["RESOLUTION"].wrappedWidget()
    assert "degrees" in [label.text() for label in field.findChildren(QLabel) if label.isVisibleTo(field)]
    assert wrappers["RESOLUTION"].parameterValue() is None  # the layer's own
    wrappers["RESOLUTION"].setParameterValue(0.0001, context)
    assert wrappers["RESOLUTION"].parameterValue() == 0.0001
    window.close()
