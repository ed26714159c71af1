"""Fuses weak land-cover labels of real scenes: kept where they agree, unlabelled elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening

from core.evaluate.water import ndwi
from training.teachers.dynamic_world import CLASSES as COVER
from training.teachers.ukis_csmask import CLASSES as SKY

LEGEND = {
    "water": 1,
    "trees": 2,
    "grass": 3,
    "flooded vegetation": 4,
    "crops": 5,
    "shrub and scrub": 6,
    "built": 7,
    "bare": 8,
    "snow and ice": 9,
    "cloud": 10,
    "cloud shadow": 11,
    "mangrove": 12,
    "burnt": 13,
    "green vegetation": 14,
    "fire": 15,
    "solar farm": 16,
}
"""Codes of the label rasters; 0 is unlabelled."""
LEAD, SURE_SKY = 0.12, 0.7
"""Dynamic World: least lead of a class over the next, in probability. UKIS-CSMASK: least probability of a class."""

Bands = Mapping[str, NDArray[np.float32]]
"""Reflectance (H, W) by "green", "red", "nir", "swir16", "swir22"."""


def fuse(cover: NDArray[np.float32] | None, sky: NDArray[np.float32] | None, bands: Bands) -> NDArray[np.uint8]:
    """Label a scene by Dynamic World, UKIS-CSMASK and McFeeters' water index.

    Water is labelled where the index is above 0.05 and no network contradicts, snow where the snow index is high too;
    a class of land only where the water index is below 0. Clouds hide what lies under them.

    Args:
        cover: (9, H, W) probabilities of Dynamic World, or None.
        sky: (5, H, W) probabilities of UKIS-CSMASK, or None.
        bands: reflectance; green and nir at least.

    Returns:
        (H, W) codes of LEGEND.
    """
    index = ndwi(bands["green"], bands["nir"])
    labels = np.zeros(index.shape, np.uint8)
    wet = index > 0.05
    if cover is not None:
        ranked = np.sort(cover, axis=0)
        best, sure = cover.argmax(0), ranked[-1] - ranked[-2] >= LEAD
        for number, name in enumerate(COVER):
            if name not in ("water", "snow and ice"):
                labels[(best == number) & sure & (index < 0)] = LEGEND[name]
        snow = (best == COVER.index("snow and ice")) & sure
        if "swir16" in bands:
            snow &= _difference(bands["green"], bands["swir16"]) > 0.4
        labels[snow] = LEGEND["snow and ice"]
        wet &= ~snow & (cover[COVER.index("water")] > 0.1)
    if sky is not None:
        wet &= sky[SKY.index("snow")] < 0.5
        wet &= sky[SKY.index("cloud")] < 0.5
    labels[wet] = LEGEND["water"]
    if sky is not None:
        labels[(sky[SKY.index("cloud")] > 1 - SURE_SKY) | (sky[SKY.index("cloud shadow")] > 1 - SURE_SKY)] = 0
        labels[sky[SKY.index("cloud shadow")] > SURE_SKY] = LEGEND["cloud shadow"]
        labels[sky[SKY.index("cloud")] > SURE_SKY] = LEGEND["cloud"]
    return labels


def by_indices(bands: Bands) -> NDArray[np.uint8]:
    """Label water, green vegetation and bare ground by NDWI and NDVI alone, far from their thresholds.

    Args:
        bands: reflectance of green, red and nir.

    Returns:
        (H, W) codes of LEGEND.
    """
    index = ndwi(bands["green"], bands["nir"])
    vegetation = _difference(bands["nir"], bands["red"])
    labels = np.zeros(index.shape, np.uint8)
    labels[(vegetation < 0.25) & (index < -0.1)] = LEGEND["bare"]
    labels[vegetation > 0.55] = LEGEND["green vegetation"]
    labels[index > 0.05] = LEGEND["water"]
    return labels


def dark_water(swir: NDArray[np.floating], red: NDArray[np.floating], nir: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Label water in uncalibrated 8-bit scenes, where short-wave infrared is darkest, and vegetation by band ratio.

    Args:
        swir: (H, W) grey values at 1.6 µm.
        red: the same of red.
        nir: the same of near infrared.

    Returns:
        (H, W) codes of LEGEND.
    """
    labels = np.zeros(swir.shape, np.uint8)
    labels[(nir > 1.6 * red) & (swir > 25)] = LEGEND["green vegetation"]
    labels[binary_opening((swir < 18) & (nir < 1.2 * red + 8))] = LEGEND["water"]
    return labels


def with_mangroves(labels: NDArray[np.uint8], first_row: int) -> NDArray[np.uint8]:
    """Return labels (H, W) in which woods and flooded vegetation from a row on southwards are mangrove."""
    woods = np.isin(labels, (LEGEND["trees"], LEGEND["flooded vegetation"]))
    woods[:first_row] = False
    return np.where(woods, LEGEND["mangrove"], labels).astype(np.uint8)


def burnt(
    near_infrared: NDArray[np.floating], swir22: NDArray[np.floating], within: tuple[slice, slice]
) -> NDArray[np.uint8]:
    """Label a burning forest by the normalised burn ratio (Key and Benson 2006).

    Args:
        near_infrared: (H, W) reflectance.
        swir22: the same at 2.2 µm.
        within: rows and columns of the fire, drawn by eye: elsewhere a low ratio may be rock or shadow.

    Returns:
        (H, W) codes of LEGEND: fire, burnt, green vegetation.
    """
    ratio = _difference(near_infrared, swir22)
    labels = np.zeros(ratio.shape, np.uint8)
    labels[ratio > 0.37] = LEGEND["green vegetation"]
    inside = np.zeros(ratio.shape, bool)
    inside[within] = True
    labels[(ratio < 0.31) & inside] = LEGEND["burnt"]
    labels[(ratio < 0.2) & inside] = LEGEND["fire"]
    return labels


def _difference(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float32]:
    return ((first - second) / np.maximum(first + second, 1e-4)).astype(np.float32)
