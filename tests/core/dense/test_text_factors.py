"""Products of texts and codes in int8, against plain ones."""

from __future__ import annotations

import pytest
import torch

from core.dense import text_factors
from core.dense.text_factors import TextFactors, int8_is_exact, int8_is_faster


@pytest.mark.parametrize("channels", [3, 24, 64, 768])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_products_are_as_exact_as_those_of_float32(channels, count):
    generator = torch.Generator().manual_seed(channels + count)
    texts = TextFactors.of(torch.randn(count, channels, generator=generator), torch.zeros(count))
    codes = torch.randint(-127, 128, (200, channels), dtype=torch.int8, generator=generator)
    exact = texts.factors.double() @ codes.double().T
    largest = texts.factors.abs().amax(1, keepdim=True) * 127 * channels**0.5
    found = [texts.products(codes), texts.products_in_float32(codes)]
    if int8_is_exact():
        found.append(texts.products_in_int8(codes))
    for products in found:
        assert float(((products - exact).abs() / largest).max()) < 3e-5


@pytest.fixture
def other_processor(monkeypatch):
    """What is known of this processor is asked anew in the test, and after it."""
    for known in (int8_is_exact, int8_is_faster):
        known.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    for known in (int8_is_exact, int8_is_faster):
        known.cache_clear()


@pytest.mark.parametrize(("int8_seconds", "float32_seconds", "faster"), [(3.0, 1.0, False), (1.0, 3.0, True)])
def test_the_faster_products_are_taken(other_processor, int8_seconds, float32_seconds, faster):
    taken = iter([int8_seconds, float32_seconds])
    other_processor.setattr(text_factors, "int8_is_exact", lambda: True)
    other_processor.setattr(text_factors, "_seconds", lambda work: next(taken))
    other_processor.setattr(TextFactors, "products_in_int8", lambda self, codes: "int8")
    other_processor.setattr(TextFactors, "products_in_float32", lambda self, codes: "float32")
    texts = TextFactors.of(torch.randn(2, 8), torch.zeros(2))
    assert texts.products(torch.ones(4, 8, dtype=torch.int8)) == ("int8" if faster else "float32")


def test_a_processor_whose_int8_products_overflow_multiplies_floats(other_processor):
    texts = TextFactors.of(torch.randn(2, 8), torch.zeros(2))
    codes = torch.randint(-127, 128, (30, 8), dtype=torch.int8)
    expected = texts.products_in_float32(codes)
    other_processor.setattr(torch, "_int_mm", lambda left, right: (left.int() @ right.int()).clamp(-(2**15), 2**15))
    assert not text_factors.int8_is_exact()
    assert not text_factors.int8_is_faster()
    torch.testing.assert_close(texts.products(codes), expected)


def test_a_text_of_zeros_gives_zeros():
    texts = TextFactors.of(torch.zeros(1, 8), torch.zeros(1))
    assert bool((texts.products(torch.ones(4, 8, dtype=torch.int8)) == 0).all())
