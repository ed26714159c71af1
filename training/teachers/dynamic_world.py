"""Dynamic World: dense land cover of Sentinel-2 at 10 m (Brown et al. 2022), by the network its authors released.

It has no class for clouds: mask them first. It was trained on top-of-atmosphere reflectance.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.errors import SensorError
from core.spectral.bands import Band
from core.spectral.scaling import physical_range
from training.teachers.files import find_teacher_file
from training.teachers.sessions import in_windows, network_of, open_session

BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B11", "B12")
WAVELENGTHS_UM = (0.49, 0.56, 0.665, 0.705, 0.74, 0.783, 0.842, 1.61, 2.19)
CLASSES = ("water", "trees", "grass", "flooded vegetation", "crops", "shrub and scrub", "built", "bare", "snow and ice")
LOW = np.array(
    [1.7417268, 1.7261205, 1.6798346, 1.7734970, 2.2891541, 2.3829397, 2.3828940, 2.1952484, 1.5548129], np.float32
)
HIGH = np.array(
    [2.0232987, 2.0389052, 2.1795928, 2.2890068, 2.6171675, 2.7734186, 2.7578333, 2.7890925, 2.4140535], np.float32
)
"""Percentiles of the logarithm of each band that the published normalisation is made of."""
WINDOW, MARGIN = 256, 32
TOLERANCE_UM = 0.02


def normalise(digital_numbers: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale reflectance × 10 000 (..., 9) to 0..1 as the network was trained on it: a sigmoid of the logarithm."""
    values = np.log(np.maximum(digital_numbers, 0).astype(np.float32) * np.float32(0.005) + 1)
    values = np.exp((values - LOW) / HIGH * 5 - 1)
    return (values / (values + 1)).astype(np.float32)


class DynamicWorld:
    """The network.

    Raises:
        ModelError: its file or onnxruntime is not on this computer.
    """

    def __init__(self) -> None:
        self._network = network_of(open_session(find_teacher_file("dynamic_world")))

    def probabilities(self, digital_numbers: NDArray[np.floating]) -> NDArray[np.float32]:
        """Label a scene.

        Args:
            digital_numbers: (9, H, W) in the order of BANDS, reflectance × 10 000.

        Returns:
            (9, H, W) probabilities in the order of CLASSES.
        """
        scaled = normalise(digital_numbers.transpose(1, 2, 0))
        logits = in_windows(self._network, scaled, WINDOW, MARGIN)
        odds = np.exp(logits - logits.max(axis=2, keepdims=True))
        return (odds / odds.sum(axis=2, keepdims=True)).transpose(2, 0, 1)


class DynamicWorldTeacher:
    """Teacher whose features are the network's logits of the classes, less their mean in every place.

    The classes are the same without it. Left in, the mean (about -6 everywhere) is most of what a student has to learn.

    Args:
        grid: side of the feature grid.
    """

    def __init__(self, grid: int = 16) -> None:
        self.grid = grid
        self.channels = len(CLASSES)
        self._network = network_of(open_session(find_teacher_file("dynamic_world")))

    @torch.no_grad()
    def features(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Return mean logits (B, grid², 9), centred over the classes, of images (B, C, H, W) in model units.

        Raises:
            SensorError: one of its nine bands is missing.
        """
        physical = []
        for name, wanted in zip(BANDS, WAVELENGTHS_UM, strict=True):
            distance = (wavelengths_um.float().cpu() - wanted).abs()
            index = int(distance.argmin())
            if float(distance[index]) > TOLERANCE_UM:
                raise SensorError(
                    f"Dynamic World needs the Sentinel-2 band {name}.", hint="Pair it with such an image."
                )
            low, high = physical_range(Band(name, wanted)) or (0.0, 1.0)
            physical.append(low + (images[:, index].float().cpu() + 1) / 2 * (high - low))
        scaled = normalise(10_000 * torch.stack(physical, dim=-1).numpy())
        logits = torch.from_numpy(self._network(scaled)).permute(0, 3, 1, 2)
        logits = logits - logits.mean(dim=1, keepdim=True)
        return F.adaptive_avg_pool2d(logits, self.grid).flatten(2).transpose(1, 2).to(images.device)
