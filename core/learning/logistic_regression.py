"""Linear classifiers on frozen features (logistic and softmax regression) with a quadratic penalty.

scikit-learn would be one more package in every environment of the runtime, for a problem that torch's L-BFGS solves
on the device where the features are.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


@torch.enable_grad()
def fit_linear(
    vectors: Tensor, outputs: int, loss_of: Callable[[Tensor], Tensor], penalty: float, iterations: int = 60
) -> Tensor:
    """Fit weights by L-BFGS.

    Args:
        vectors: (N, D).
        outputs: number of outputs.
        loss_of: outputs (N, outputs) to a scalar, such as the cross entropy with their classes.
        penalty: of the weights' squares; the bias has none.
        iterations: at most.

    Returns:
        (D + 1, outputs); the last row is the bias.
    """
    vectors = vectors.detach().clone()  # vectors made in inference mode take no gradients
    weights = torch.zeros(vectors.shape[1] + 1, outputs, device=vectors.device, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=iterations, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = loss_of(linear_outputs(vectors, weights)) + penalty * weights[:-1].square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return weights.detach()


def fit_centred(
    vectors: Tensor, outputs: int, loss_of: Callable[[Tensor], Tensor], penalty: float, iterations: int
) -> tuple[Tensor, Tensor]:
    """Fit weights as ``fit_linear``, with the penalty at vectors of mean 0 and mean length 1.

    Returns:
        Weights (outputs, D) and biases (outputs,) for the vectors as they are.
    """
    mean = vectors.mean(0)
    centred = vectors - mean
    scale = centred.norm(dim=1).mean().clamp_min(1e-6)
    fitted = fit_linear(centred / scale, outputs, loss_of, penalty, iterations).T
    weights = fitted[:, :-1] / scale
    return weights, fitted[:, -1] - weights @ mean


def linear_outputs(vectors: Tensor, weights: Tensor) -> Tensor:
    """Returns the outputs (N, outputs) of vectors (N, D) for weights (D + 1, outputs) whose last row is the bias."""
    return vectors @ weights[:-1] + weights[-1]
