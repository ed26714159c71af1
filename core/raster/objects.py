"""Separate objects within one region: touching buildings, ponds or crowns are cut where their scores or widths dip."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from rasterio.transform import Affine
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from core.raster.outlines import Outline, Strip, strip_outlines
from core.raster.pixel_window import PixelWindow
from core.raster.reader import RasterReader

DIP = 0.75
"""Two peaks are two objects where the way between them falls below this share of the lower one."""
LARGEST_PIXELS = 16_000_000
"""Regions whose bounding box has more pixels are landscapes, not objects that touch; they stay whole."""
_BLUR_PIXELS = 1.0


def separated(outline: Outline, reader: RasterReader, band: int, least_pixels: float = 1.0) -> Iterator[Outline]:
    """Cut a region into its objects.

    Args:
        outline: a region of pixels at or above a threshold.
        reader: the score raster.
        band: its band, from 1.
        least_pixels: no object gets smaller than this.

    Yields:
        The objects, which share their borders; the region itself where it is one object.
    """
    left, top, right, bottom = (int(value) for value in outline.polygon.bounds)
    window = PixelWindow(left, top, right - left, bottom - top)
    if window.width * window.height > LARGEST_PIXELS:
        yield outline
        return
    place = Affine.translation(window.col, window.row)
    inside = ~geometry_mask([outline.polygon], (window.height, window.width), place)
    values, valid = reader.read(window, (band,))
    scores = np.where(inside & valid, values[0], 0.0)
    numbers = object_numbers(scores, inside, least_pixels)
    if numbers.max() <= 1:
        yield outline
        return
    for part in strip_outlines(Strip(window, numbers, inside, scores)):
        yield Outline(outline.code, part.polygon, part.scores)


def object_numbers(
    scores: NDArray[np.floating[Any]], inside: NDArray[np.bool_], least_pixels: float = 1.0
) -> NDArray[np.int32]:
    """Number the objects of a region by a watershed from its peaks.

    The relief is the score times the distance to the region's border (a region's middle counts more than its rim), so
    that objects part where scores dip between two peaks and where a region is narrow.

    Args:
        scores: (h, w), 0 to 1.
        inside: (h, w), the pixels of the region.
        least_pixels: peaks whose objects would be smaller are given to their neighbours.

    Returns:
        (h, w) int32, from 1 inside the region and 0 outside it.
    """
    weight = gaussian_filter(inside.astype(np.float64), _BLUR_PIXELS)
    smooth = gaussian_filter(np.where(inside, scores, 0.0).astype(np.float64), _BLUR_PIXELS) / np.maximum(weight, 1e-9)
    distance = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    relief = np.where(inside, np.maximum(smooth, 1e-3) * np.maximum(distance, 1e-3), 1e-6)
    peaks = h_maxima(np.log(relief), math.log(1 / DIP)).astype(bool) & inside
    markers = label(peaks, connectivity=2).astype(np.int32)
    while True:
        numbers = watershed(-relief, markers, mask=inside).astype(np.int32)
        sizes = np.bincount(numbers.ravel(), minlength=2)[1:]
        small = np.flatnonzero((sizes > 0) & (sizes < least_pixels)) + 1
        if not len(small) or np.count_nonzero(sizes) <= 1:
            return numbers
        smallest = small[np.argmin(sizes[small - 1])]
        markers[markers == smallest] = 0
