"""Texts as factors of products with int8 codes, in int8 or float32."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

TRIED_TEXTS, TRIED_CELLS, TRIED_CHANNELS = 8, 4096, 48
"""Sizes of the products that tell whether int8 is faster: a prompt's texts, and some rows of a chunk."""
STEPS = 254
"""Fine steps in a coarse one: a number is ``step · (254 · coarse + fine)`` with both in -127..127."""


@dataclass(frozen=True)
class TextFactors:
    """Texts in the coordinates of a basis: a cosine is ``factors · coordinates + constants · share``.

    A factor is also held as two int8 numbers, with a relative resolution of 1 / 32 000: for coordinates that are int8
    codes, sums are as exact as in float32 and, with VNNI or AMX, several times as fast.

    Attributes:
        factors: (N, K) float32.
        constants: (N,) float32.
        parts: (2 N, K) int8, the coarse parts of all texts, then the fine ones.
        whole: (N, K) int16, both parts as one number.
        steps: (N, 1) float32.
    """

    factors: Tensor
    constants: Tensor
    parts: Tensor
    whole: Tensor
    steps: Tensor

    @classmethod
    def of(cls, factors: Tensor, constants: Tensor) -> TextFactors:
        """Returns the factors of texts (N, K) float32 and constants (N,) float32."""
        steps = (factors.abs().amax(1, keepdim=True) / (127 * STEPS)).clamp_min(1e-30)
        coarse = (factors / (STEPS * steps)).round()
        fine = (factors / steps - STEPS * coarse).round()
        parts = torch.cat([coarse, fine]).clamp(-127, 127)
        whole = (STEPS * parts[: len(factors)] + parts[len(factors) :]).to(torch.int16)
        return cls(factors, constants, parts.to(torch.int8), whole, steps)

    def __len__(self) -> int:
        return len(self.factors)

    def products(self, codes: Tensor) -> Tensor:
        """Returns the products of codes and texts.

        Args:
            codes: (n, K) int8.

        Returns:
            (N, n) float32.
        """
        return self.products_in_int8(codes) if int8_is_faster() else self.products_in_float32(codes)

    def products_in_int8(self, codes: Tensor) -> Tensor:
        """Returns the products of ``products`` by sums of integers."""
        coarse, fine = torch._int_mm(self.parts, codes.T).split(len(self))
        return coarse.float().mul_(STEPS).add_(fine).mul_(self.steps)

    def products_in_float32(self, codes: Tensor) -> Tensor:
        """Returns the products of ``products`` by sums of floats."""
        return self.factors @ codes.T.float()


@cache
def int8_is_faster() -> bool:
    """Whether int8 products are exact on this processor and faster than float32's, measured once.

    Without instructions for them (VNNI, AMX) they can be exact and many times slower.
    """
    if not int8_is_exact():
        return False
    texts = TextFactors.of(torch.ones(TRIED_TEXTS, TRIED_CHANNELS), torch.zeros(TRIED_TEXTS))
    codes = torch.ones(TRIED_CELLS, TRIED_CHANNELS, dtype=torch.int8)
    return _seconds(lambda: texts.products_in_int8(codes)) < _seconds(lambda: texts.products_in_float32(codes))


def _seconds(work: Callable[[], object]) -> float:
    """Returns the shortest of a few times that work takes; the first one, which prepares kernels, does not count."""
    work()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


@cache
def int8_is_exact() -> bool:
    """Whether torch has int8 products on this processor whose intermediate sums do not overflow.

    Processors with AVX2 but without VNNI add pairs of products in 16 bits, where the largest do not fit.
    """
    if not torch.backends.mkldnn.is_available():
        return False
    largest = torch.full((2, 64), 127, dtype=torch.int8)
    largest[1] = -127
    mixed = torch.cat([largest, largest.roll(32, 1)])
    mixed[2:, ::2] *= -1
    try:
        found = torch._int_mm(mixed, mixed.T)
    except RuntimeError:
        return False
    return torch.equal(found.long(), mixed.long() @ mixed.T.long())
