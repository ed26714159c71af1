"""Prompts against masks: counting by score, the meaning of scores, and what is called zero-shot."""

from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pytest
import rasterio
from painted import COLOURS
from PIL import Image
from rasterio.transform import from_origin

from core.evaluate.benchmarks import TRAINED_CLASSES, ZERO_SHOT, run_entry
from core.evaluate.prompt_maps import score_words
from core.evaluate.trained_classes import trained_benchmarks
from core.metrics.score_histogram import ScoreHistogram


def test_a_histogram_gives_what_the_pixels_themselves_give():
    rng = np.random.default_rng(0)
    truth = rng.random(4000) < 0.3
    scores = 1 / (1 + np.exp(-(rng.normal(0, 1, 4000) + np.where(truth, 1.0, -1.5))))
    found = ScoreHistogram.of(scores, truth)
    above = scores > 0.5
    assert found.iou_at(0.5) == pytest.approx((above & truth).sum() / (above | truth).sum())
    ranks = np.argsort(np.argsort(scores))
    auc = (ranks[truth].mean() - (truth.sum() - 1) / 2) / (~truth).sum()
    assert found.auc == pytest.approx(auc, abs=0.002)
    threshold, best = found.best
    ious = [((scores > cut) & truth).sum() / ((scores > cut) | truth).sum() for cut in np.linspace(0.02, 0.98, 97)]
    assert best == pytest.approx(max(ious), abs=0.005)
    assert ((scores > threshold) & truth).sum() / ((scores > threshold) | truth).sum() == pytest.approx(best)


def test_scores_that_are_right_as_often_as_they_say_have_no_calibration_error():
    rng = np.random.default_rng(1)
    scores = rng.random(200_000)
    honest = ScoreHistogram.of(scores, rng.random(200_000) < scores)
    assert honest.calibration_error < 0.01
    shy = ScoreHistogram.of(scores / 10, rng.random(200_000) < scores)
    assert shy.calibration_error == pytest.approx(0.45, abs=0.01)
    first = shy.reliability()[0]
    assert first.score == pytest.approx(0.05, abs=0.005)
    assert first.share == pytest.approx(0.5, abs=0.01)


def test_counts_of_parts_add_up_and_missing_scores_are_left_out():
    scores, truth = np.array([0.9, np.nan, 0.2, 0.7]), np.array([True, True, False, False])
    parts = [ScoreHistogram.of(scores[:2], truth[:2]), ScoreHistogram.of(scores[2:], truth[2:])]
    total = ScoreHistogram.total(parts)
    assert (int(total.positive.sum()), int(total.negative.sum())) == (1, 2)
    assert total.iou_at(0.5) == 0.5
    assert np.isnan(ScoreHistogram.of(scores[2:], truth[2:]).iou_at(0.5))


@pytest.fixture
def half_water(tmp_path):
    """A raster whose left half is water and the right half forest, and its labels."""
    image = np.empty((96, 128, 3), np.uint8)
    image[:, :64], image[:, 64:] = COLOURS["water"], COLOURS["woods"]
    labels = np.zeros((96, 128), np.uint8)
    labels[:, :64] = 1
    labels[:8] = 255
    place = {"crs": "EPSG:32633", "transform": from_origin(400_000, 5_000_000, 10, 10)}
    with rasterio.open(
        tmp_path / "scene.tif", "w", driver="GTiff", height=96, width=128, count=3, dtype="uint8", **place
    ) as file:
        file.write(image.transpose(2, 0, 1))
    with rasterio.open(
        tmp_path / "labels.tif", "w", driver="GTiff", height=96, width=128, count=1, dtype="uint8", **place
    ) as file:
        file.write(labels, 1)
    return tmp_path


PART = {"name": "made", "layout": "scene", "path": "scene.tif", "reference": "labels.tif", "codes": [1], "against": [0]}


