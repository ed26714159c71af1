"""Teachers: their files are found and checked, windows join without seams, weak labels are kept where they agree."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import ModelError, SensorError
from training.teachers import files
from training.teachers.dynamic_world import CLASSES, WAVELENGTHS_UM, DynamicWorld, DynamicWorldTeacher, normalise
from training.teachers.files import TeacherFile, find_teacher_file
from training.teachers.scenes import prepare
from training.teachers.sessions import in_windows
from training.teachers.weak_labels import LEGEND, burnt, by_indices, fuse, with_mangroves

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def _needs(teacher):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra: training)")
    try:
        find_teacher_file(teacher)
    except ModelError as problem:
        pytest.skip(problem.message)


@pytest.fixture
def made_file(tmp_path, monkeypatch):
    """A teacher whose file has known content, looked for in an empty cache."""
    content = b"weights"
    made = TeacherFile("made.onnx", hashlib.sha256(content).hexdigest(), "CC0", "made", "made-package==1")
    monkeypatch.setitem(files.TEACHER_FILES, "made", made)
    monkeypatch.setattr(files, "cache_base", lambda: tmp_path / "cache")
    monkeypatch.delenv(files.FOLDER_VARIABLE, raising=False)
    return content


def test_a_teacher_is_found_in_the_folder_named_before_the_cache(made_file, tmp_path, monkeypatch):
    for folder in (tmp_path / "named", tmp_path / "cache" / "teachers"):
        folder.mkdir(parents=True)
        (folder / "made.onnx").write_bytes(made_file)
    assert find_teacher_file("made", tmp_path).parent == tmp_path / "cache" / "teachers"
    monkeypatch.setenv(files.FOLDER_VARIABLE, str(tmp_path / "named"))
    assert find_teacher_file("made", tmp_path).parent == tmp_path / "named"


def test_a_missing_teacher_says_how_to_fetch_it(made_file, tmp_path):
    with pytest.raises(ModelError, match="is not on this computer") as raised:
        find_teacher_file("made", tmp_path)
    assert "training.teachers fetch" in raised.value.hint


def test_another_file_of_the_same_name_is_refused(made_file, tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "made.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match="hash differs"):
        find_teacher_file("made", tmp_path)


@pytest.mark.parametrize("shape", [(64, 64), (65, 130), (20, 300)])
def test_windows_join_to_what_the_whole_image_gives(shape):
    image = np.random.default_rng(0).random((*shape, 2), dtype=np.float32)
    seen = in_windows(lambda window: window[..., :1] * 2 + window[..., 1:], image, 64, 8)
    np.testing.assert_allclose(seen, image[..., :1] * 2 + image[..., 1:], rtol=1e-6)


def _cover(shape, name, sure=0.9):
    probabilities = np.full((len(CLASSES), *shape), (1 - sure) / (len(CLASSES) - 1), np.float32)
    probabilities[CLASSES.index(name)] = sure
    return probabilities


def test_water_needs_the_index_and_the_network_to_agree():
    shape = (4, 4)
    wet = {"green": np.full(shape, 0.1, np.float32), "nir": np.full(shape, 0.02, np.float32)}
    dry = {"green": np.full(shape, 0.05, np.float32), "nir": np.full(shape, 0.3, np.float32)}
    assert (fuse(_cover(shape, "water"), None, wet) == LEGEND["water"]).all()
    assert (fuse(_cover(shape, "built"), None, wet) == 0).all()
    assert (fuse(_cover(shape, "water"), None, dry) == 0).all()
    assert (fuse(_cover(shape, "trees"), None, dry) == LEGEND["trees"]).all()
    assert (fuse(_cover(shape, "trees", 0.15), None, dry) == 0).all()


def test_clouds_hide_what_lies_under_them():
    shape = (2, 2)
    dry = {"green": np.full(shape, 0.05, np.float32), "nir": np.full(shape, 0.3, np.float32)}
    sky = np.zeros((5, *shape), np.float32)
    sky[4] = [[0.9, 0.5], [0.1, 0.0]]
    expected = [[LEGEND["cloud"], 0], [LEGEND["trees"], LEGEND["trees"]]]
    assert fuse(_cover(shape, "trees"), sky, dry).tolist() == expected


def test_indices_leave_what_is_near_their_thresholds_unlabelled():
    bands = {
        "green": np.array([[0.08, 0.05, 0.10, 0.08]], np.float32),
        "red": np.array([[0.06, 0.04, 0.14, 0.08]], np.float32),
        "nir": np.array([[0.03, 0.40, 0.18, 0.17]], np.float32),
    }
    assert by_indices(bands).tolist() == [[LEGEND["water"], LEGEND["green vegetation"], LEGEND["bare"], 0]]


def test_only_woods_south_of_the_villages_are_mangrove():
    labels = np.full((4, 1), LEGEND["trees"], np.uint8)
    assert with_mangroves(labels, 2).ravel().tolist() == [2, 2, LEGEND["mangrove"], LEGEND["mangrove"]]


def test_burnt_ground_is_labelled_inside_the_drawn_box_alone():
    near_infrared, swir = np.full((4, 4), 0.15, np.float32), np.full((4, 4), 0.1, np.float32)
    labels = burnt(near_infrared, swir, (slice(0, 2), slice(0, 2)))
    assert (labels[:2, :2] == LEGEND["burnt"]).all()
    assert labels.sum() == 4 * LEGEND["burnt"]


def test_dynamic_world_input_rises_with_reflectance_within_0_and_1():
    scaled = normalise(np.array([[0.0], [500], [2000], [10_000]]) * np.ones(9))
    assert (np.diff(scaled, axis=0) > 0).all()
    assert scaled.min() >= 0
    assert scaled.max() <= 1


def test_dynamic_world_finds_the_forest_of_a_real_scene():
    _needs("dynamic_world")
    rasterio = pytest.importorskip("rasterio")
    scene = SHARED / "scenes_multispectral" / "s2_l1c_slovenia_ref2.tif"
    if not scene.is_file():
        pytest.skip("the shared scenes are not here")
    with rasterio.open(scene) as source:
        names = list(source.descriptions)
        wanted = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B11", "B12")
        bands = source.read([names.index(name) + 1 for name in wanted])
    with rasterio.open(SHARED / "scenes_multispectral" / "s2_slovenia_lulc.tif") as source:
        forest = source.read(1) == 2
    found = DynamicWorld().probabilities(bands).argmax(0) == CLASSES.index("trees")
    assert (found & forest).sum() / (found | forest).sum() > 0.7


def test_the_dynamic_world_teacher_refuses_colour_pictures():
    _needs("dynamic_world")
    with pytest.raises(SensorError, match="B05"):
        DynamicWorldTeacher().features(torch.zeros(1, 3, 32, 32), torch.tensor([0.665, 0.56, 0.49]))


def test_the_dynamic_world_teacher_says_nothing_that_is_the_same_of_every_class():
    _needs("dynamic_world")
    wavelengths = torch.tensor(WAVELENGTHS_UM)
    images = torch.rand(2, len(wavelengths), 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    features = DynamicWorldTeacher(grid=4).features(images, wavelengths)
    assert features.shape == (2, 16, len(CLASSES))
    assert features.mean(2).abs().max() < 1e-4
    assert features.std() > 0.1


def test_dinov2_tokens_follow_the_image():
    _needs("dinov2")
    pytest.importorskip("onnx", reason="onnx is not installed (extra: training)")
    from training.teachers.dinov2 import DinoV2Teacher

    teacher = DinoV2Teacher()
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    images[..., :32] = -0.9  # the left half is plain and dark
    tokens = teacher.features(images, torch.tensor([0.665, 0.56, 0.49])).view(1, 16, 16, -1)
    assert tokens.shape[-1] == teacher.channels
    left, right = tokens[0, :, :7].flatten(0, 1), tokens[0, :, 9:].flatten(0, 1)
    between = torch.cdist(left.mean(0)[None], right.mean(0)[None])
    assert between > left.std(0).norm()


def test_prepared_scenes_are_read_with_their_labels(tmp_path):
    _needs("ukis_6_bands")
    _needs("dynamic_world")
    if not (SHARED / "scenes_multispectral").is_dir():
        pytest.skip("the shared scenes are not here")
    from core.pretrain.prompt_templates import prompt_templates_of
    from core.pretrain.sources.scenes import SceneSettings, SceneSource

    folders = prepare(SHARED, tmp_path, only=("belgium_07",))
    assert [folder.name for folder in folders] == ["belgium_07"]
    words = {2: ["trees"], 3: ["grass"], 5: ["crops"], 8: ["bare ground"]}
    place = [str(folders[0] / "optical.tif"), str(folders[0] / "radar.tif")]
    settings = SceneSettings([place], land_cover=[str(folders[0] / "labels.tif")], classes=words, crop=64, batch=2)
    batch = SceneSource("belgium", settings, prompt_templates_of(list(words.values()), ["{}"], [])).batch(
        np.random.default_rng(0)
    )
    assert (batch.labels >= 0).float().mean() > 0.2
