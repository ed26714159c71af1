"""The measures give what their definitions say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import UsageError
from core.evaluate.benchmarks import benchmarks, run_benchmark
from core.evaluate.parsing import ParsingScore
from core.evaluate.retrieval import retrieval_ranks
from core.evaluate.water import away_from_edges, ndwi


def test_mean_iou_leaves_out_absent_classes():
    confusion = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    score = ParsingScore(("a", "b", "absent"), confusion[None])
    assert score.iou["a"] == pytest.approx(8 / 11)
    assert score.iou["b"] == pytest.approx(9 / 12)
    assert np.isnan(score.iou["absent"])
    assert score.mean_iou == pytest.approx((8 / 11 + 9 / 12) / 2)
    assert score.accuracy == pytest.approx(17 / 20)


def test_retrieval_counts_the_rank_of_the_right_answer_both_ways():
    images = torch.eye(3)
    captions = torch.tensor([[1.0, 0, 0], [0, 0.6, 0.8], [0, 0, 1.0], [0, 1.0, 0]])
    of_captions, of_images = retrieval_ranks(images, captions, torch.tensor([0, 1, 2, 1]))
    assert of_captions.tolist() == [0, 1, 0, 0]
    assert of_images.tolist() == [0, 0, 0]


def test_ndwi_is_positive_over_water_and_defined_without_light():
    index = ndwi(np.array([0.1, 0.05, 0.0]), np.array([0.02, 0.3, 0.0]))
    assert index[0] > 0 > index[1]
    assert index[2] == 0


def test_pixels_along_the_shore_do_not_count():
    water = np.zeros((20, 20), bool)
    water[:, :10] = True
    counted = away_from_edges(water, 2)
    assert not counted[:, 8:12].any()
    assert counted[:, :8].all()
    assert counted[:, 12:].all()
    shifted = np.roll(water, 1, axis=1)
    shifted[:, 0] = True
    assert ((shifted == water) | ~counted).all()


def test_every_benchmark_says_what_it_is():
    for name, entry in benchmarks().items():
        assert entry["title"], name
        assert entry["kind"] in ("chips", "labels", "tiles", "retrieval", "prompts", "synonyms")


def test_an_unknown_benchmark_names_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match="eurosat_rgb"):
        run_benchmark(None, "nonsense", tmp_path)
