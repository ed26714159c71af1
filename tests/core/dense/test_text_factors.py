"""Products of texts and codes in int8, against plain ones."""

from __future__ import annotations

import pytest
import torch

from core.dense import text_factors
from core.dense.text_factors import TextFactors, int8_is_exact


@pytest.mark.parametrize("channels", [3, 24, 64, 768])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_products_are_as_exact_as_those_of_float32(channels, count):
    generator = torch.Generator().manual_seed(channels + count)
    texts = TextFactors.of(torch.randn(count, channels, generator=generator), torch.zeros(count))
    codes = torch.randint(-127, 128, (200, channels), dtype=torch.int8, generator=generator)
    exact = texts.factors.double() @ codes.double().T
    largest = texts.factors.abs().amax(1, keepdim=True) * 127 * channels**0.5
    assert float(((texts.products(codes) - exact).abs() / largest).max()) < 3e-5


def test_a_processor_whose_int8_products_overflow_multiplies_floats(monkeypatch):
    texts = TextFactors.of(torch.randn(2, 8), torch.zeros(2))
    codes = torch.randint(-127, 128, (30, 8), dtype=torch.int8)
    expected = texts.products(codes)
    int8_is_exact.cache_clear()
    monkeypatch.setattr(torch, "_int_mm", lambda left, right: (left.int() @ right.int()).clamp(-(2**15), 2**15))
    try:
        assert not text_factors.int8_is_exact()
        torch.testing.assert_close(texts.products(codes), expected, atol=1e-2, rtol=1e-4)
    finally:
        int8_is_exact.cache_clear()


def test_a_text_of_zeros_gives_zeros():
    texts = TextFactors.of(torch.zeros(1, 8), torch.zeros(1))
    assert bool((texts.products(torch.ones(4, 8, dtype=torch.int8)) == 0).all())
