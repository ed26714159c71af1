"""McFeeters' water index as a reference for prompts on imagery without labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion


def ndwi(green: NDArray[np.floating], near_infrared: NDArray[np.floating]) -> NDArray[np.float32]:
    """Returns McFeeters' (1996) normalised difference water index, -1..1, of two reflectances of one shape."""
    total = green.astype(np.float32) + near_infrared.astype(np.float32)
    difference = green.astype(np.float32) - near_infrared.astype(np.float32)
    return (difference / np.where(total == 0, np.float32(1), total)).astype(np.float32)


def away_from_edges(reference: NDArray[np.bool_], pixels: int = 2) -> NDArray[np.bool_]:
    """Returns the pixels further than ``pixels`` from the outline of a mask, where mixed pixels do not decide."""
    band = binary_dilation(reference, iterations=pixels) & ~binary_erosion(reference, iterations=pixels, border_value=1)
    return ~band
