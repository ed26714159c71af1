"""What a study chooses on and what it reports share no ground with what it learns from, nor with each other."""

from __future__ import annotations

import itertools

import numpy as np

from training.studies.progressive import STAGES, paths
from training.studies.stage_shards import SPLITS, infrared_part, windows


def test_the_parts_of_a_place_share_no_column():
    column = np.broadcast_to(np.arange(224, dtype=np.uint8), (1, 224, 224))
    codes = np.ones((224, 224), int)
    seen = {split: np.unique([part for part, _ in windows(column, codes, {1: "crops"}, split)]) for split in SPLITS}
    assert all(len(columns) for columns in seen.values())
    for one, other in itertools.combinations(SPLITS, 2):
        assert not set(seen[one]) & set(seen[other])


def test_what_a_set_holds_out_is_reported_and_some_of_its_training_frames_choose():
    names = [f"train/0_110_50_0_{number:05d}" for number in range(700)]
    parts = [infrared_part(name) for name in names]
    assert parts == [infrared_part(name) for name in names]
    assert 60 < parts.count("val") < 140
    assert parts.count("test") == 0
    assert infrared_part("val/0_110_50_0_08412") == "test"


def test_the_coefficient_is_chosen_on_other_files_than_those_reported():
    chosen, reported = paths(STAGES, "val"), paths(STAGES, "test")
    assert list(chosen) == list(reported) == list(STAGES)
    assert not set(chosen.values()) & set(reported.values())
