"""The device is chosen and named so that a person sees what is used."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from core.errors import DeviceError, UsageError
from core.model import devices
from core.model.devices import choose_device


@pytest.fixture
def graphics_card(monkeypatch):
    """A computer that looks as if it had one NVIDIA card."""
    properties = SimpleNamespace(name="NVIDIA RTX A5000", total_memory=24 * 2**30, major=8)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    return properties


@pytest.fixture
def no_graphics_card(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_graphics_card_is_preferred_and_named(graphics_card):
    chosen = choose_device()
    assert (chosen.kind, chosen.precision) == ("cuda", "bf16")
    assert chosen.label == "NVIDIA RTX A5000 24 GB, bf16"
    assert chosen.torch_device == torch.device("cuda", 0)


def test_an_old_graphics_card_computes_in_float32(graphics_card):
    graphics_card.major = 7
    assert choose_device("cuda").autocast_dtype is None
    assert choose_device("cuda", "float16").autocast_dtype == torch.float16


@pytest.mark.parametrize(("fast", "precision"), [(True, "bf16"), (False, "float32")])
def test_the_processor_uses_bf16_only_where_it_is_fast(no_graphics_card, monkeypatch, fast, precision):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(devices, "cpu_multiplies_bf16", lambda: fast)
    chosen = choose_device()
    assert (chosen.kind, chosen.precision, chosen.label) == ("cpu", precision, f"CPU, {precision}")


def test_other_names_of_precisions_are_understood():
    assert choose_device("cpu", "bfloat16").autocast_dtype == torch.bfloat16
    assert choose_device("cpu", "fp32").precision == "float32"


def test_a_graphics_card_that_is_not_there_is_a_clear_error(no_graphics_card):
    with pytest.raises(DeviceError, match="No NVIDIA GPU can be used"):
        choose_device("cuda")


def test_a_second_card_that_is_not_there_is_a_clear_error(graphics_card):
    with pytest.raises(DeviceError, match="There is no GPU 3; 1 found"):
        choose_device("cuda:3")


def test_unknown_devices_and_precisions_are_refused():
    with pytest.raises(UsageError, match="Unknown device tpu"):
        choose_device("tpu")
    with pytest.raises(UsageError, match="Unknown precision int3"):
        choose_device("cpu", "int3")


def test_bf16_stays_close_to_float32(vision_model):
    image, wavelengths = torch.randn(2, 3, 32, 32), [0.665, 0.56, 0.49]
    with torch.inference_mode():
        exact = vision_model.encode_image(image, wavelengths, normalize=True)
        vision_model.compute = choose_device("cpu", "bf16")
        fast = vision_model.encode_image(image, wavelengths, normalize=True)
    assert fast.dtype == torch.float32
    assert not torch.equal(exact, fast)
    assert (exact * fast).sum(dim=1).min() > 0.999