def test_a_scene_is_counted_by_blocks_where_its_labels_are_known(painted_model, half_water):
    found = score_words(painted_model, {**PART, "words": ["water"]}, half_water)["water"]
    assert len(found) == 4  # two rows of blocks, two columns
    total = ScoreHistogram.total(found)
    assert int(total.positive.sum() + total.negative.sum()) == 88 * 128
    assert total.iou_at(0.5) > 0.9


def test_the_figures_of_a_scene_have_intervals_and_say_whether_the_class_was_trained(painted_model, half_water):
    entry = {"title": "made", "kind": "prompts", "path": "", "parts": [{**PART, "words": ["water", "woods"]}]}
    figures = run_entry(painted_model, entry, half_water, setting=TRAINED_CLASSES)
    by_name = {measure["name"]: measure for measure in figures["measures"]}
    measure = by_name[f"IoU at 0.5, made, 'water' ({TRAINED_CLASSES})"]
    assert measure["value"] == figures["made"] > 0.9
    assert measure["interval"][0] <= measure["value"] <= measure["interval"][1]
    assert by_name["AUC, made, 'woods'"]["value"] < 0.1
    assert figures["setting"] == TRAINED_CLASSES
    assert run_entry(painted_model, entry, half_water)["setting"] == ZERO_SHOT


def test_calibration_is_summarised_over_parts_and_words(painted_model, half_water):
    absent = {**PART, "name": "absent", "path": "nowhere.tif", "words": ["water"]}
    parts = [{**PART, "words": ["water"]}, absent]
    entry = {"title": "made", "kind": "prompts", "calibration": True, "path": "", "parts": parts}
    figures = run_entry(painted_model, entry, half_water)
    names = [measure["name"] for measure in figures["measures"]]
    assert names[:2] == ["IoU at 0.5 / best, mean", "expected calibration error, mean"]
    assert figures["measures"][0]["value"] > 0.85
    assert figures["absent"] == ["absent"]
    assert figures["parts"]["made"]["water"]["reliability"]


def test_tiles_of_a_web_map_are_highlighted_at_their_place(painted_model, tmp_path, monkeypatch):
    image = np.empty((64, 64, 3), np.uint8)
    image[:, :32], image[:, 32:] = COLOURS["water"], COLOURS["woods"]
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 1
    with tarfile.open(tmp_path / "tiles.tar", "w") as archive:
        for name, pixels, kind in (
            ("OAM-386690-220241-19.tif", image, "TIFF"),
            ("OAM-386690-220241-19.mask.png", mask, "PNG"),
        ):
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, kind)
            entry = tarfile.TarInfo(name)
            entry.size = len(stream.getvalue())
            stream.seek(0)
            archive.addfile(entry, stream)
    seen = []

    def remember(model, path, prompts, bands):
        with rasterio.open(path) as file:
            seen.append((file.crs.to_epsg(), file.res[0], file.bounds.left))
        return np.where(mask, 0.9, 0.1)[None].astype(np.float32)

    monkeypatch.setattr("core.evaluate.prompt_maps.prompt_scores", remember)
    part = {"layout": "web_tiles", "path": "tiles.tar", "ending": ".mask.png", "codes": [1], "words": ["water"]}
    (unit,) = score_words(painted_model, part, tmp_path)["water"]
    assert unit.iou_at(0.5) == 1.0
    ((epsg, size, left),) = seen
    assert epsg == 3857
    assert size == pytest.approx(40_075_016.686 / 2**19 / 64)
    assert left / 111_319.49 == pytest.approx(85.519, abs=0.001)  # the longitude of Banepa


def test_a_card_names_the_benchmarks_its_training_covers(tmp_path):
    assert trained_benchmarks(tmp_path) == frozenset()
    (tmp_path / "card.json").write_text(json.dumps({"name": "made", "trained_benchmarks": ["dubai"]}))
    assert trained_benchmarks(tmp_path) == {"dubai"}
    assert trained_benchmarks("no model of this name") == frozenset()
