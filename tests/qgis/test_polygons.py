"""Polygons as people hand them in, from the dialog and from Processing."""

from __future__ import annotations

import json

import pytest
from conftest import wait_until
from qgis.core import (
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

from geolangbind_qgis.gui.polygons_dialog import PolygonsDialog
from geolangbind_qgis.layers.class_style import apply_class_style
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style

FIELDS = ["code", "name", "area_ha", "score_mean", "score_max", "prompt", "class", "image", "date"]


def run(name, parameters):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"geolangbind:{name}")
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    results, worked = algorithm.run(parameters, context, QgsProcessingFeedback())
    assert worked
    return results


@pytest.fixture
def scores(provider, scene, tmp_path):
    path = str(tmp_path / "scores.tif")
    run("highlight", {"INPUT": scene.id(), "PROMPTS": "water; forest", "OUTPUT": path})
    layer = QgsRasterLayer(path, "water", "gdal")
    apply_score_style(layer, ScoreStyle(0.3), 1)
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def class_map(provider, scene, tmp_path):
    path = str(tmp_path / "classes.tif")
    run("classify", {"INPUT": scene.id(), "CLASSES": "water; forest, trees; town", "OUTPUT": path, "CONFIDENCE": True})
    layer = QgsRasterLayer(path, "classes", "gdal")
    apply_class_style(layer)
    QgsProject.instance().addMapLayer(layer)
    return layer


def make(dialog, path):
    dialog.min_area.setValue(0)
    dialog.file.setFilePath(str(path))
    dialog.make()
    wait_until(lambda: not dialog.busy)
    vectors = [layer for layer in QgsProject.instance().mapLayers().values() if isinstance(layer, QgsVectorLayer)]
    return vectors[0] if vectors else None


def test_the_dialog_writes_right_angles_in_the_projects_reference_system(scores, session, qgis_iface, tmp_path):
    QgsProject.instance().setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    dialog = PolygonsDialog(scores, session.client, qgis_iface)
    assert dialog.in_project_crs.isVisibleTo(dialog)
    for choice in (dialog.right_angles, dialog.separate, dialog.in_project_crs):
        choice.setChecked(True)
    assert not dialog.smooth.isEnabled()
    layer = make(dialog, tmp_path / "outlines.shp")
    assert layer.crs().authid() == "EPSG:3857"
    assert [field.name() for field in layer.fields()] == FIELDS
    first = next(layer.getFeatures())
    assert first["prompt"] == "water"
    assert first["image"] == "scene.tif"
    assert 0.3 <= first["score_mean"] <= first["score_max"] <= 1
    assert first["area_ha"] > 0


def test_the_dialog_draws_every_class_in_its_colour(class_map, session, qgis_iface, tmp_path):
    dialog = PolygonsDialog(class_map, session.client, qgis_iface)
    assert not dialog.separate.isVisibleTo(dialog)
    layer = make(dialog, tmp_path / "classes.fgb")
    assert isinstance(layer.renderer(), QgsCategorizedSymbolRenderer)
    legend = {item.label: item.color.name() for item in class_map.renderer().classes()}
    shown = {item.label(): item.symbol().color().name() for item in layer.renderer().categories()}
    assert shown.items() <= legend.items()
    assert {feature["class"] for feature in layer.getFeatures()} == set(shown)
    assert all(0 < feature["score_mean"] <= 1 for feature in layer.getFeatures())


def test_coco_labels_are_written_and_put_on_no_map(scores, session, qgis_iface, tmp_path):
    dialog = PolygonsDialog(scores, session.client, qgis_iface)
    assert make(dialog, tmp_path / "labels.json") is None
    labels = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    assert labels["categories"] == [{"id": 1, "name": "water", "supercategory": ""}]
    assert labels["images"][0]["width"] == 256


def test_the_algorithm_takes_classes_by_name_and_writes_labels_beside(class_map, tmp_path):
    results = run(
        "polygonise",
        {
            "INPUT": class_map.id(),
            "OF_CLASSES": True,
            "CLASSES": "water",
            "VECTOR": str(tmp_path / "water.geojson"),
            "COCO": str(tmp_path / "water.json"),
        },
    )
    layer = QgsVectorLayer(results["VECTOR"], "water", "ogr")
    assert layer.featureCount() == results["POLYGONS"] >= 1
    assert {feature["class"] for feature in layer.getFeatures()} == {"water"}
    assert len(json.loads((tmp_path / "water.json").read_text())["annotations"]) == results["POLYGONS"]


def test_highlight_writes_the_polygons_of_all_prompts_into_one_shapefile(provider, scene, tmp_path):
    path = str(tmp_path / "both.shp")
    wanted = {"PROMPTS": "water; forest", "THRESHOLD": 0.3, "OUTPUT": str(tmp_path / "s.tif"), "VECTOR": path}
    run("highlight", {"INPUT": scene.id(), "SEPARATE": True, "VECTOR_CRS": "EPSG:25833", **wanted})
    layer = QgsVectorLayer(path, "both", "ogr")
    assert layer.crs().authid() == "EPSG:25833"
    assert {feature["prompt"] for feature in layer.getFeatures()} <= {"water", "forest"}
    assert layer.featureCount() >= 1
