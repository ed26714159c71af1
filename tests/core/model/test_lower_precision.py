"""The bf16 working copy: close to the model, never in its place."""

from __future__ import annotations

import copy
import gc
import weakref

import pytest
import torch
import torch.nn.functional as F
from model_configs import EFFICIENT

from core.model.devices import ComputeDevice
from core.model.geolangbind import GeoLangBind, create_model
from core.model.lower_precision import working_copy

RGB = (0.665, 0.56, 0.49)
PLAIN = {"image_size": 64, "patch_size": 16, "width": 96, "layers": 3, "heads": 3, "mlp_ratio": 4.0}
PYRAMID = {
    **PLAIN,
    "patch_size": 8,
    "embed_dim": 64,
    "stem": {"channels": [16, 24], "depths": [1, 1, 1]},
    "dense": {"channels": 24, "fine": 16, "middle": 24},
}
SCENE = {**PYRAMID, "scene": {"hidden": 48}}
BF16 = ComputeDevice("cpu", "bf16", "CPU")


def made(config: dict) -> GeoLangBind:
    torch.manual_seed(4)
    return create_model(config).eval().requires_grad_(False)


@pytest.fixture
def images() -> torch.Tensor:
    coarse = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(5))
    return F.interpolate(coarse, size=64, mode="bicubic").mul(2).sub(1).clamp(-1, 1)


@pytest.mark.parametrize(
    "config", [PLAIN, PYRAMID, SCENE, EFFICIENT], ids=["plain", "pyramid", "scene", "efficientnet"]
)
def test_embeddings_point_where_those_of_float32_point(config, images):
    model = made(config)
    if model.visual.scene is not None:
        torch.nn.init.normal_(model.visual.scene.leave.weight, std=0.5)
    exact = model.encode_image(images, RGB), model.encode_dense(images, RGB)
    model.compute = BF16
    assert working_copy(model) is not model
    close = model.encode_image(images, RGB), model.encode_dense(images, RGB)
    for one, other in zip(exact, close, strict=True):
        assert other.dtype == torch.float32
        assert F.cosine_similarity(one, other, dim=1).min() >= 0.999


def test_the_copy_is_the_same_whether_autocast_is_on_where_it_is_first_needed(images):
    kinds = []
    for make in (working_copy, lambda model: model.encode_image(images, RGB) is None or working_copy(model)):
        model = made(PLAIN)
        model.compute = BF16
        kinds.append([type(module) for module in make(model).modules()])
    assert kinds[0] == kinds[1]


def test_the_model_itself_stays_as_it_is(images):
    model = made(PYRAMID)
    before, exact = model.model_hash, model.encode_image(images, RGB)
    weights = copy.deepcopy(model.state_dict())
    model.compute = BF16
    model.encode_dense(images, RGB)
    assert model.model_hash == before
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == weights[name].dtype
        assert torch.equal(tensor, weights[name])
    model.compute = ComputeDevice("cpu", "float32", "CPU")
    assert working_copy(model) is model
    assert torch.equal(model.encode_image(images, RGB), exact)


def test_changed_weights_are_copied_anew_and_unchanged_ones_are_not(images):
    model = made(PYRAMID)
    model.compute = BF16
    first = working_copy(model)
    assert working_copy(model) is first
    before = model.encode_image(images, RGB)
    with torch.no_grad():
        model.visual.trunk.blocks[0].mlp.fc1.weight.mul_(-1)
    assert working_copy(model) is not first
    assert not torch.equal(model.encode_image(images, RGB), before)


def test_a_model_that_learns_is_not_replaced(images):
    model = made(PYRAMID)
    model.compute = BF16
    model.train()
    assert working_copy(model) is model
    model.eval().requires_grad_(True)
    assert working_copy(model) is model
    with torch.no_grad():
        assert working_copy(model) is not model


def test_the_copy_goes_with_its_model():
    model = made(PLAIN)
    model.compute = BF16
    gone = weakref.ref(working_copy(model))
    del model
    gc.collect()
    assert gone() is None
