"""Inputs of a pixel classifier: a pixel's bands, those around it, and its dense feature in a few directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from torch import Tensor

from core.dense.pixels import PixelScores
from core.dense.scoring import cosines
from core.dense.text_factors import TextFactors
from core.raster.pixel_window import PixelWindow

if TYPE_CHECKING:
    from core.dense.features import DenseFeatures
    from core.model.pixel_classifier import PixelClassifier

NEAR, WIDE, SPREAD = 3, 9, 5
"""Sides in pixels of the squares whose mean, mean and standard deviation of every band are inputs."""
PIXELS_AT_ONCE = 2**14
"""Pixels that go through the networks together; more leave the processor's cache."""
MARGIN_PX = max(NEAR, WIDE, SPREAD) // 2
LEAST_VARIANCE = 1e-6


def pixel_inputs(
    image: NDArray[np.float32],
    wavelengths_um: Sequence[float],
    along: NDArray[np.float32],
    classes: int,
    temperature: float,
) -> NDArray[np.float32]:
    """Compute the inputs of every pixel.

    Args:
        image: (C, H, W) in model units, 0 where there is no data.
        wavelengths_um: (C,); bands enter in ascending order.
        along: (K + P, H, W) cosines of the dense feature with the classes' words and principal directions.
        classes: K.
        temperature: factor of the words' cosines.

    Returns:
        (4 C + K + P, H, W): bands, means of 3 × 3 and 9 × 9 pixels, standard deviations of 5 × 5, log-probabilities
        of the classes by their words, and the other cosines.
    """
    bands = image[np.argsort(wavelengths_um, kind="stable")]
    middle = _means(bands, SPREAD)
    spread = np.sqrt(np.maximum(_means(bands * bands, SPREAD) - middle * middle, LEAST_VARIANCE))
    words = torch.from_numpy(temperature * along[:classes]).log_softmax(0).numpy()
    return np.concatenate([bands, _means(bands, NEAR), _means(bands, WIDE), spread, words, along[classes:]])


def _means(bands: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.asarray(uniform_filter(bands, (1, side, side)), np.float32)


class InputPixels(PixelScores):
    """Inputs of a pixel classifier at every pixel of a level.

    Args:
        features: the feature grid.
        directions: (K + P, D) unit vectors; see ``PixelClassifier``.
        classes: K.
        temperature: factor of the words' cosines.
    """

    def __init__(self, features: DenseFeatures, directions: Tensor, classes: int, temperature: float) -> None:
        texts = TextFactors.of(*features.encoder.basis.text(directions))
        super().__init__(features, lambda chunk: cosines(chunk, texts), len(directions))
        self._classes = classes
        self._temperature = temperature

    @torch.inference_mode()
    def read_inputs(self, window: PixelWindow) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Returns the inputs (F, h, w) of a window of pixels, and valid (h, w)."""
        along, valid = super().read(window)
        level = self.features.level
        around = window.buffered(MARGIN_PX).intersection(level.grid.window)
        rows, columns = window.slices_in(around)
        image, _ = level.read(around)
        inner = np.zeros((len(along), around.height, around.width), np.float32)
        inner[:, rows, columns] = along
        inputs = pixel_inputs(image, level.band_set.wavelengths_um, inner, self._classes, self._temperature)
        return inputs[:, rows, columns], valid


class ClassifiedPixels(InputPixels):
    """Logits of a pixel classifier at every pixel of a level.

    Args:
        features: the feature grid, of the classifier's encoder.
        classifier: fitted on the bands of the level.
        places: the classes to choose from, by their number in the classifier.
    """

    def __init__(self, features: DenseFeatures, classifier: PixelClassifier, places: Sequence[int]) -> None:
        super().__init__(features, classifier.directions, len(classifier.classes), classifier.temperature)
        self._classifier = classifier
        self._places = list(places)

    @torch.inference_mode()
    def read(self, window: PixelWindow) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Returns the logits (K, h, w) of a window of pixels, 0 where there is no data, and valid (h, w)."""
        inputs, valid = self.read_inputs(window)
        flat = torch.from_numpy(inputs.reshape(len(inputs), -1)).T
        logits = torch.cat([self._classifier.logits(part) for part in flat.split(PIXELS_AT_ONCE)])[:, self._places]
        found = logits.T.reshape(-1, *valid.shape).numpy()
        return np.where(valid, found, np.float32(0)), valid
