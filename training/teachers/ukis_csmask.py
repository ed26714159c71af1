"""UKIS-CSMASK 0.2.1: cloud shadow, water, snow, land and cloud from optical satellites at about 30 m."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import zoom

from training.teachers.files import find_teacher_file
from training.teachers.sessions import in_windows, network_of, open_session

CLASSES = ("cloud shadow", "water", "snow", "land", "cloud")
MEAN = np.array([0.19312, 0.18659, 0.18899, 0.30362, 0.23085, 0.16216], np.float32)
DEVIATION = np.array([0.16431, 0.16762, 0.18230, 0.17409, 0.16020, 0.14164], np.float32)
"""Of blue, green, red, near infrared and the two short-wave infrared bands in its training data."""
WINDOW, MARGIN = 256, 26


class UkisCsmask:
    """The network for six or for four bands.

    Args:
        bands: 6 (blue, green, red, near infrared, short-wave infrared 1.6 and 2.2 µm) or 4 (the first of these).

    Raises:
        ModelError: its file or onnxruntime is not on this computer.
    """

    def __init__(self, bands: int = 6) -> None:
        self._bands = bands
        self._network = network_of(open_session(find_teacher_file(f"ukis_{bands}_bands")))

    def probabilities(self, reflectance: NDArray[np.floating], pixels_per_30_m: float = 1.0) -> NDArray[np.float32]:
        """Label a scene.

        Args:
            reflectance: (bands, H, W), 0..1 at the top of the atmosphere.
            pixels_per_30_m: of the scene along one side; it is shown to the network at 30 m.

        Returns:
            (5, H, W) probabilities in the order of CLASSES.
        """
        height, width = reflectance.shape[1:]
        seen = reflectance.astype(np.float32)
        if pixels_per_30_m > 1:
            seen = zoom(seen, (1, 1 / pixels_per_30_m, 1 / pixels_per_30_m), order=1, grid_mode=True, mode="nearest")
        scaled = (seen.transpose(1, 2, 0) - MEAN[: self._bands]) / DEVIATION[: self._bands]
        found = in_windows(self._network, scaled, WINDOW, MARGIN).transpose(2, 0, 1)
        if found.shape[1:] != (height, width):
            scale = (1, height / found.shape[1], width / found.shape[2])
            found = zoom(found, scale, order=1, grid_mode=True, mode="nearest")
        return found.clip(0, 1)
