"""The recipes of the published models hold the published settings, and their start is SigLIP's."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import ModelError
from core.model import create_model
from core.pretrain.recipe import read_recipe
from training.geolangbind2m.placeholders import PLACEHOLDERS
from training.geolangbind2m.registry import converters
from training.siglip_start import FRESH, start_from_siglip

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED_WEIGHTS = {
    **{f"Skyscript_{part}": 1.0 for part in range(1, 6)},
    "Seg4": 2.0,
    "Det10": 1.0,
    "Flair2_elevation_train": 0.5,
    "Flair2_rgb_train": 0.5,
    "IR_ship": 1.0,
    "VRS_train": 2.0,
    "NLCD_hyper": 0.5,
    "ChatEarthNet_SAR_train": 0.5,
    "MMflood_sar_train": 1.0,
    "SAR_ship": 1.0,
    "ChatEarthNet_S2_train": 0.5,
}


@pytest.mark.parametrize(("name", "size", "batch"), [("b16", 224, 840), ("so400m", 384, 210)])
def test_sources_batches_and_optimiser_are_as_published(name, size, batch):
    recipe = read_recipe(ROOT / "training" / "recipes" / f"dofa_clip_{name}.yaml")
    known = converters(PLACEHOLDERS["published"])
    assert set(recipe.sources) == set(PUBLISHED_WEIGHTS)
    for source, weight in PUBLISHED_WEIGHTS.items():
        entry = recipe.sources[source]
        assert entry.weight == pytest.approx(weight * known[source].published / 1000, abs=1e-3)
        assert entry.settings["path"].endswith(f"/{source}/{source}_train-*-train.tar")
        assert (entry.settings["size"], entry.settings["batch"]) == (size, batch)
    optimiser = recipe.optimiser
    assert (optimiser.learning_rate, optimiser.weight_decay, optimiser.warmup_steps) == (5e-4, 1e-7, 1000)
    assert math.isinf(optimiser.clip)
    assert list(recipe.teachers) == [
        "siglip_so400m",
        "dinov2_vitl14_reg",
        "vit_large_patch16_384_augreg_in21k_ft_in1k",
    ]


def test_the_start_is_siglip_around_a_fresh_patch_embedding(tmp_path):
    golden = ROOT / "tests" / "golden" / "dofa_clip_small.checkpoint.safetensors"
    config = json.loads((ROOT / "tests" / "golden" / "dofa_clip_small.config.json").read_text())
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
    layout = {name: value for name, value in config.items() if name != "translators"}
    assert written.keys() == create_model(layout).state_dict().keys()
    del weights["visual.trunk.norm.weight"]
    save_file(weights, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="1 parts differ"):
        start_from_siglip(config, tmp_path / "other.safetensors", tmp_path / "x")
