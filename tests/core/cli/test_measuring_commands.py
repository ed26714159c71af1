"""Change, sampling, calibration and evaluation on the command line."""

from __future__ import annotations

import json

import numpy as np
import pyogrio
import pytest
import shapely
from painted import COLOURS, paint, painted_labels, write_scene
from PIL import Image

from core.evaluate import benchmarks as benchmark_module


@pytest.fixture
def after(tmp_path):
    labels = painted_labels()
    labels[200:260, 40:280] = 0
    return write_scene(tmp_path / "after.tif", paint(labels, seed=2))


def test_change_of_words_and_of_classes(command, scene, after, tmp_path):
    outcome = command("change", scene, after, "water", "-o", tmp_path / "scores.tif")
    assert outcome.status == 0
    assert "pixels" in outcome.out.splitlines()[1]
    assert "water: gained" in outcome.out
    outcome = command(
        "change", scene, after, "--classes", "water; woods; town", "-o", tmp_path / "classes.tif",
        "--areas", tmp_path / "areas.csv", "--align",
    )  # fmt: skip
    assert outcome.status == 0
    assert "woods → water" in outcome.out
    assert "This was undone." in outcome.out
    assert (tmp_path / "areas.csv").read_text().startswith("code,before,after")


def test_a_change_of_words_gives_its_areas_as_well(command, scene, after, tmp_path):
    areas = tmp_path / "areas.csv"
    outcome = command("change", scene, after, "water", "-o", tmp_path / "o.tif", "--areas", areas, "--json")
    rows = [line.split(",") for line in areas.read_text().splitlines()]
    assert rows[0] == ["prompt", "change", "hectares", "pixels"]
    assert [row[1] for row in rows[1:]] == ["gained", "lost", "stayed"]
    gained = outcome.json["prompts"][0]["gained"]
    assert (float(rows[1][2]), int(rows[1][3])) == (pytest.approx(gained["hectares"]), gained["pixels"])
    assert gained["pixels"] > 0


def test_change_of_nothing_is_wrong_usage(command, scene, after, tmp_path):
    outcome = command("change", scene, after, "-o", tmp_path / "out.tif")
    assert outcome.status == 2
    assert "Say what is to be compared. Give either prompts or a class scheme." in outcome.err


def test_a_sample_is_drawn_and_thresholds_are_calibrated(command, scene, tmp_path):
    command(
        "classify", scene, "--classes", "water; woods; town", "-o", tmp_path / "map.tif", "--scores", tmp_path / "s.tif"
    )
    outcome = command(
        "sample", tmp_path / "map.tif", "-o", tmp_path / "points.gpkg", "--size", "200", "--expect", "water=0.9"
    )
    assert outcome.status == 0
    assert "200 points, expected standard error" in outcome.out
    assert "core accuracy MAP POINTS" in outcome.out
    meta, _, wkb, columns = pyogrio.raw.read(tmp_path / "points.gpkg")
    labels = columns[list(meta["fields"]).index("map_class")]
    pyogrio.raw.write(
        tmp_path / "places.gpkg", wkb, [labels], ["class"], driver="GPKG", geometry_type="Point", crs="EPSG:32632"
    )
    assert len(shapely.from_wkb(wkb)) == 200
    outcome = command(
        "accuracy", tmp_path / "s.tif", tmp_path / "places.gpkg", "--calibrate", tmp_path / "t.json",
        "--map", tmp_path / "calibrated.tif",
    )  # fmt: skip
    assert outcome.status == 0
    assert "F1 held out" in outcome.out
    assert {row["name"] for row in json.loads((tmp_path / "t.json").read_text())["thresholds"]} == {
        "water", "woods", "town",
    }  # fmt: skip
    assert (tmp_path / "calibrated.tif").exists()
    assert command("accuracy", tmp_path / "map.tif", tmp_path / "map.tif", "--map", "x.tif").status == 2
    assert command("sample", tmp_path / "map.tif", "-o", "x.gpkg", "--expect", "water").status == 2


def test_evaluate_runs_all_that_is_here_and_prints_one_table(command, tmp_path, monkeypatch):
    for cover, colour in COLOURS.items():
        (tmp_path / "mini" / cover).mkdir(parents=True)
        for number in range(5):
            noise = np.random.default_rng(number).normal(0, 5, (16, 16, 3))
            image = Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8))
            image.save(tmp_path / "mini" / cover / f"{number}.png")
    listed = {
        "mini": {"title": "Mini", "kind": "chips", "path": "mini", "size": 16, "published": {"Another": 41.5}},
        "elsewhere": {"title": "Elsewhere", "kind": "chips", "path": "elsewhere", "size": 16},
    }
    monkeypatch.setattr(benchmark_module, "benchmarks", lambda: listed)
    outcome = command("evaluate", "--data", tmp_path)
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    assert lines[0].split()[:2] == ["benchmark", "measure"]
    assert lines[1].startswith("mini")
    assert lines[1].endswith("Another 41.5")
    assert "linear probe (5 folds)" in lines[2]
    assert lines[-1] == "Not here: elsewhere"
    assert command("evaluate", "nonsense", "--data", tmp_path).status == 2
    assert "holds no benchmark" in command("evaluate", "--data", tmp_path / "mini").err
