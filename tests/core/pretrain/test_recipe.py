"""Recipes say what is wrong with them in one line."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.errors import InputError, TrainingError
from core.pretrain.recipe import build_sources, parse_recipe, read_recipe
from core.pretrain.recipe_teachers import build_teachers, with_translators
from core.pretrain.sources.registry import register_source

ROOT = Path(__file__).resolve().parents[3]
RECIPES = ROOT / "training" / "recipes"


def test_the_recipes_that_are_shipped_can_be_read():
    paths = sorted(RECIPES.glob("*.yaml"))
    assert paths
    for path in paths:
        assert read_recipe(path).steps > 0


def test_a_recipe_laid_over_another_changes_only_what_it_names(tmp_path):
    (tmp_path / "base.yaml").write_text("name: a\nsteps: 5\nstart: x\nsources: {s: {kind: chips, weight: 2.0}}\n")
    (tmp_path / "over.yaml").write_text("extends: base.yaml\nsteps: 7\nstart: null\nsources: {s: {weight: 3.0}}\n")
    recipe = read_recipe(tmp_path / "over.yaml")
    assert (recipe.name, recipe.steps, recipe.start) == ("a", 7, None)
    assert (recipe.sources["s"].kind, recipe.sources["s"].weight) == ("chips", 3.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"name": "a", "steps": 1}, "no source"),
        ({"name": "a", "steps": 1, "sources": {"s": {"kind": "chips"}}, "speed": 3}, "unknown field speed"),
        ({"name": "a", "sources": {"s": {"kind": "chips"}}}, "lacks something"),
        ({"name": "a", "steps": 1, "sources": {"s": {"kind": "chips", "colour": 1}}}, "source s has an unknown field"),
    ],
)
def test_mistakes_in_a_recipe_are_named(content, message):
    with pytest.raises(TrainingError, match=message):
        parse_recipe(content)


def test_teachers_are_named_with_their_features_and_get_a_translator_each():
    def recipe(**entry):
        sources = {"s": {"kind": "chips"}}
        return parse_recipe({"name": "a", "steps": 1, "sources": sources, "teachers": {"ours": entry, "classical": {}}})

    teachers = build_teachers(recipe(model="geolb-tiny", image_size=96, features="dense"))
    sizes = with_translators({}, teachers)["translators"]
    assert sizes["ours"] == {"grid": 3, "channels": 384}
    assert sizes["classical"]["grid"] == teachers["classical"].grid
    with pytest.raises(TrainingError, match="unknown field size"):
        build_teachers(recipe(model="geolb-tiny", size=48))


def test_a_broken_file_is_named_with_its_line(tmp_path):
    (tmp_path / "broken.yaml").write_text("name: [unclosed\n")
    with pytest.raises(TrainingError, match=r"broken\.yaml is not valid YAML"):
        read_recipe(tmp_path / "broken.yaml")
    with pytest.raises(TrainingError, match="does not exist"):
        read_recipe(tmp_path / "missing.yaml")


def test_a_source_whose_data_are_missing_says_so():
    settings = {"path": "nowhere.tar", "size": 8, "crop": 8, "batch": 1, "classes": {"a": ["a"]}}
    recipe = parse_recipe({"name": "a", "steps": 1, "sources": {"s": {"kind": "chips", "settings": settings}}})
    with pytest.raises(InputError, match=r"nowhere\.tar does not exist"):
        build_sources(recipe)


def test_a_class_without_words_is_refused(recipe, chip_archive):
    settings = {"path": str(chip_archive), "size": 8, "crop": 8, "batch": 1, "classes": {"Forest": ["forest"]}}
    bad = parse_recipe({"name": "a", "steps": 1, "sources": {"s": {"kind": "chips", "settings": settings}}})
    with pytest.raises(TrainingError, match="no words for the class Sand"):
        build_sources(bad)


def test_a_source_may_call_classes_compatible_and_name_absent_things(chip_archive):
    settings = {"path": str(chip_archive), "size": 32, "crop": 32, "batch": 4, "classes": {"Forest": ["forest"]}}
    settings["classes"] |= {"Water": ["water"], "Sand": ["sand"]}
    entry = {"kind": "chips", "settings": settings, "compatible": [["Forest", "Sand"]], "absent": ["glacier", "forest"]}
    recipe = parse_recipe({"name": "x", "steps": 1, "distractors": ["volcano"], "sources": {"chips": entry}})
    prompts = build_sources(recipe)["chips"].prompts
    assert prompts.compatible == frozenset({(0, 2)})
    assert prompts.distractors == ("volcano", "glacier")
    entry["compatible"] = [["Forest", "Town"]]
    with pytest.raises(TrainingError, match="compatible"):
        build_sources(parse_recipe({"name": "x", "steps": 1, "sources": {"chips": entry}}))


def test_a_package_above_core_registers_a_source_and_a_recipe_names_it(chip_archive):
    register_source("my chips", "core.pretrain.sources.chips:ChipSource:ChipSettings")
    settings = {"path": str(chip_archive), "size": 32, "crop": 32, "batch": 4}
    settings["classes"] = {"Forest": ["forest"], "Water": ["water"], "Sand": ["sand"]}
    entry = {"kind": "my chips", "settings": settings}
    sources = build_sources(parse_recipe({"name": "x", "steps": 1, "sources": {"mine": entry}}))
    assert sources["mine"].name == "mine"
    with pytest.raises(ValueError, match="registered already"):
        register_source("my chips", "elsewhere:Source:Settings")


@pytest.mark.parametrize("kind", ["no such kind", "no.such.module:Source:Settings"])
def test_a_kind_of_source_that_nobody_registered_is_named_with_those_there_are(kind):
    recipe = parse_recipe({"name": "x", "steps": 1, "sources": {"s": {"kind": kind}}})
    with pytest.raises(TrainingError, match="there is no kind") as caught:
        build_sources(recipe)
    assert "chips" in caught.value.hint


def test_the_command_knows_the_sources_of_the_training_package(tmp_path, tiny_config):
    sources = {"s": {"kind": "simulated", "settings": {"wrong": 1}}}
    recipe = {"name": "x", "steps": 1, "model": tiny_config, "sources": sources}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    command = [sys.executable, "-m", "core.train", str(tmp_path / "recipe.yaml"), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "source s has an unknown field wrong" in done.stderr


def test_every_recipe_takes_its_data_from_the_folder_that_is_named():
    def texts(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        return [text for each in values for text in texts(each)]

    moved = 0
    for path in sorted(RECIPES.glob("*.yaml")):
        usual, elsewhere = (texts(dataclasses.asdict(read_recipe(path, data))) for data in (None, Path("/elsewhere")))
        assert [text.replace("../shared/data", "/elsewhere") for text in usual] == elsewhere
        moved += sum(text.startswith("/elsewhere/") for text in elsewhere)
    assert moved > 20


def test_an_objective_under_its_former_name_is_still_read():
    content = {"name": "old", "steps": 1, "sources": {"chips": {"kind": "chips"}}, "objectives": {"contest": 0.25}}
    assert parse_recipe(content).objectives.contrastive == 0.25


def test_a_setting_of_a_source_under_its_former_name_is_still_read():
    settings = {"landscapes": 1, "size": 32, "crop": 16, "batch": 1, "sensors": ["sentinel2_l2a"]}
    for chance, shape in ((0.0, None), (1.0, (1, 3, 16, 16))):
        source = {"kind": "simulated", "settings": settings | {"teach": chance}}
        recipe = parse_recipe({"name": "old", "steps": 1, "sources": {"landscapes": source}})
        images = build_sources(recipe)["landscapes"].batch(np.random.default_rng(0)).teacher_images
        assert (None if images is None else tuple(images.shape)) == shape
