"""Fitting the scene head on stored statistics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.model import load_model
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates
from core.pretrain.recipe import parse_recipe
from training.scene_fit import StoredStatistics, fit_head, statistics_of, vectors_of, with_fresh_scene

RGB = torch.tensor((0.665, 0.56, 0.49))


class TwoClasses:
    name = "chips"
    prompts = PromptTemplates((("water",), ("forest",)))

    def batch(self, rng: np.random.Generator) -> Batch:
        raise NotImplementedError


@pytest.fixture(scope="module")
def recipe():
    return parse_recipe(
        {
            "name": "small",
            "steps": 30,
            "model": {"scene": {"strides": [16, 4], "hidden": 32, "dropout": 0.0, "means_alone": 1}},
            "optimiser": {"learning_rate": 0.003, "warmup_steps": 5},
            "objectives": {"siglip": 0.0, "contrastive": 1.0},
            "sources": {"chips": {"kind": "chips"}},
        }
    )


@pytest.fixture(scope="module")
def model(recipe):
    return with_fresh_scene(load_model("geolb-tiny", device="cpu", dtype="float32"), recipe)


def test_vectors_from_statistics_are_those_of_the_images(model):
    torch.manual_seed(0)
    images = torch.rand(2, 3, 128, 128) * 2 - 1
    found = vectors_of(model.visual, statistics_of(model.visual, images, RGB).float())
    torch.testing.assert_close(found, model.encode_image(images, RGB, normalize=True), atol=2e-3, rtol=0)


def test_only_the_heads_over_whole_images_learn_and_they_tell_the_classes(model, recipe):
    torch.manual_seed(1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    size = 2 * sum(model.visual.scene_channels)
    centres = torch.randn(2, size)
    targets = torch.arange(64) % 2
    statistics = (centres[targets] + 0.3 * torch.randn(64, size)).half()
    fit_head(model, recipe, {"chips": TwoClasses()}, {"chips": StoredStatistics(statistics, targets, ())})
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith(("visual.head.", "visual.scene.")) for name in changed)
    model.eval()
    texts = model.template_means(["water", "forest"])
    fresh = centres[targets] + 0.3 * torch.randn(64, size)
    with torch.no_grad():
        assert ((vectors_of(model.visual, fresh) @ texts.T).argmax(1) == targets).float().mean() > 0.95
