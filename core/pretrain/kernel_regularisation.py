"""Regularisation that keeps the generated kernels of known band sets while new bands are learnt.

One generator makes the kernels of all bands, so that training on new wavelengths changes those of earlier sensors. No
image of the earlier sensors is needed to keep them: the kernels for their wavelengths are known.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.errors import TrainingError
from core.model.geolangbind import GeoLangBind
from core.model.patch_embedding import GeneratedConvolution


class KernelRegularisation:
    """Stores the generated kernels of some band sets, and measures how far they have moved.

    Args:
        model: as it is before training.
        band_sets: centre wavelengths in µm, one sequence a sensor, in the sensor's order of bands.

    Raises:
        TrainingError: a band set is empty or has a wavelength that is no positive number.
    """

    def __init__(self, model: GeoLangBind, band_sets: Sequence[Sequence[float]]) -> None:
        for bands in band_sets:
            _refuse_what_is_no_wavelength(bands)
        self._generators = [part for part in model.visual.trunk.modules() if isinstance(part, GeneratedConvolution)]
        self._band_sets = [torch.tensor([float(value) for value in bands]) for bands in band_sets]
        with torch.no_grad():
            self._kept = [
                tuple(made.clone() for made in generator.generated_weights(bands))
                for generator in self._generators
                for bands in self._band_sets
            ]

    def moved(self) -> Tensor:
        """Returns the squared relative distance of kernels and biases from those kept, their mean over band sets ()."""
        now = (generator.generated_weights(bands) for generator in self._generators for bands in self._band_sets)
        distances = [
            (made - kept).square().sum() / kept.square().sum()
            for pair, pair_kept in zip(now, self._kept, strict=True)
            for made, kept in zip(pair, pair_kept, strict=True)
        ]
        return torch.stack(distances).sum() / len(self._kept)


def _refuse_what_is_no_wavelength(bands: object) -> None:
    numbers = bands if isinstance(bands, (list, tuple)) else ()
    if not numbers or not all(isinstance(value, (int, float)) and value > 0 for value in numbers):
        raise TrainingError(
            f"keep_kernels has {bands}, which are no wavelengths.",
            hint="Give each sensor's centre wavelengths in µm, such as [0.665, 0.56, 0.49].",
        )
