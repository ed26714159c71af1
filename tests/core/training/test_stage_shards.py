"""What a study chooses on and what it reports share nothing with what it learns from, nor with each other."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import numpy as np

from core.pretrain.recipe import read_recipe
from training.studies.progressive import RECIPES, STAGES, paths, results_file, stage, tasks
from training.studies.progressive_tables import tables
from training.studies.stage_shards import LANDSCAPES, MODALITIES, SPLITS, blocks, flight_part


def test_the_parts_of_a_place_share_no_pixel_and_leave_none_out():
    taken = np.zeros((224, 224), int)
    for split in SPLITS:
        own = np.zeros_like(taken)
        for rows, columns in blocks(taken.shape, split):
            own[rows, columns] += 1
        assert own.max() == 1
        taken += own
    assert (taken == 1).all()


def test_all_frames_of_a_flight_belong_to_one_part():
    flights = [
        f"{night}_{height}_{angle}" for night in (0, 1) for height in range(60, 140, 10) for angle in (30, 60, 90)
    ]
    parts = {}
    for flight in flights:
        found = {flight_part(f"{folder}/{flight}_0_{frame:05d}") for folder in ("train", "val") for frame in range(40)}
        assert len(found) == 1
        parts[flight] = found.pop()
    assert set(parts.values()) == set(SPLITS)
    assert Counter(parts.values())["train"] > len(flights) / 3


def test_parts_share_no_landscape():
    for one, other in itertools.combinations(SPLITS, 2):
        assert not set(LANDSCAPES[one]) & set(LANDSCAPES[other])


def test_the_coefficient_is_chosen_on_other_files_than_those_reported():
    chosen, reported, learnt = (paths(STAGES, part) for part in ("val", "test", "train"))
    assert list(chosen) == list(reported) == list(STAGES)
    assert not set(chosen.values()) & set(reported.values())
    for name in STAGES[1:]:
        source = read_recipe(RECIPES / f"stages_{name}.yaml").sources[name]
        assert source.settings["path"] == str(learnt[name])


def test_each_stage_learns_its_own_modality_alone_and_few_captions_without_a_teacher_are_few_images():
    for name in STAGES:
        assert set(stage(name, True, None, 4).sources) == {name}
    assert set(stage("colour_few", True, None, 4).sources) == {"colour", "unlabelled"}
    assert set(stage("colour_few", False, None, 4).sources) == {"colour"}
    assert not stage("colour_few", False, None, 4).teachers


def test_a_newcomer_keeps_the_kernels_of_the_modalities_before():
    assert stage("colour", True, None, 4).keep_kernels == ()
    assert stage("radar", True, None, 4).keep_kernels == (MODALITIES["colour"][0], MODALITIES["multispectral"][0])
    assert stage("all", True, None, 4).keep_kernels == ()


def test_every_task_has_a_name_and_a_folder_of_its_own(tmp_path):
    names = [name for name, _ in tasks(tmp_path, 4)]
    assert len(set(names)) == len(names)
    assert results_file(tmp_path, 4) != results_file(tmp_path, 5)


def test_the_tables_show_a_figure_a_seed_and_the_coefficients(tmp_path):
    def figures(value):
        known = {"balanced": value, "interval": [value - 0.02, value + 0.02], "captions": 4}
        known["found"] = {"a satellite image of snow.": value}
        return dict.fromkeys(STAGES, known) | {"coefficient": value}

    found = [{name: figures(value) for name, _ in tasks(tmp_path, 4)} for value in (0.3, 0.8)]
    text = tables(json.loads(json.dumps(found)), STAGES)
    assert "merged, α 0.3 / 0.8" in text
    assert "0.300 / 0.800" in text
    assert "| sure to ± | 0.020" in text
    assert "| one answer for all | 0.250" in text
    assert "| snow | 0.30 / 0.80" in text
    unfinished = tables([{}, {}], STAGES)
    assert "captions learnt from" in unfinished
