"""Blending weights of overlapping tiles: largest in a tile's middle, positive everywhere."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@cache
def taper(tile: int, overlap: int) -> Floats:
    """Returns the weights (tile, tile) of a tile's pixels, float32 in (0, 1].

    Along each axis they rise over ``overlap`` pixels as a smooth step, so that two neighbours with that overlap add
    up to 1 everywhere. They never reach 0: at the raster's edge, where a single tile covers a pixel, its value is kept
    as it is.
    """
    ramp = np.minimum(1.0, (np.arange(tile, dtype=np.float64) + 1.0) / (overlap + 1.0))
    ramp = np.minimum(ramp, ramp[::-1])
    line = ramp * ramp * (3.0 - 2.0 * ramp)
    weights = np.outer(line, line).astype(np.float32)
    weights.setflags(write=False)
    return weights
