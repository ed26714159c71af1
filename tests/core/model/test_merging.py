"""One modality's weights fold into the running model."""

from __future__ import annotations

import pytest
import torch

from core.errors import ModelError
from core.model import create_model
from core.model.merging import STAGES, merge_weights, search_coefficient, stage_of


@pytest.fixture
def pair(golden_config):
    torch.manual_seed(0)
    base = create_model(golden_config).state_dict()
    torch.manual_seed(1)
    return base, create_model(golden_config).state_dict()


def test_the_ends_of_the_interpolation_are_the_two_models(pair):
    base, new = pair
    for share, expected in ((0.0, base), (1.0, new)):
        merged = merge_weights(base, new, share).weights
        for name, tensor in merged.items():
            torch.testing.assert_close(tensor, expected[name])


def test_merging_interpolates(pair):
    base, new = pair
    merged = merge_weights(base, new, 0.25).weights
    name = "visual.trunk.blocks.0.attn.qkv.weight"
    torch.testing.assert_close(merged[name], 0.75 * base[name] + 0.25 * new[name])


def test_stages_take_coefficients_of_their_own_and_are_reported(pair):
    base, new = pair
    merged = merge_weights(base, new, 0.5, {"embedding": 1.0, "text": 0.0})
    torch.testing.assert_close(merged.weights["visual.trunk.pos_embed"], new["visual.trunk.pos_embed"])
    torch.testing.assert_close(merged.weights["text.ln_final.bias"], base["text.ln_final.bias"])
    report = {stage.stage: stage for stage in merged.stages}
    assert report["embedding"].coefficient == 1.0
    assert report["late"].coefficient == 0.5
    assert report["early"].distance > 0
    assert sum(stage.parameters for stage in merged.stages) == sum(tensor.numel() for tensor in base.values())


def test_every_parameter_belongs_to_a_stage(pair):
    stages = {name: stage_of(name, 3) for name in pair[0]}
    assert set(stages.values()) <= set(STAGES)
    assert [stages[f"visual.trunk.blocks.{block}.norm1.bias"] for block in range(3)] == ["early", "middle", "late"]
    assert stages["visual.trunk.attn_pool.latent"] == "pooling"
    assert stages["logit_scale"] == "similarity"
    assert stage_of("visual.head.weight", 3) == "pooling"
    assert stage_of("dense.project.weight", 3) == "dense"


def test_the_best_coefficient_is_found_on_validation(pair):
    base, new = pair
    target = 0.7 * base["logit_bias"] + 0.3 * (new["logit_bias"] + 1)

    def score(weights):
        return -float((weights["logit_bias"] - target).abs())

    best, scores = search_coefficient(base, {**new, "logit_bias": new["logit_bias"] + 1}, score)
    assert best == 0.3
    assert len(scores) == 11


def test_between_equals_the_coefficient_that_forgets_least_wins(pair):
    best, _ = search_coefficient(*pair, score=lambda weights: 1.0)
    assert best == 0.0


def test_different_models_are_not_merged(pair, golden_config):
    base, new = pair
    with pytest.raises(ModelError, match="1 parts are only in the first"):
        merge_weights(base, {name: tensor for name, tensor in new.items() if name != "logit_bias"})
    with pytest.raises(ModelError, match="1 differ in size"):
        merge_weights(base, {**new, "logit_bias": torch.zeros(2)})


def test_coefficients_and_stages_that_do_not_exist_are_refused(pair):
    with pytest.raises(ModelError, match="between 0"):
        merge_weights(*pair, 1.5)
    with pytest.raises(ModelError, match="no stage head"):
        merge_weights(*pair, 0.5, {"head": 0.1})
