"""Batches follow the device's memory, and shrink where it runs out; the features stay the same."""

from __future__ import annotations

import pytest
import torch
from model_configs import EFFICIENT

from core.dense.encode import BATCH_PIXELS, DenseEncoder
from core.model.devices import ComputeDevice
from core.model.geolangbind import create_model
from core.spectral.bands import Band, BandSet

RGB = BandSet.of(Band(name, wavelength) for name, wavelength in (("R", 0.665), ("G", 0.56), ("B", 0.49)))


@pytest.fixture
def encoder(model) -> DenseEncoder:
    return DenseEncoder(model, RGB)


@pytest.mark.parametrize("fits", [2, 3, 5])
def test_a_batch_that_does_not_fit_is_encoded_in_smaller_ones(encoder, monkeypatch, fits):
    images = torch.rand(9, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    whole = encoder.encode(images)
    encoded: list[int] = []
    encode_batch = encoder._encode

    def with_little_memory(batch: torch.Tensor) -> torch.Tensor:
        if len(batch) > max(fits, 3):
            raise torch.OutOfMemoryError("CUDA out of memory.")
        encoded.append(len(batch))
        return encode_batch(batch)

    monkeypatch.setattr(encoder, "_encode", with_little_memory)
    torch.testing.assert_close(encoder.encode(images), whole, atol=1e-5, rtol=1e-5)
    assert sum(encoded) == 9
    assert min(encoded) >= 2
    assert encoder.batch_size(64) < 9


def test_a_device_that_holds_not_even_two_windows_says_so(encoder, monkeypatch):
    def refuse(batch: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(encoder, "_encode", refuse)
    with pytest.raises(torch.OutOfMemoryError):
        encoder.encode(torch.zeros(8, 3, 64, 64))
    assert encoder.batch_size(64) == 2


@pytest.mark.parametrize(("gibibytes", "batches"), [(0, 4), (2, 2), (8, 8), (141, 16)])
def test_batches_on_a_graphics_card_grow_with_its_memory(encoder, monkeypatch, gibibytes, batches):
    card = ComputeDevice("cuda", "float32", "a card", gibibytes * 2**30)

    class OnCard:
        device = torch.device("cuda")
        compute = card

    monkeypatch.setattr(encoder, "model", OnCard())
    assert encoder.batch_size(256) == batches * BATCH_PIXELS // 256**2


def test_large_windows_still_come_in_batches_of_two(encoder):
    assert encoder.batch_size(2048) == 2


def test_windows_of_a_vision_transformer_share_a_quarter_and_those_of_convolutions_an_eleventh(encoder):
    transformer = encoder.plan(5000, 3000)
    convolutions = DenseEncoder(create_model(EFFICIENT), RGB).plan(5000, 3000)
    found = [(plan.window_pixels, plan.tiles.overlap * plan.stride) for plan in (transformer, convolutions)]
    assert found == [(256, 64), (288, 32)]
    assert [plan.chunk_side[0] * plan.stride for plan in (transformer, convolutions)] == [384, 256]


@pytest.mark.parametrize(("width", "height", "chunk"), [(224, 224, (112, 112)), (288, 400, (128, 144))])
def test_a_raster_of_one_window_is_one_chunk(width, height, chunk):
    plan = DenseEncoder(create_model(EFFICIENT), RGB).plan(width, height)
    assert plan.chunk_side == chunk
