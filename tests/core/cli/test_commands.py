"""Every command does its job and says so, in words and in JSON."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from painted import paint, painted_labels, write_scene

from core.cli import doctor

ROOT = Path(__file__).resolve().parents[3]


def share_found(path: Path, cover: int) -> float:
    with rasterio.open(path) as file:
        found = np.nan_to_num(file.read(1)) > 0.5
    truth = painted_labels() == cover
    return (found & truth).sum() / (found | truth).sum()


def test_highlight_writes_scores(command, scene, tmp_path):
    outcome = command("highlight", scene, "water", "-o", tmp_path / "out.tif")
    assert outcome.status == 0
    assert "water on 420 × 300 pixels" in outcome.out
    assert share_found(tmp_path / "out.tif", 0) > 0.9


def test_json_is_all_that_a_machine_reads(command, scene, tmp_path):
    outcome = command("highlight", scene, "lake", "town", "--not", "woods", "-o", tmp_path / "out.tif", "--json")
    assert outcome.status == 0
    assert outcome.json["prompts"] == ["lake", "town"]
    assert outcome.json["output"] == str(tmp_path / "out.tif")


def test_classify_writes_a_map_its_areas_and_its_polygons(command, scene, tmp_path):
    outcome = command(
        "classify", scene, "--classes", "lake; forest; houses", "-o", tmp_path / "map.tif",
        "--areas", tmp_path / "areas.csv", "--vector", tmp_path / "map.gpkg", "--min-area", "500", "--confidence",
    )  # fmt: skip
    assert outcome.status == 0
    assert "forest" in outcome.out
    assert (tmp_path / "areas.csv").read_text().count("\n") == 4
    assert (tmp_path / "map.gpkg").exists()
    compared = command("accuracy", tmp_path / "map.tif", tmp_path / "map.tif", "--json")
    assert compared.json["overall"] == 1.0


def test_embed_then_cache_list_verify_and_clear(command, scene):
    assert command("embed", scene, "--json").json["rasters"][0]["chunks_computed"] > 0
    assert command("embed", scene, "--json").json["rasters"][0]["chunks_computed"] == 0
    listed = command("cache", "list", "--json").json["entries"]
    assert [entry["about"]["raster"] for entry in listed] == [str(scene)]
    assert "all whole" in command("cache", "verify").out
    mistyped = command("cache", "clear", "zzz")
    assert (mistyped.status, mistyped.err) == (1, "The feature store has no entry zzz. core cache list shows them.\n")
    assert "MB freed" in command("cache", "clear").out
    assert command("cache", "list", "--json").json["entries"] == []


def test_similar_takes_places_with_minus_signs(command, tmp_path):
    transform = rasterio.transform.from_origin(-5000, 5000, 10, 10)
    scene = write_scene(tmp_path / "scene.tif", paint(painted_labels()), transform=transform)
    outcome = command("similar", scene, "--at", "-3695,3495", "-o", tmp_path / "out.tif")
    assert outcome.status == 0
    assert share_found(tmp_path / "out.tif", 0) > 0.8


def test_an_extent_may_begin_with_a_minus_sign(command, tmp_path):
    transform = rasterio.transform.from_origin(-5000, 5000, 10, 10)
    scene = write_scene(tmp_path / "scene.tif", paint(painted_labels()), transform=transform)
    outcome = command(
        "highlight", scene, "water", "--extent", "-4500,3000,-3000,4000", "-o", tmp_path / "out.tif", "--json"
    )
    assert outcome.json["extent"] == [-4500.0, 3000.0, -3000.0, 4000.0]


def test_doctor_explains_a_raster_and_the_computer(command, scene):
    outcome = command("doctor", scene)
    assert outcome.status == 0
    assert "Fed to the model" in outcome.out
    assert "red" in outcome.out
    assert "torch" in command("doctor").out


def test_bands_and_wavelengths_may_be_given(command, scene):
    told = command("doctor", scene, "--bands", "3,1", "--wavelengths", "0.49,0.665", "--json").json
    assert [(band["number"], band["wavelength_um"]) for band in told["bands"]] == [(3, 0.49), (1, 0.665)]


def test_models_are_listed(command):
    assert "geolb-tiny" in command("models", "list").out


@pytest.mark.parametrize("kind", ["folder", "vrt", "envi"])
def test_other_kinds_of_rasters_score_the_same(command, scene, tmp_path, kind):
    command("highlight", scene, "water", "-o", tmp_path / "expected.tif", "--sensor", "aerial_rgb")
    if kind == "folder":
        given = tmp_path / "bands"
        given.mkdir()
        values = paint(painted_labels())
        for name, band in zip(("red", "green", "blue"), values, strict=True):
            write_scene(given / f"scene_{name}.tif", band[None])
    elif kind == "vrt":
        given = tmp_path / "scene.vrt"
        rasterio.shutil.copy(scene, given, driver="VRT")
    else:
        given = tmp_path / "scene.img"
        rasterio.shutil.copy(scene, given, driver="ENVI")
    outcome = command(
        "highlight", given, "water", "-o", tmp_path / "out.tif", "--bands", "1,2,3", "--sensor", "aerial_rgb"
    )
    assert outcome.status == 0, outcome.err
    with rasterio.open(tmp_path / "expected.tif") as one, rasterio.open(tmp_path / "out.tif") as other:
        # A folder's bands come in another order, whose sums round differently: a step of the quantiser here and there.
        assert np.abs(one.read() - other.read()).max() < 5e-3


def test_a_cog_is_read_from_a_server(command, scene, tmp_path, range_server):
    rasterio.shutil.copy(scene, tmp_path / "cog.tif", driver="COG")
    outcome = command("highlight", f"{range_server}/cog.tif", "water", "-o", tmp_path / "out.tif")
    assert outcome.status == 0, outcome.err
    assert share_found(tmp_path / "out.tif", 0) > 0.9
    missing = command("highlight", f"{range_server}/other.tif", "water", "-o", tmp_path / "out2.tif")
    assert missing.status == 1
    assert missing.err.count("\n") == 1


def test_usage_errors_exit_with_two(command, scene, tmp_path):
    for arguments in (
        ("highlight", scene),
        ("nonsense",),
        ("highlight", scene, "water", "-o", tmp_path / "o.tif", "--extent", "1,2,3"),
        ("highlight", scene, "water", "-o", tmp_path / "o.tif", "--bands", "red"),
        ("highlight", scene, "water", "-o", tmp_path / "o.tif", "--threshold", "7"),
        ("highlight", scene, "water", "-o", tmp_path / "o.tif", "--resolution", "nan"),
        ("highlight", scene, "water", "-o", tmp_path / "o.tif", "--min-area", "nan"),
        ("highlight", scene, "water", "-o", tmp_path / "o.tif", "--simplify", "inf"),
        ("sample", scene, "-o", tmp_path / "o.gpkg", "--seed", "-1"),
        ("similar", scene, "--at", "here", "-o", tmp_path / "o.tif"),
    ):
        outcome = command(*arguments)
        assert outcome.status == 2, arguments
        assert "Traceback" not in outcome.err


def run_process(*arguments: object, stdout: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "core", *(str(argument) for argument in arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=stdout, stderr=subprocess.PIPE)


def test_help_is_instant_because_nothing_heavy_is_imported():
    code = "import sys, core.cli.main; print(*{'torch', 'rasterio', 'numpy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_what_c_libraries_say_past_python_is_not_heard(command, monkeypatch):
    def run(options, console):
        os.write(2, b"_tiffWriteProc: No space left on device.\n")
        print("ours", file=sys.stderr)
        return {"failed": False}

    monkeypatch.setattr(doctor, "run", run)
    monkeypatch.setattr(doctor, "show", lambda result: "done")
    assert command("doctor") == (0, "done\n", "ours\n")
    assert "_tiffWriteProc" in command("doctor", "--verbose").err
    child = subprocess.run(
        [sys.executable, "-c", HEARD], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert child.stderr == "before\nours\nafter\n"


def test_numbers_that_are_none_are_null_in_json(command, monkeypatch):
    monkeypatch.setattr(doctor, "run", lambda options, console: {"figures": [{"interval": (math.nan, 0.5)}]})
    assert command("doctor", "--json").out == '{"figures": [{"interval": [null, 0.5]}]}\n'


HEARD = """
import os, sys
from core.cli.streams import silence_libraries
os.write(2, b"before\\n")
with silence_libraries():
    os.write(2, b"noise\\n")
    print("ours", file=sys.stderr)
os.write(2, b"after\\n")
"""


def test_a_reader_that_has_enough_gets_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    process = run_process("models", "list", stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=120)
    assert err == ""


def test_ctrl_c_stops_with_one_line_and_leaves_nothing(command, scene, tmp_path, monkeypatch):
    from core.dense.pixels import PixelScores

    def interrupted(self, window):
        raise KeyboardInterrupt

    monkeypatch.setattr(PixelScores, "read", interrupted)
    outcome = command("highlight", scene, "water", "-o", tmp_path / "out.tif")
    assert outcome.status == 130
    assert outcome.err.count("\n") == 1
    assert list(tmp_path.glob("*out*")) + list(tmp_path.glob(".*out*")) == []
