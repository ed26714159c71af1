"""Low-dimensional coordinates of stored dense features, and the projection of text vectors into them.

Where a dense head ends in a linear map, ``feature = W z + b``, storing z loses nothing: ``text · feature = (Wᵀ text) ·
z + text · b``. The map is made orthonormal first (W = Q R), so that a quantisation step changes the score equally in
every direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from core.torch_threads import one_torch_thread


@dataclass(frozen=True)
class FeatureBasis:
    """``feature = matrix @ coordinates + bias`` with orthonormal columns and a bias orthogonal to them.

    Attributes:
        matrix: (D, K) float32; None where the coordinates are the feature itself (K = D).
        bias: (D,) float32; zero where the matrix is None.
        enter: (K, Z) float32, maps the head's bottleneck z to coordinates; None for the identity.
        shift: (K,) float32, added after ``enter``.
    """

    channels: int
    matrix: Tensor | None = None
    bias: Tensor | None = None
    enter: Tensor | None = None
    shift: Tensor | None = None

    @classmethod
    def identity(cls, channels: int) -> FeatureBasis:
        """Returns the basis that leaves features unchanged."""
        return cls(channels)

    @classmethod
    def of_projection(cls, projection: nn.Conv2d) -> FeatureBasis:
        """Returns the basis of a head that ends in a 1 × 1 convolution (Z channels to D)."""
        weight = projection.weight.detach().float().cpu().flatten(1)
        bias = torch.zeros(len(weight)) if projection.bias is None else projection.bias.detach().float().cpu()
        if weight.shape[1] >= weight.shape[0]:
            return cls(len(weight), enter=weight, shift=bias)
        with one_torch_thread():  # so small a matrix takes longer to share out than to factorise
            orthonormal, triangle = torch.linalg.qr(weight.double())
            shift = orthonormal.T @ bias.double()
            rest = bias.double() - orthonormal @ shift
        return cls(weight.shape[1], orthonormal.float(), rest.float(), triangle.float(), shift.float())

    def coordinates(self, bottleneck: Tensor) -> Tensor:
        """Returns coordinates (..., K) of the head's bottleneck (..., Z)."""
        if self.enter is None:
            return bottleneck
        assert self.shift is not None
        return linear(bottleneck, self.enter.to(bottleneck), self.shift.to(bottleneck))

    def norms(self, coordinates: Tensor) -> Tensor:
        """Returns the lengths (...) of the features with coordinates (..., K)."""
        squares = torch.linalg.vector_norm(coordinates, dim=-1).square()
        return (squares if self.bias is None else squares + self.bias.square().sum()).sqrt()

    def text(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Returns factors (N, K) and constants (N,) of texts (N, D), for ``factors @ z + constants``."""
        if self.matrix is None or self.bias is None:
            return text, torch.zeros(len(text))
        return text @ self.matrix, text @ self.bias
