"""New bands are learnt while the kernels of known ones stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.datasets.shards import ShardSample, write_shard
from core.errors import TrainingError
from core.model import create_model
from core.pretrain.kernel_regularisation import KernelRegularisation
from core.pretrain.recipe import parse_recipe
from core.pretrain.trainer import Trainer

VISIBLE = (0.665, 0.56, 0.49)
THERMAL = (10.0,)


@pytest.fixture
def published_build(tiny_config):
    """The published architecture, without stem and dense head."""
    return {name: value for name, value in tiny_config.items() if name not in ("stem", "dense")}


@pytest.fixture
def thermal_shard(tmp_path):
    rng = np.random.default_rng(0)
    samples = [
        ShardSample(f"{number}", rng.normal(mean, 10, (16, 16, 1)).clip(0, 255).astype(np.uint8), text, THERMAL)
        for number, (text, mean) in enumerate([("warm ground", 200), ("cold water", 40)] * 8)
    ]
    write_shard(tmp_path / "thermal.tar", samples)
    return tmp_path / "thermal.tar"


def first_tokens(model, bands):
    """What the first convolution makes of a fixed image of these bands."""
    image = torch.randn(1, len(bands), 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return model.visual.trunk.patch_embed(image, torch.tensor(bands))


def moved_by_training(build, shard, folder, **more):
    """Train on thermal images; the squared relative change of the first tokens of visible and of thermal bands."""
    torch.manual_seed(0)
    model = create_model(build)
    known = (("visible", VISIBLE), ("thermal", THERMAL))
    before = {name: first_tokens(model, bands) for name, bands in known}
    content = {
        "name": "thermal",
        "steps": 30,
        "optimiser": {"learning_rate": 2e-3, "generator_rate": 1.0, "warmup_steps": 3},
        "sources": {"thermal": {"kind": "shards", "settings": {"path": str(shard), "size": 32, "batch": 8}}},
    }
    Trainer(model, parse_recipe(content | more), folder).run()
    return {
        name: float((first_tokens(model, bands) - before[name]).square().sum() / before[name].square().sum())
        for name, bands in known
    }


def test_kernels_of_known_bands_stay_while_those_of_new_ones_learn(published_build, thermal_shard, tmp_path):
    free = moved_by_training(published_build, thermal_shard, tmp_path / "free")
    kept = moved_by_training(published_build, thermal_shard, tmp_path / "kept", keep_kernels=[list(VISIBLE)])
    assert free["visible"] > 0.01
    assert kept["visible"] < 0.1 * free["visible"]
    assert kept["thermal"] > 10 * kept["visible"]


def test_an_untrained_model_has_not_moved(published_build):
    model = create_model(published_build)
    kernels = KernelRegularisation(model, [VISIBLE, THERMAL])
    assert kernels.moved().item() == 0
    with torch.no_grad():
        model.visual.trunk.patch_embed.weight_generator.fc_weight.weight.mul_(2)
    assert kernels.moved().item() > 0


@pytest.mark.parametrize("bands", [[], [0.0], ["red"], 0.665])
def test_what_is_no_wavelength_is_refused(published_build, bands):
    with pytest.raises(TrainingError, match="no wavelengths"):
        KernelRegularisation(create_model(published_build), [bands])
