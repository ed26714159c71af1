"""The pixel classifier of a head-only fine-tuning: accuracy of maps, the file, other bands and other classes."""

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import shapely
import torch
from rasterio.transform import from_origin
from safetensors import safe_open
from safetensors.torch import save_file
from vector_files import write_vector

from core.context import Context
from core.errors import ModelError
from core.finetune.pixel_fit import MOST_WORDS, fit_pixel_classifier
from core.finetune.session import fine_tune
from core.finetune.settings import FinetuneSettings
from core.model import create_model, load_model
from core.model.cards import CLASSIFIER_FILE
from core.model.model_cache import ModelCache
from core.model.pixel_classifier import read_pixel_classifiers, save_pixel_classifiers
from core.model.weight_files import save_model
from core.model.zoo import import_model
from core.protocol import ClassifyParams, Source
from core.tasks import classify

SIDE, CELL = 192, 32
CLASSES = ("water", "forest", "sand")
COLOURS = np.array([(20, 40, 160), (20, 90, 30), (220, 200, 140)], float)
ORIGIN = (600000, 5000000)


def cover():
    """The class of every pixel (H, W): cells of 32 pixels in diagonal stripes."""
    row, col = np.mgrid[:SIDE, :SIDE] // CELL
    return (row + col) % len(CLASSES)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_config):
    """Folder with a picture, the start (random weights) and a model fine-tuned on it, head only."""
    folder = tmp_path_factory.mktemp("pixels")
    torch.manual_seed(1)
    save_model(create_model(tiny_config).eval(), folder / "start", {"name": "start"}, torch.float16)
    noise = np.random.default_rng(0).normal(0, 10, (3, SIDE, SIDE))
    picture = np.clip(COLOURS[cover()].transpose(2, 0, 1) + noise, 1, 255).astype(np.uint8)
    options = {"driver": "GTiff", "dtype": "uint8", "crs": "EPSG:32632", "height": SIDE, "width": SIDE}
    options |= {"transform": from_origin(*ORIGIN, 10, 10)}
    with rasterio.open(folder / "picture.tif", "w", count=3, photometric="RGB", **options) as file:
        file.write(picture)
    with rasterio.open(folder / "two_bands.tif", "w", count=2, **options) as file:
        file.write(picture[:2])
    shapes, names = [], []
    for row in range(10, SIDE, CELL):
        for col in range(10, SIDE, CELL):
            x, y = ORIGIN[0] + 10 * col, ORIGIN[1] - 10 * row
            shapes.append(shapely.box(x, y - 120, x + 120, y))
            names.append(CLASSES[(row // CELL + col // CELL) % len(CLASSES)])
    labels = write_vector(folder / "labels.gpkg", shapes, names, field="class", crs="EPSG:32632", kind="Polygon")
    settings = FinetuneSettings(
        (Source(str(folder / "picture.tif")),), str(labels), start=str(folder / "start"), listed=False, device="cpu"
    )
    results = fine_tune(settings, folder / "mine")
    return folder, results


def mapped(folder, output, *, classes="water; forest; sand", model="mine", source=None):
    source = source or Source(str(folder / "picture.tif"))
    params = ClassifyParams(source, str(output), classes=classes, model=str(folder / model), cache=False, device="cpu")
    result = classify.run(params, Context(models=ModelCache()))
    with rasterio.open(output) as file:
        return file.read(1), result, file.tags()


def test_the_map_of_a_model_with_random_weights_is_right_after_fine_tuning_of_the_head(trained, tmp_path):
    folder, results = trained
    assert results["pixel_classifier"]
    assert results["learnt"]
    assert results["after"]["overall_accuracy"] > 0.95
    before, _, _ = mapped(folder, tmp_path / "before.tif", model="start")
    after, result, tags = mapped(folder, tmp_path / "after.tif")
    assert (before - 1 == cover()).mean() < 0.7
    assert (after - 1 == cover()).mean() > 0.95
    assert result["warnings"] == []
    assert tags["PIXEL_CLASSIFIER_SHA256"] == load_model(folder / "mine").pixel_classifiers.sha256


def test_steps_are_counted_on_over_the_fits_so_that_curve_and_progress_never_go_back(trained):
    _, results = trained
    points = [point for point in results["history"] if point["stage"] == "pixel classifier"]
    steps = [point["step"] for point in points]
    assert steps == sorted(set(steps))
    assert steps[-1] == points[0]["steps"] == points[-1]["steps"]


def test_some_of_the_classes_are_told_apart_by_the_classifier_too(trained, tmp_path):
    folder, _ = trained
    found, result, _ = mapped(folder, tmp_path / "two.tif", classes="sand; Water")
    asked = np.isin(cover(), [0, 2])
    assert (np.array([2, 0])[found[asked] - 1] == cover()[asked]).mean() > 0.95
    assert result["warnings"] == []


def test_other_classes_and_other_bands_are_left_to_the_words_with_a_reason(trained, tmp_path):
    folder, _ = trained
    _, result, tags = mapped(folder, tmp_path / "other.tif", classes="water; snow")
    assert "PIXEL_CLASSIFIER_SHA256" not in tags
    assert result["warnings"] == [
        "The model was fine-tuned to tell forest, sand, water apart; other classes are told apart by its words alone."
    ]
    radar = Source(str(folder / "two_bands.tif"), sensor="sentinel1")
    _, result, tags = mapped(folder, tmp_path / "radar.tif", source=radar)
    assert "PIXEL_CLASSIFIER_SHA256" not in tags
    assert "fine-tuned on other bands (0.49, 0.56, 0.665 µm)" in " ".join(result["warnings"])


def test_dense_features_are_those_of_the_start_so_that_stored_ones_serve(trained):
    folder, _ = trained
    start, mine = load_model(folder / "start", device="cpu"), load_model(folder / "mine", device="cpu")
    assert mine.model_hash != start.model_hash
    assert mine.pixel_classifiers.encoder(mine).model_hash == start.model_hash


def test_bands_in_another_order_are_the_same_bands(trained):
    classifier = read_pixel_classifiers(trained[0] / "mine").entries[0]
    assert classifier.knows_bands((0.49, 0.665, 0.56))
    assert not classifier.knows_bands((0.49, 0.665))
    assert not classifier.knows_bands((0.49, 0.665, 0.6))


def test_a_copied_model_keeps_its_classifier_and_a_damaged_file_is_one_line(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))
    folder, _ = trained
    card = import_model(folder / "mine", "copied")
    assert load_model("copied").pixel_classifiers.sha256 == load_model(folder / "mine").pixel_classifiers.sha256
    (card.path / CLASSIFIER_FILE).write_bytes(b"damaged")
    with pytest.raises(ModelError, match="cannot be read"):
        load_model("copied")


def test_training_again_without_a_classifier_removes_the_former_one(trained, tmp_path):
    folder, _ = trained
    model = load_model(folder / "mine", device="cpu")
    save_model(model, tmp_path / "again", {}, torch.float16, None, model.pixel_classifiers)
    assert read_pixel_classifiers(tmp_path / "again") is not None
    save_model(model, tmp_path / "again", {}, torch.float16)
    assert read_pixel_classifiers(tmp_path / "again") is None


def samples(sign, *, seed=0):
    """Inputs (600, 6) and labels (600,): bands tell two classes apart, words are right (1) or wrong (-1)."""
    chance = torch.Generator().manual_seed(seed)
    labels = torch.arange(600) % 2
    band = labels[:, None] + 0.3 * torch.randn(600, 4, generator=chance)
    lead = 3.0 * sign * (2 * labels - 1)
    return torch.cat([band, torch.stack([-lead, lead], 1).log_softmax(1)], 1), labels.numpy()


def fitted(inputs, labels):
    return fit_pixel_classifier(
        inputs,
        labels,
        classes=("land", "water"),
        wavelengths_um=(0.8,),
        directions=torch.zeros(2, 4),
        temperature=1.0,
        seed=0,
    )


def test_words_that_are_right_at_the_labels_count_and_others_do_not():
    assert fitted(*samples(1)).words_weight == pytest.approx(MOST_WORDS)
    wrong = fitted(*samples(-1))
    assert wrong.words_weight == 0
    unseen, truth = samples(-1, seed=1)
    assert (wrong.logits(unseen).argmax(1).numpy() == truth).mean() > 0.95


def test_where_networks_are_misled_by_unlike_ground_the_words_prevail():
    classifier = fitted(*samples(1))
    inputs, truth = samples(1, seed=1)
    inputs[:, :4] = 1 - inputs[:, :4]
    alone = (replace(classifier, words_weight=0.0).logits(inputs).argmax(1).numpy() == truth).mean()
    together = (classifier.logits(inputs).argmax(1).numpy() == truth).mean()
    assert alone < 0.5 < 0.95 < together


def test_a_file_of_before_the_words_had_a_weight_is_read_and_gives_them_none(trained, tmp_path):
    path = trained[0] / "mine" / CLASSIFIER_FILE
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["classifiers"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    for entry in about:
        del entry["words_weight"]
    save_file(tensors, tmp_path / CLASSIFIER_FILE, metadata={"classifiers": json.dumps(about)})
    old, now = read_pixel_classifiers(tmp_path).entries[0], read_pixel_classifiers(path.parent).entries[0]
    assert old.words_weight == 0.0
    inputs = torch.randn(5, len(now.centre), generator=torch.Generator().manual_seed(0))
    networks = old.member_logits(old.squashed(inputs)).log_softmax(-1).mean(0)
    assert torch.equal(old.logits(inputs), networks)
    assert torch.allclose(replace(now, words_weight=0.0).logits(inputs), networks)


def test_the_weight_of_the_words_is_written_and_read(trained, tmp_path):
    model = load_model(trained[0] / "mine", device="cpu")
    known = model.pixel_classifiers
    known.entries = (replace(known.entries[0], words_weight=0.75),)
    save_pixel_classifiers(known, tmp_path)
    assert read_pixel_classifiers(tmp_path).entries[0].words_weight == 0.75
