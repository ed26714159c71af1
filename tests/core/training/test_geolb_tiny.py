"""The command that makes the embedded model: its data folder reaches training, its words go with the weights."""

from __future__ import annotations

from pathlib import Path

import torch
import yaml

from core.model import load_model
from core.pretrain.recipe import read_recipe
from training import geolb_tiny


def test_a_data_folder_elsewhere_reaches_every_source(tmp_path, monkeypatch):
    monkeypatch.setattr(geolb_tiny, "RUNS", tmp_path / "runs")
    for stage in geolb_tiny.STAGES:
        moved = geolb_tiny.recipe_for(stage, tmp_path / "elsewhere")
        text = moved.read_text(encoding="utf-8")
        assert "../shared/data" not in text
        assert str(tmp_path / "elsewhere") in text
        assert set(yaml.safe_load(text)["sources"]) == set(read_recipe(moved).sources)


def test_the_usual_data_folder_takes_the_recipe_as_it_is():
    recipe = geolb_tiny.recipe_for(geolb_tiny.MAPS, geolb_tiny.DATA)
    assert recipe == Path(geolb_tiny.__file__).parent / "recipes" / "geolb_tiny.yaml"


def test_the_words_of_every_recipe_go_with_the_model_and_change_no_other_weight():
    recipes = [read_recipe(geolb_tiny.recipe_for(stage, geolb_tiny.DATA)) for stage in geolb_tiny.STAGES]
    words = geolb_tiny.trained_words(recipes)
    assert {"building", "vineyard", "cylindrical tanks", "tiled roof", "wind turbine"} <= set(words)
    model = load_model("geolb-tiny", device="cpu")
    model.known_words = None
    told = geolb_tiny.with_known_words(model, ["building", "water"])
    for name, value in model.state_dict().items():
        assert torch.equal(told.state_dict()[name], value), name
    torch.testing.assert_close(told.text_prompts(["water"]), model.text_prompts(["water"]))
