"""The command that makes the embedded model: its words go with the weights."""

from __future__ import annotations

from pathlib import Path

import torch

from core.model import load_model
from core.pretrain.recipe import read_recipe
from training import geolb_tiny

RECIPES = Path(geolb_tiny.__file__).parent / "recipes"


def test_the_words_of_every_recipe_go_with_the_model_and_change_no_other_weight():
    recipes = [read_recipe(RECIPES / f"{stage}.yaml") for stage in geolb_tiny.STAGES]
    words = geolb_tiny.trained_words(recipes)
    assert {"building", "vineyard", "cylindrical tanks", "tiled roof", "wind turbine"} <= set(words)
    model = load_model("geolb-tiny", device="cpu")
    model.known_words = None
    told = geolb_tiny.with_known_words(model, ["building", "water"])
    for name, value in model.state_dict().items():
        assert torch.equal(told.state_dict()[name], value), name
    torch.testing.assert_close(told.text_prompts(["water"]), model.text_prompts(["water"]))
