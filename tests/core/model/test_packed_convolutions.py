"""The working copy with packed convolutions gives what the model gives, and what is said of an image is its own."""

from __future__ import annotations

import pytest
import torch
from model_configs import EFFICIENT
from torch import nn

from core.model import lower_precision
from core.model.devices import ComputeDevice
from core.model.geolangbind import GeoLangBind, create_model
from core.model.lower_precision import is_packed, working_copy
from core.model.packed_convolutions import KEPT_LAYOUTS, PackedConvolution, can_pack

RGB = (0.665, 0.56, 0.49)
FIVE_BANDS = (0.49, 0.56, 0.665, 0.842, 2.19)
pytestmark = pytest.mark.skipif(not can_pack(), reason="this build of torch has no packed convolutions")


@pytest.fixture(scope="module")
def model() -> GeoLangBind:
    torch.manual_seed(4)
    made = create_model(EFFICIENT).eval().requires_grad_(False)
    nn.init.normal_(made.visual.trunk.join_side.weight, std=0.1)
    nn.init.normal_(made.visual.scene.leave.weight, std=0.5)
    return made


def in_float32(model: GeoLangBind) -> GeoLangBind:
    model.compute = ComputeDevice("cpu", "float32", "CPU")
    return model


def images(count: int, bands: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(count, bands, height, width, generator=torch.Generator().manual_seed(5)) * 2 - 1


@pytest.mark.parametrize("wavelengths", [RGB, FIVE_BANDS])
@pytest.mark.parametrize("size", [(64, 64), (256, 256), (96, 160), (32, 32)])
def test_dense_features_and_embeddings_equal_the_models_up_to_rounding(model, wavelengths, size):
    shown = images(2, len(wavelengths), *size)
    model.compute = None
    expected = model.encode_dense(shown, wavelengths), model.encode_image(shown, wavelengths)
    in_float32(model)
    assert working_copy(model) is not model
    found = model.encode_dense(shown, wavelengths), model.encode_image(shown, wavelengths)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5 * float(other.abs().max()))


def test_every_convolution_of_a_dense_head_is_packed_with_its_activation(model):
    copied = working_copy(in_float32(model))
    plain = [module for module in copied.visual.trunk.blocks.modules() if isinstance(module, (nn.Conv2d, nn.ReLU6))]
    assert plain == []
    assert not any(isinstance(module, nn.ReLU) for module in copied.dense.modules())
    assert isinstance(copied.dense.smooth, PackedConvolution)
    assert copied.dense.project is not None
    assert isinstance(copied.dense.project, nn.Conv2d)


def test_the_model_keeps_its_convolutions(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    working_copy(in_float32(model))
    assert any(isinstance(module, nn.ReLU6) for module in model.visual.trunk.blocks.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_without_the_operations_the_model_itself_is_used(model, monkeypatch):
    monkeypatch.setattr(lower_precision, "can_pack", lambda: False)
    assert not is_packed(in_float32(model))
    assert working_copy(model) is model


def test_a_size_gives_the_same_features_before_and_after_others_were_seen(model):
    shown = images(1, 3, 96, 96)
    before = in_float32(model).encode_dense(shown, RGB)
    for side in range(128, 128 + 32 * (KEPT_LAYOUTS + 1), 32):
        model.encode_dense(images(1, 3, side, side), RGB)
    assert torch.equal(model.encode_dense(shown, RGB), before)
    assert len(working_copy(model).dense.smooth.layouts) == KEPT_LAYOUTS
