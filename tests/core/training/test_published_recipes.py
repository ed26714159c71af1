"""The recipes of the published models can be followed, and their start is SigLIP's."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from core.errors import ModelError
from core.model import create_model
from core.model.config import read_config
from core.model.teachers import PUBLISHED_TEACHERS
from core.pretrain.recipe import read_recipe
from training.geolangbind2m.placeholders import PLACEHOLDERS
from training.geolangbind2m.registry import converters
from training.siglip_start import FRESH, start_from_siglip

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["b16", "so400m"])
def test_every_source_of_a_published_recipe_is_one_that_the_builder_writes(name):
    recipe = read_recipe(ROOT / "training" / "recipes" / f"dofa_clip_{name}.yaml")
    written = converters(PLACEHOLDERS["published"])
    assert recipe.sources
    for source, entry in recipe.sources.items():
        assert written[source].published > 0
        assert Path(entry.settings["path"]).parent.name == source


@pytest.mark.parametrize("name", ["b16", "so400m"])
def test_every_teacher_of_a_published_recipe_is_one_that_timm_has(name):
    recipe = read_recipe(ROOT / "training" / "recipes" / f"dofa_clip_{name}.yaml")
    for teacher in recipe.teachers:
        assert timm.is_model(PUBLISHED_TEACHERS[teacher].split(".")[0])


def test_the_start_is_siglip_around_a_fresh_patch_embedding(tmp_path):
    golden = ROOT / "tests" / "golden" / "dofa_clip_small.checkpoint.safetensors"
    config = read_config(ROOT / "tests" / "golden" / "dofa_clip_small.config.json")
    weights = {
        name: value
        for name, value in load_file(golden).items()
        if not name.startswith((FRESH, "translators.")) and name not in ("logit_scale", "logit_bias")
    }
    # open_clip stores the two numbers with a dimension in some releases.
    weights |= {"logit_scale": torch.tensor([4.7]), "logit_bias": torch.tensor([-12.9])}
    save_file(weights | {f"{FRESH}proj.weight": torch.zeros(32, 3, 8, 8)}, tmp_path / "siglip.safetensors")
    start_from_siglip(config, tmp_path / "siglip.safetensors", tmp_path / "start")
    written = load_file(tmp_path / "start" / "model.safetensors")
    for name, value in weights.items():
        torch.testing.assert_close(written[name].reshape(value.shape), value, msg=name)
    assert written.keys() == create_model(config.with_values(translators=None)).state_dict().keys()
    del weights["visual.trunk.norm.weight"]
    save_file(weights, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="1 parts differ"):
        start_from_siglip(config, tmp_path / "other.safetensors", tmp_path / "x")
