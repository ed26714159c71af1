"""F1 score of binary decisions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def f1_score(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall over all places of two arrays of one shape; 0 where nothing is right.

    Of an array (images, classes) this is the micro average.
    """
    return 2 * float((predicted & truth).sum()) / max(int(predicted.sum()) + int(truth.sum()), 1)
