"""Scores averaged over regions of similar colour, so that edges of the map follow edges of the image."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.segmentation import slic

from core.dense.pixels import PixelScores
from core.dense.upsample import guide_bands, guide_image
from core.raster.pixel_window import PixelWindow

PIXELS_PER_REGION = 80
MARGIN_PIXELS = 24
SUREST = 6.0
"""Largest log-odds of a pixel in a region's mean; higher ones are clipped."""


def snap_to_regions(
    scores: PixelScores, block: PixelWindow, wanted: PixelWindow
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns scores that are constant over superpixels (SLIC, Achanta et al. 2012).

    Regions are found on whole blocks with a margin, whatever part is wanted, so that they do not depend on the extent.

    Args:
        scores: gives the scores of pixels.
        block: a chunk of the features in pixels.
        wanted: the part of the block to give.

    Returns:
        Scores (N, h, w) and valid (h, w) of ``wanted``.
    """
    level = scores.features.level
    around = block.buffered(MARGIN_PIXELS).intersection(level.grid.window)
    values, valid = scores.read(around)
    rows, columns = wanted.slices_in(around)
    if valid.any():
        image, _ = level.read(around)
        guide = guide_image(torch.from_numpy(image), guide_bands(level.band_set)).numpy()
        # Not told where data are missing: that takes sixty times as long, and such ground has a colour of its own.
        regions = slic(
            np.moveaxis(guide, 0, -1).astype(np.float64),
            n_segments=max(1, around.width * around.height // PIXELS_PER_REGION),
            compactness=0.1,
            start_label=0,
            channel_axis=-1,
            convert2lab=False,
        )
        # One pixel that is utterly sure must not outvote a region that is not.
        values = _means(values.clip(-SUREST, SUREST), regions, valid)
    return values[:, rows, columns], valid[rows, columns]


def _means(values: NDArray[np.float32], regions: NDArray[np.int64], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Replace each valid pixel's values by their mean over its region."""
    labels = regions[valid]
    if not labels.size:
        return values
    labels = labels - labels.min()
    counts = np.maximum(np.bincount(labels), 1)
    result = values.copy()
    for index in range(len(values)):
        sums = np.bincount(labels, weights=values[index][valid])
        result[index][valid] = (sums / counts)[labels]
    return result
