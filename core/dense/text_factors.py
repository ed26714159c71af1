"""Texts as factors for multiplication with int8 codes by the processor's int8 kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

STEPS = 254
"""Fine steps in a coarse one: a number is ``step · (254 · coarse + fine)`` with both in -127..127."""


@dataclass(frozen=True)
class TextFactors:
    """Texts in the coordinates of a basis: a cosine is ``factors · coordinates + constants · share``.

    A factor is also held as two int8 numbers, which together say it to one part in 32 000: as exact a sum as float32's
    for coordinates that are int8 codes themselves, and several times as fast.

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
        if not int8_is_exact():
            return self.factors @ codes.T.float()
        coarse, fine = torch._int_mm(self.parts, codes.T).split(len(self))
        return coarse.float().mul_(STEPS).add_(fine).mul_(self.steps)


@cache
def int8_is_exact() -> bool:
    """Whether torch has int8 products on this processor and they do not overflow on their way.

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
