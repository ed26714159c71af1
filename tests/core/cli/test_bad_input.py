"""Bad input: exit status 1, one line that says what and what to do, no output left behind."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from painted import paint, painted_labels, write_scene
from rasterio.transform import Affine

from core.classes import ClassSchemeError
from core.cli.failures import report_failure
from core.dense.stored_features import StoreError
from core.errors import GeoLangBindError, UsageError


def assert_refused(outcome, folder: Path, *words: str, status: int = 1) -> None:
    assert outcome.status == status, outcome
    assert outcome.err.count("\n") == 1, outcome.err
    assert "Traceback" not in outcome.err
    for word in words:
        assert word.lower() in outcome.err.lower(), outcome.err
    assert [path.name for path in folder.glob("*out*")] + [path.name for path in folder.glob(".*out*")] == []


def missing_file(folder: Path) -> Path:
    return folder / "nowhere.tif"


def text_file(folder: Path) -> Path:
    path = folder / "notes.tif"
    path.write_text("these are notes")
    return path


def cut_file(folder: Path) -> Path:
    path = write_scene(folder / "cut.tif", paint(painted_labels()))
    path.write_bytes(path.read_bytes()[:30000])
    return path


def empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def complex_numbers(folder: Path) -> Path:
    return write_scene(folder / "complex.tif", np.ones((1, 64, 64), np.complex64), nodata=None)


def nothing_but_nan(folder: Path) -> Path:
    return write_scene(folder / "nan.tif", np.full((3, 64, 64), np.nan, np.float32), nodata=None)


def nothing_but_nodata(folder: Path) -> Path:
    return write_scene(folder / "nodata.tif", np.zeros((3, 64, 64), np.uint8))


def no_bands(folder: Path) -> Path:
    path = folder / "nothing.vrt"
    path.write_text('<VRTDataset rasterXSize="20" rasterYSize="20"></VRTDataset>')
    return path


def pixels_without_size(folder: Path) -> Path:
    return write_scene(folder / "flat.tif", paint(painted_labels()), transform=Affine(10, 0, 6e5, 10, 0, 5e6))


@pytest.mark.parametrize(
    "raster",
    [
        missing_file, text_file, cut_file, empty_folder, complex_numbers, nothing_but_nan, nothing_but_nodata, no_bands,
        pixels_without_size,
    ],
    ids=lambda make: make.__name__,
)  # fmt: skip
@pytest.mark.parametrize("name", ["highlight", "classify"])
def test_rasters_that_cannot_be_used_are_refused_in_one_line(command, tmp_path, raster: Callable[[Path], Path], name):
    words = ("water",) if name == "highlight" else ()
    outcome = command(name, raster(tmp_path), *words, "-o", tmp_path / "out.tif")
    assert_refused(outcome, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--bands", "1,2,9"), ("band 9",)),
        (("--bands", "0,1,2"), ("band 0",)),
        (("--bands", "1,2", "--wavelengths", "0.6,0.5,0.4"), ("3 wavelengths", "2 bands")),
        (("--wavelengths", "665,560,490"), ("0.665",)),
        (("--sensor", "nonsense"), ("no sensor", "sentinel2_l2a")),
        (("--scaling", "nonsense"), ("no scaling", "uint8")),
        (("--extent", "0,0,10,10"), ("outside the raster",)),
        (("--extent", "601000,4998000,600000,4999000"), ("swapped",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) and str(value[0]).startswith("--") else "",
)
def test_arguments_that_do_not_fit_the_raster_are_refused(command, scene, tmp_path, arguments, words):
    assert_refused(command("highlight", scene, "water", "-o", tmp_path / "out.tif", *arguments), tmp_path, *words)


def test_an_empty_prompt_is_refused(command, scene, tmp_path):
    assert_refused(command("highlight", scene, " | ", "-o", tmp_path / "out.tif"), tmp_path, "empty")


def test_an_unknown_scheme_is_refused_with_the_known_ones(command, scene, tmp_path):
    outcome = command("classify", scene, "--classes", "nonsense", "-o", tmp_path / "out.tif")
    assert_refused(outcome, tmp_path, "no class scheme", "worldcover", status=2)


@pytest.mark.parametrize("output", ["missing/out.tif", ".", "out.png", "/proc/out.tif"])
def test_outputs_that_cannot_be_written_are_refused(command, scene, tmp_path, output):
    assert_refused(command("highlight", scene, "water", "-o", tmp_path / output), tmp_path)


def test_the_input_is_never_overwritten(command, scene, tmp_path):
    before = scene.read_bytes()
    assert_refused(command("highlight", scene, "water", "-o", scene), tmp_path, "input")
    assert scene.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("highlight", "water", "-o", "x.tif", "--vector", "x.txt"), "must end in .gpkg"),
        (("classify", "-o", "x.tif", "--areas", "x.txt"), "must end in .csv"),
        (("classify", "-o", "x.tif", "--scores", "x.tif"), "two results"),
        (("similar", "--at", "600100,4999900", "-o", "scene.tif"), "input"),
        (("find", "-o", "x.shp"), "must end in .gpkg"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_outputs_are_checked_before_any_work_is_done(command, scene, tmp_path, monkeypatch, arguments, word):
    def no_model(*given, **options):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("core.model.zoo.load_model", no_model)
    name, *rest = [str(tmp_path / item) if item.startswith(("x.", "scene.")) else item for item in arguments]
    places = ("water", scene) if name == "find" else (scene,)
    assert_refused(command(name, *places, *rest), tmp_path, word)
    assert not (tmp_path / "x.tif").exists()


def test_metres_without_a_reference_system_are_refused_before_any_work_is_done(command, tmp_path, monkeypatch):
    monkeypatch.setattr("core.model.zoo.load_model", lambda *given, **options: pytest.fail("the model was loaded"))
    raster = write_scene(tmp_path / "nowhere.tif", paint(painted_labels()), crs=None)
    out = tmp_path / "out.tif", "--vector", tmp_path / "out.gpkg"
    assert_refused(
        command("highlight", raster, "water", "-o", *out, "--min-area", "100"), tmp_path, "no coordinate reference"
    )


def test_a_report_never_overwrites_the_map(command, scene, tmp_path):
    assert command("classify", scene, "--classes", "water; forest", "-o", tmp_path / "map.tif").status == 0
    before = (tmp_path / "map.tif").read_bytes()
    outcome = command("accuracy", tmp_path / "map.tif", tmp_path / "map.tif", "--report", tmp_path / "map.tif")
    assert_refused(outcome, tmp_path, "must end in .html")
    assert (tmp_path / "map.tif").read_bytes() == before


def test_a_full_disk_leaves_no_result_and_is_named(command, scene, tmp_path, monkeypatch):
    """Writing fails half-way, as it does when the disk is full."""
    write = rasterio.io.DatasetWriter.write

    def no_space(self, *arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rasterio.io.DatasetWriter, "write", no_space)
    outcome = command("highlight", scene, "water", "-o", tmp_path / "out.tif")
    monkeypatch.setattr(rasterio.io.DatasetWriter, "write", write)
    assert_refused(outcome, tmp_path, "disk is full")


def test_a_full_disk_under_the_feature_store_only_costs_the_store(command, scene, tmp_path, monkeypatch, caplog):
    def no_space(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.dense.stored_features.StoredFeatures._encode", no_space)
    outcome = command("highlight", scene, "water", "-o", tmp_path / "out.tif")
    assert outcome.status == 0
    assert "not kept" in caplog.text


def test_errors_are_json_for_machines(command, tmp_path):
    outcome = command("highlight", tmp_path / "nowhere.tif", "water", "-o", tmp_path / "out.tif", "--json")
    assert outcome.status == 1
    assert outcome.json["error"]["code"] == "input"
    assert outcome.json["error"]["message"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(data=st.data())
def test_broken_and_odd_rasters_end_well(command, tmp_path, data):
    """A map or one line, whatever the file: odd shapes and types, and bytes changed at random."""
    dtype = data.draw(st.sampled_from(["uint8", "int16", "uint16", "float32", "float64", "int32"]))
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 40), st.integers(1, 40)))
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    values = (generator.random(shape) * data.draw(st.sampled_from([1.0, 200.0, 10000.0]))).astype(dtype)
    if values.dtype.kind == "f" and data.draw(st.booleans()):
        values[generator.random(shape) < 0.5] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    path = write_scene(folder / "odd.tif", values, nodata=data.draw(st.sampled_from([None, 0])))
    content = bytearray(path.read_bytes())
    for place, change in data.draw(st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255)), max_size=6)):
        content[int(place * len(content))] ^= change
    path.write_bytes(content[: int(len(content) * data.draw(st.sampled_from([1.0, 1.0, 0.98, 0.5])))])
    output = folder / "out.tif"
    outcome = command("highlight", path, "water", "-o", output)
    assert outcome.status in (0, 1)
    assert "Traceback" not in outcome.err
    assert output.exists() == (outcome.status == 0)
    if outcome.status:
        assert outcome.err.count("\n") == 1, outcome.err


def every_kind_of(error: type[GeoLangBindError]) -> list[type[GeoLangBindError]]:
    return [error, *(kind for below in error.__subclasses__() for kind in every_kind_of(below))]


@pytest.mark.parametrize("kind", [*every_kind_of(GeoLangBindError), ClassSchemeError, StoreError])
def test_wrong_usage_of_every_kind_ends_with_2_and_every_other_error_with_1(kind, capsys):
    assert report_failure(kind("It went wrong.", hint="Do it right.")) == (2 if issubclass(kind, UsageError) else 1)
    assert capsys.readouterr().err == "It went wrong. Do it right.\n"
