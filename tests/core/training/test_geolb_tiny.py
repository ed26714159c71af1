"""The command that makes the embedded model: its words go with the weights."""

from __future__ import annotations

from pathlib import Path

import torch
from model_configs import SMALL
from small_model import random_model

from core.model import load_model
from core.model.config import read_config
from core.model.weight_files import save_model
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


def test_the_card_names_what_was_trained_on_and_nothing_that_is_reported():
    archives = geolb_tiny.trained_archives(read_recipe(RECIPES / f"{stage}.yaml") for stage in geolb_tiny.STAGES)
    names = {Path(archive).name for archive in archives}
    assert {"eurosat_rgb_train.tar", "oam_kampala.tar", "neon_tree_crowns.tar"} <= names
    assert not [name for name in names if "_val" in name or "eval_only" in name or name == "oam_banepa.tar"]


def test_the_embedded_model_is_calibrated():
    """Its default threshold rests on it; a model that is saved anew must not lose the entry."""
    assert read_config(geolb_tiny.EMBEDDED / "config.json").prompt_calibration


def test_merged_runs_lie_between_both_and_are_calibrated_anew(tmp_path):
    config = {**SMALL, "prompt_calibration": {"norm": 2.0, "slope": 1.5, "offset": 0.0}}
    for seed, name in enumerate(("one", "other")):
        save_model(random_model(config, seed), tmp_path / name, {"name": "small"}, torch.float32)
    geolb_tiny.write_merged(tmp_path / "one", tmp_path / "other", tmp_path / "merged")
    one, other, merged = (load_model(str(tmp_path / name)).state_dict() for name in ("one", "other", "merged"))
    name = next(name for name, value in one.items() if value.ndim > 1 and not torch.equal(value, other[name]))
    torch.testing.assert_close(merged[name], torch.lerp(one[name], other[name], geolb_tiny.SHARE), atol=2e-3, rtol=2e-3)
    assert read_config(tmp_path / "merged" / "config.json").prompt_calibration is None
