"""Simulated scenes as files that look like the sensor's own."""

import json
import subprocess
import sys

import numpy as np
import pytest
import rasterio

from core.errors import OutputError, SensorError
from training.simulate.__main__ import main
from training.simulate.demo import DEMO
from training.simulate.materials import MATERIAL_INDEX
from training.simulate.truth import esri, materials_meant, prompt_truth, worldcover
from training.simulate.write import SceneRequest, write_scene


def test_a_scene_is_written_with_bands_truth_and_colours(tmp_path):
    scene, truth, materials = tmp_path / "scene.tif", tmp_path / "truth.tif", tmp_path / "materials.tif"
    write_scene(SceneRequest("sentinel2_l2a", 90, 70, seed=3), scene, truth=truth, materials=materials)
    with rasterio.open(scene) as file:
        assert (file.count, file.height, file.width, file.dtypes[0]) == (12, 90, 70, "uint16")
        assert file.descriptions[:4] == ("B01", "B02", "B03", "B04")
        assert file.nodata == 0
        assert file.read().min() >= 1
        assert file.crs.is_projected
        assert file.res == (10, 10)
        grid = (file.crs, file.transform)
    with rasterio.open(truth) as file:
        assert (file.crs, file.transform) == grid
        codes = set(np.unique(file.read(1)).tolist())
        assert codes <= {10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100}
        assert file.colormap(1)[80][:3] == (0, 100, 200)
        assert json.loads(file.tags()["CLASS_NAMES"])["10"] == "Tree cover"
        cover = file.read(1)
    with rasterio.open(materials) as file:
        labels = file.read(1)
    assert np.array_equal(worldcover(labels), cover)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["materials.tif", "scene.tif", "truth.tif"]


def test_blocks_of_a_large_scene_join_without_a_seam(tmp_path):
    place = (300, -700)
    write_scene(
        SceneRequest("sentinel2_l2a", 40, 560, seed=5, bands=("B04", "B08"), place=place), tmp_path / "wide.tif"
    )
    moved = (place[0] + 480, place[1])
    write_scene(
        SceneRequest("sentinel2_l2a", 40, 80, seed=5, bands=("B04", "B08"), place=moved), tmp_path / "middle.tif"
    )
    with rasterio.open(tmp_path / "wide.tif") as wide, rasterio.open(tmp_path / "middle.tif") as middle:
        a, b = wide.read()[:, :, 480:].astype(int), middle.read().astype(int)
    assert np.abs(a - b).max() <= 1


@pytest.mark.parametrize(
    ("sensor", "dtype", "count"),
    [("sentinel1", "float32", 2), ("aerial_rgb", "uint8", 3), ("landsat8_oli", "uint16", 11), ("dem", "float32", 1)],
)
def test_each_sensor_writes_numbers_as_its_product_does(tmp_path, sensor, dtype, count):
    write_scene(SceneRequest(sensor, 32, 32, seed=2), tmp_path / "x.tif")
    with rasterio.open(tmp_path / "x.tif") as file:
        assert file.dtypes[0] == dtype
        assert file.count == count
        if sensor == "landsat8_oli":
            assert 250 < file.read(10).mean() * 0.00341802 + 149 < 335
        if sensor == "aerial_rgb":
            assert file.res == (0.5, 0.5)


def test_an_unknown_sensor_is_refused(tmp_path):
    with pytest.raises(SensorError, match="sputnik"):
        write_scene(SceneRequest("sputnik", 8, 8, seed=1), tmp_path / "x.tif")


def test_an_unwritable_place_leaves_nothing(tmp_path):
    with pytest.raises(OutputError):
        write_scene(SceneRequest("dem", 8, 8, seed=1), tmp_path / "no folder" / "x.tif")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_scene_and_says_what_is_wrong_in_one_line(tmp_path, capsys):
    out = tmp_path / "s.tif"
    assert (
        main(
            [
                "--sensor",
                "sentinel2_l2a",
                "--size",
                "40x24",
                "--seed",
                "3",
                "-o",
                str(out),
                "--truth",
                str(tmp_path / "t.tif"),
            ]
        )
        == 0
    )
    with rasterio.open(out) as file:
        assert (file.width, file.height) == (40, 24)
    assert main(["--sensor", "nothing", "-o", str(out)]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_the_module_runs_from_the_repository_root(tmp_path, pytestconfig):
    command = [
        sys.executable,
        "-m",
        "training.simulate",
        "--size",
        "16",
        "--sensor",
        "dem",
        "-o",
        str(tmp_path / "d.tif"),
    ]
    subprocess.run(command, cwd=pytestconfig.rootpath, check=True)
    assert (tmp_path / "d.tif").exists()


def test_words_lead_to_materials_and_codes():
    labels = np.array(
        [[MATERIAL_INDEX["river"], MATERIAL_INDEX["vineyard"], MATERIAL_INDEX["coniferous woodland"]]], np.uint8
    )
    assert prompt_truth(labels, "water").tolist() == [[True, False, False]]
    assert prompt_truth(labels, "vineyard or orchard").tolist() == [[False, True, False]]
    assert prompt_truth(labels, "Forest").tolist() == [[False, False, True]]
    assert worldcover(labels).tolist() == [[80, 40, 10]]
    assert esri(labels).tolist() == [[1, 4, 2]]
    assert MATERIAL_INDEX["orchard"] in materials_meant("vineyard or orchard")
    with pytest.raises(KeyError):
        prompt_truth(labels, "unicorns")


@pytest.mark.slow
def test_the_demo_shows_water_trees_grass_crops_and_towns(tmp_path):
    request = DEMO.__class__(**{**DEMO.__dict__, "sensor": "dem"})  # the truth does not depend on the sensor
    write_scene(request, tmp_path / "x.tif", truth=tmp_path / "truth.tif")
    with rasterio.open(tmp_path / "truth.tif") as file:
        codes, counts = np.unique(file.read(1), return_counts=True)
    shares = dict(zip(codes.tolist(), (counts / counts.sum()).tolist(), strict=True))
    assert all(shares.get(code, 0) > 0.02 for code in (10, 30, 40, 50, 80))
