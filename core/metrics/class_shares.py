"""The classes' shares of a view, estimated from a classifier's own probabilities.

Follows Saerens, Latinne and Decaestecker (2002), "Adjusting the outputs of a classifier to new a priori probabilities":
expectation maximisation over the shares, without labels. It is right where the probabilities are calibrated; where
they are not, it can drive a class to nothing or let one take all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ITERATIONS, TOLERANCE = 200, 1e-5
LEAST_SHARE = 1e-3
"""No class falls below it: what is rare must stay possible."""


def estimate_shares(
    probabilities: NDArray[np.floating], assumed: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """Estimate the classes' shares.

    Args:
        probabilities: (N, classes) of pixels, each row summing to 1.
        assumed: (classes,) shares that the classifier takes for granted; even where None.

    Returns:
        (classes,) estimated shares, each at least LEAST_SHARE, summing to 1; the assumed ones without any pixel.
    """
    count = probabilities.shape[1]
    even: NDArray[np.float64] = np.full(count, 1 / count)
    expected = even if assumed is None else np.asarray(assumed, np.float64)
    shares: NDArray[np.float64] = expected.copy()
    if not len(probabilities):
        return shares
    given = probabilities.astype(np.float64)
    for _ in range(ITERATIONS):
        adjusted = given * (shares / expected)
        adjusted /= np.maximum(adjusted.sum(1, keepdims=True), 1e-300)
        new: NDArray[np.float64] = np.maximum(adjusted.mean(0), LEAST_SHARE)
        new = new / new.sum()
        moved = float(np.abs(new - shares).max())
        shares = new
        if moved < TOLERANCE:
            break
    return shares
