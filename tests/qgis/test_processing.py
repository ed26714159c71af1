"""The algorithms of the provider ``geolangbind``, as the toolbox, the Model Designer and ``qgis_process`` run them."""

from __future__ import annotations

import csv
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import QGIS_PROCESS, ROOT, RUNTIME_PYTHON, read_pixels, wait_until, write_scene
from qgis.core import (
    QgsApplication,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPalettedRasterRenderer,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterRasterLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSingleBandPseudoColorRenderer,
    QgsVectorLayer,
)

from geolangbind_qgis.layers.qgis_versions import band_of


def run(name, parameters, feedback=None):
    """Run an algorithm here and now, as a script does."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"geolangbind:{name}")
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    feedback = feedback or QgsProcessingFeedback()
    results, done = algorithm.run(parameters, context, feedback)
    return results, done, feedback.textLog(), context


def test_highlight_writes_one_band_a_prompt_on_the_grid_of_the_input(provider, scene, tmp_path):
    output = str(tmp_path / "scores.tif")
    parameters = {"INPUT": scene.source(), "PROMPTS": "water; forest | woodland", "OUTPUT": output}
    results, done, log, _ = run("highlight", parameters)
    assert done, log
    scores = read_pixels(results["OUTPUT"])
    assert scores.shape == (2, scene.height(), scene.width())
    assert np.nanmin(scores) >= 0
    assert np.nanmax(scores) <= 1


def test_highlight_draws_polygons_where_asked(provider, scene, tmp_path):
    parameters = {
        "INPUT": scene.source(),
        "PROMPTS": "water",
        "THRESHOLD": 0.01,
        "OUTPUT": str(tmp_path / "scores.tif"),
        "VECTOR": str(tmp_path / "outlines.gpkg"),
    }
    results, done, log, _ = run("highlight", parameters)
    assert done, log
    assert Path(results["VECTOR"]).is_file()


def test_an_extent_in_another_crs_gives_a_part_on_the_same_pixels(provider, scene, tmp_path):
    parameters = {
        "INPUT": scene.source(),
        "PROMPTS": "water",
        "EXTENT": "13.720,13.735,45.670,45.682 [EPSG:4326]",
        "OUTPUT": str(tmp_path / "part.tif"),
    }
    results, done, log, _ = run("highlight", parameters)
    assert done, log
    from osgeo import gdal

    transform = gdal.Open(results["OUTPUT"]).GetGeoTransform()
    offset = (transform[0] - scene.extent().xMinimum()) / 10
    assert offset == pytest.approx(round(offset), abs=1e-6)
    assert 0 < read_pixels(results["OUTPUT"]).shape[2] < scene.width()


def test_classify_takes_a_list_of_classes_and_writes_areas(provider, scene, tmp_path):
    parameters = {
        "INPUT": scene.source(),
        "CLASSES": "water; forest, trees; town",
        "CONFIDENCE": True,
        "OUTPUT": str(tmp_path / "map.tif"),
        "AREAS": str(tmp_path / "areas.csv"),
    }
    results, done, log, _ = run("classify", parameters)
    assert done, log
    assert read_pixels(results["OUTPUT"]).shape[0] == 2
    with open(results["AREAS"], encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(float(row["hectares"]) for row in rows) == pytest.approx(655.36, rel=0.01)


def test_a_wrong_request_ends_with_one_message(provider, scene, tmp_path):
    parameters = {"INPUT": scene.source(), "CLASSES": "no_such_scheme", "OUTPUT": str(tmp_path / "map.tif")}
    _, done, log, _ = run("classify", parameters)
    assert not done
    assert "no_such_scheme" in log
    assert "Traceback" not in log


def test_embed_then_accuracy_then_models(provider, scene, tmp_path):
    _, done, log, _ = run("embed", {"INPUT": scene.source()})
    assert done, log
    parameters = {"INPUT": scene.source(), "CLASSES": "worldcover", "OUTPUT": str(tmp_path / "map.tif")}
    results, done, log, _ = run("classify", parameters)
    assert done, log
    report = str(tmp_path / "report.html")
    results, done, log, _ = run(
        "accuracy", {"MAP": results["OUTPUT"], "REFERENCE": results["OUTPUT"], "REPORT": report}
    )
    assert done, log
    assert results["OVERALL_ACCURACY"] == pytest.approx(1.0)
    assert Path(report).is_file()
    results, done, log, _ = run("models", {"ACTION": "list"})
    assert done, log
    assert "geolb-tiny" in results["MODELS"].split(",")


@pytest.fixture
def three_places(scene):
    """A place in each cover of the scene, named in words, in another coordinate reference system."""
    layer = QgsVectorLayer("Polygon?crs=epsg:4326&field=cover:string", "places", "memory")
    to_degrees = QgsCoordinateTransform(scene.crs(), layer.crs(), QgsProject.instance())
    for number, cover in enumerate(("water", "forest", "town")):
        for row in range(3):
            feature = QgsFeature(layer.fields())
            feature.setAttribute("cover", cover)
            west, north = scene.extent().xMinimum() + 250 + 850 * number, scene.extent().yMaximum() - 300 - 800 * row
            box = QgsGeometry.fromRect(QgsRectangle(west, north - 200, west + 300, north))
            box.transform(to_degrees)
            feature.setGeometry(box)
            layer.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_points_to_label_lie_in_every_class_of_the_map(provider, scene, tmp_path):
    parameters = {"INPUT": scene.source(), "CLASSES": "water; forest; town", "OUTPUT": str(tmp_path / "map.tif")}
    results, done, log, _ = run("classify", parameters)
    assert done, log
    request = {"MAP": results["OUTPUT"], "SIZE": 60, "LEAST": 10, "EXPECTED": "water=0.95"}
    results, done, log, _ = run("sample", {**request, "OUTPUT": str(tmp_path / "points.gpkg")})
    assert done, log
    points = QgsVectorLayer(results["OUTPUT"], "points", "ogr")
    assert points.featureCount() == results["SAMPLES"] == 60
    assert {feature["map_class"] for feature in points.getFeatures()} <= {"water", "forest", "town"}
    assert all(not feature["class"] for feature in points.getFeatures())
    assert 0 < results["EXPECTED_STANDARD_ERROR"] < 0.1


def test_expected_accuracies_are_read_or_refused(provider, scene, tmp_path):
    request = {"MAP": scene.source(), "EXPECTED": "water:0.9", "OUTPUT": str(tmp_path / "points.gpkg")}
    _, done, log, _ = run("sample", request)
    assert not done
    assert "forest=0.9; water=0.95" in log


def test_thresholds_come_from_labelled_places(provider, scene, three_places, tmp_path):
    parameters = {"INPUT": scene.source(), "PROMPTS": "water; forest", "OUTPUT": str(tmp_path / "scores.tif")}
    results, done, log, _ = run("highlight", parameters)
    assert done, log
    request = {"SCORES": results["OUTPUT"], "PLACES": three_places.id(), "MAP": str(tmp_path / "map.tif")}
    results, done, log, _ = run("calibrate", request)
    assert done, log
    names = [part.partition("=")[0] for part in results["THRESHOLDS"].split("; ")]
    assert names == ["water", "forest"]
    assert "from 3 places" in log
    assert read_pixels(results["MAP"]).shape == (1, scene.height(), scene.width())


def test_likeness_can_be_had_on_coarser_pixels(provider, scene, three_places, tmp_path):
    water = three_places.materialize(QgsFeatureRequest().setFilterExpression("cover = 'water'"))
    QgsProject.instance().addMapLayer(water)
    request = {"INPUT": scene.source(), "EXAMPLES": water.id(), "RESOLUTION": 40, "OUTPUT": str(tmp_path / "like.tif")}
    results, done, log, _ = run("similar", request)
    assert done, log
    likeness = read_pixels(results["OUTPUT"])[0]
    assert likeness.shape == (64, 64)
    assert np.nanmean(likeness[:, 4:18]) > np.nanmean(likeness[:, 46:60]) + 0.3


@pytest.mark.parametrize(
    ("name", "more", "look"),
    [
        ("highlight", {"PROMPTS": "water"}, QgsSingleBandPseudoColorRenderer),
        ("classify", {}, QgsPalettedRasterRenderer),
    ],
)
def test_a_task_in_the_background_shares_the_windows_runtime_and_loads_a_styled_layer(
    provider, scene, tmp_path, name, more, look
):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    feedback = QgsProcessingFeedback()
    path = str(tmp_path / f"{name}.tif")
    output = QgsProcessingOutputLayerDefinition(path, QgsProject.instance())
    parameters = {"INPUT": scene.id(), "OUTPUT": output, **more}
    algorithm = QgsApplication.processingRegistry().algorithmById(f"geolangbind:{name}")
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
    ends = []
    task.executed.connect(lambda good, results: ends.append(good))
    QgsApplication.taskManager().addTask(task)
    wait_until(lambda: ends)
    assert ends == [True], feedback.textLog()
    layer = QgsRasterLayer(path, name)
    context.layerToLoadOnCompletionDetails(path).postProcessor().postProcessLayer(layer, context, feedback)
    assert type(layer.renderer()) is look


def test_several_prompts_are_loaded_as_a_layer_each_in_its_own_colour(provider, scene, tmp_path):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    feedback = QgsProcessingFeedback()
    path = str(tmp_path / "scores.tif")
    output = QgsProcessingOutputLayerDefinition(path, QgsProject.instance())
    parameters = {"INPUT": scene.id(), "OUTPUT": output, "PROMPTS": "water; forest | woodland; town"}
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("geolangbind:highlight")
    _, done = algorithm.run(parameters, context, feedback)
    assert done, feedback.textLog()
    first = QgsRasterLayer(path, "water")
    context.layerToLoadOnCompletionDetails(path).postProcessor().postProcessLayer(first, context, feedback)
    others = [layer for layer in QgsProject.instance().mapLayers().values() if layer.source() == path]
    assert sorted(layer.name() for layer in others) == ["forest | woodland · scene", "town · scene"]
    assert sorted(band_of(layer.renderer()) for layer in [first, *others]) == [1, 2, 3]
    assert len({layer.customProperty("geolangbind/colour") for layer in [first, *others]}) == 3


def test_a_result_of_processing_is_offered_with_its_image_and_not_searched_itself(provider, dock, scene, tmp_path):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    feedback = QgsProcessingFeedback()
    path = str(tmp_path / "scores.tif")
    parameters = {"INPUT": scene.id(), "PROMPTS": "water"}
    parameters["OUTPUT"] = QgsProcessingOutputLayerDefinition(path, QgsProject.instance())
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("geolangbind:highlight")
    _, done = algorithm.run(parameters, context, feedback)
    assert done, feedback.textLog()
    layer = QgsRasterLayer(path, "water")
    QgsProject.instance().addMapLayer(layer)
    dock.page.follow(layer)  # as QGIS makes it the active layer before Processing gives it its style
    context.layerToLoadOnCompletionDetails(path).postProcessor().postProcessLayer(layer, context, feedback)
    wait_until(lambda: dock.page.layer() is scene)
    assert [dock.page.layers.layer(index) for index in range(dock.page.layers.count())] == [scene]
    wait_until(lambda: dock.page.result.layer() is layer)


def test_cancel_stops_a_run_in_the_background(provider, tmp_path):
    path = str(write_scene(tmp_path / "large.tif", size=1500))
    feedback = QgsProcessingFeedback()
    context = QgsProcessingContext()
    algorithm = QgsApplication.processingRegistry().algorithmById("geolangbind:highlight")
    parameters = {"INPUT": path, "PROMPTS": "water", "OUTPUT": str(tmp_path / "scores.tif")}
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
    ends = []
    task.executed.connect(lambda good, results: ends.append(good))
    feedback.progressChanged.connect(lambda percent: feedback.cancel() if percent > 0 else None)
    QgsApplication.taskManager().addTask(task)
    wait_until(lambda: ends)
    assert ends == [False]
    assert not (tmp_path / "scores.tif").exists()


def test_the_algorithms_can_be_steps_of_a_model(provider, scene, tmp_path):
    model = QgsProcessingModelAlgorithm("water", "tests")
    model.addModelParameter(QgsProcessingParameterRasterLayer("image", "image"), QgsProcessingModelParameter("image"))
    step = QgsProcessingModelChildAlgorithm("geolangbind:highlight")
    step.setChildId("find")
    step.addParameterSources("INPUT", [QgsProcessingModelChildParameterSource.fromModelParameter("image")])
    step.addParameterSources("PROMPTS", [QgsProcessingModelChildParameterSource.fromStaticValue("water")])
    output = QgsProcessingModelOutput("scores", "scores")
    output.setChildId("find")
    output.setChildOutputName("OUTPUT")
    step.setModelOutputs({"scores": output})
    model.addChildAlgorithm(step)
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    feedback = QgsProcessingFeedback()
    target = str(tmp_path / "model.tif")
    instance = model.create()
    _, done = instance.run({"image": scene.source(), "find:scores": target}, context, feedback)
    assert done, feedback.textLog()
    assert Path(target).is_file()


def test_every_algorithm_has_help_and_an_icon(provider):
    for algorithm in provider.algorithms():
        assert len(algorithm.shortHelpString()) > 80
        assert algorithm.shortDescription()
        assert not algorithm.icon().isNull()
        page, _, anchor = algorithm.helpUrl().partition("#")
        text = Path(page.removeprefix("file://")).read_text(encoding="utf-8")
        assert f'id="{anchor}"' in text


@pytest.mark.slow
def test_qgis_process_runs_headless(session, tmp_path):
    if QGIS_PROCESS is None:
        pytest.skip("qgis_process is not installed")
    scene = write_scene(tmp_path / "scene.tif", size=128)
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "geolangbind_qgis").symlink_to(ROOT)
    environment = {
        **os.environ,
        "QGIS_PLUGINPATH": str(plugins),
        "XDG_DATA_HOME": str(tmp_path / "home"),
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "config"),
        "QT_QPA_PLATFORM": "offscreen",
        "GEOLANGBIND_CACHE": str(tmp_path / "cache"),
    }
    environment.pop("PYTHONPATH", None)
    command = [QGIS_PROCESS, "run", "geolangbind:highlight", "--", f"INPUT={scene}", "PROMPTS=water"]
    subprocess.run([QGIS_PROCESS, "plugins", "enable", "geolangbind_qgis"], env=environment, check=True)
    ended = subprocess.run(
        [*command, f"OUTPUT={tmp_path / 'scores.tif'}"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert read_pixels(str(tmp_path / "scores.tif")).shape == (1, 128, 128)
    assert RUNTIME_PYTHON.is_file()
