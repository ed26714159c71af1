"""A teacher that needs no download: texture, edges and spectral indices, computed as textbooks have them.

It knows nothing of words or objects, but it knows exactly where brightness changes, how rough a place is and which
spectral index is high there, at three scales; that is what a small model's tokens lose first.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.spectral.bands import Band
from core.spectral.scaling import physical_range

SCALES = (1, 2, 4)
"""Pixels averaged before texture is measured."""

CHANNELS = (
    *(f"{kind}_{scale}" for scale in SCALES for kind in ("edge", "horizontal", "diagonal", "contrast", "blob")),
    "brightness",
    "brightness_spread",
    "ndvi",
    "ndwi",
    "ndmi",
    "nbr",
    "greenness",
    "warmth",
    "saturation",
)
"""Per scale: strength of edges; their direction as cosine (+1 along columns, -1 along rows) and sine of twice the
angle; local standard deviation; strength of small bright or dark spots. Then mean and spread of brightness over all
bands; NDVI (nir, red), NDWI (green, nir), NDMI (nir, swir1), NBR (nir, swir2); greenness (2g - r - b), warmth (r - b)
and saturation of the visible bands. An index whose bands are missing is 0."""

BANDS_UM = {
    "blue": (0.43, 0.52),
    "green": (0.52, 0.60),
    "red": (0.60, 0.70),
    "nir": (0.76, 0.95),
    "swir1": (1.5, 1.75),
    "swir2": (2.0, 2.4),
}
TEXTURE_GAIN = 6.0
EPSILON = 1e-3


class ClassicalTeacher:
    """Multi-scale texture and edge features and spectral indices, in plain torch.

    Args:
        grid: side of the feature grid.
    """

    def __init__(self, grid: int = 16) -> None:
        self.grid = grid
        self.channels = len(CHANNELS)

    @torch.no_grad()
    def features(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Compute the features.

        Args:
            images: (B, C, H, W) in model units (-1..1), any bands.
            wavelengths_um: (C,) centre wavelengths in µm.

        Returns:
            (B, grid², len(CHANNELS)) float32, each channel roughly within -1..1.
        """
        unit = (images.float() + 1.0) / 2.0
        brightness = unit.mean(dim=1, keepdim=True)
        maps = [part for scale in SCALES for part in self._texture(brightness, scale)]
        spread = self._cells(brightness.square()) - self._cells(brightness).square()
        maps += [2.0 * self._cells(brightness) - 1.0, torch.tanh(TEXTURE_GAIN * spread.clamp(min=0.0).sqrt())]
        maps += [self._cells(index) for index in _indices(unit, wavelengths_um)]
        return torch.cat(maps, dim=1).flatten(2).transpose(1, 2)

    def _texture(self, brightness: Tensor, scale: int) -> list[Tensor]:
        """Measure edges, their direction, contrast and spots of an image averaged over ``scale`` pixels."""
        smooth = (
            F.avg_pool2d(brightness, scale) if scale > 1 and min(brightness.shape[-2:]) >= 4 * scale else brightness
        )
        padded = F.pad(smooth, (1, 1, 1, 1), mode="replicate")
        across, down = F.conv2d(padded, _sobel(smooth)).chunk(2, dim=1)
        energy = self._cells(across.square() + down.square())
        cosine = self._cells(across.square() - down.square()) / (energy + EPSILON)
        sine = self._cells(2.0 * across * down) / (energy + EPSILON)
        mean = F.avg_pool2d(padded, 3, stride=1)
        variance = (F.avg_pool2d(padded.square(), 3, stride=1) - mean.square()).clamp(min=0.0)
        measured = (energy.sqrt(), self._cells(variance).sqrt(), self._cells((smooth - mean).square()).sqrt())
        edge, contrast, blob = (torch.tanh(TEXTURE_GAIN * part) for part in measured)
        return [edge, cosine, sine, contrast, blob]

    def _cells(self, values: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(values, self.grid)


def _sobel(like: Tensor) -> Tensor:
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]], device=like.device) / 8.0
    return torch.stack([across, across.T])[:, None]


def _indices(unit: Tensor, wavelengths_um: Tensor) -> list[Tensor]:
    """Compute the spectral indices (B, 1, H, W) from reflectance, 0 where a band is missing."""
    bands = {name: _band(unit, wavelengths_um, *limits) for name, limits in BANDS_UM.items()}
    blue, green, red = bands["blue"], bands["green"], bands["red"]
    nir = bands["nir"]
    indices = [
        _normalised_difference(nir, red),
        _normalised_difference(green, nir),
        _normalised_difference(nir, bands["swir1"]),
        _normalised_difference(nir, bands["swir2"]),
    ]
    if blue is None or green is None or red is None:
        indices += [None, None, None]
    else:
        total = red + green + blue + EPSILON
        visible = torch.cat([red, green, blue], dim=1)
        brightest, darkest = visible.amax(dim=1, keepdim=True), visible.amin(dim=1, keepdim=True)
        indices += [
            (2 * green - red - blue) / total,
            (red - blue) / total,
            (brightest - darkest) / (brightest + EPSILON),
        ]
    absent = torch.zeros_like(unit[:, :1])
    return [absent if index is None else index for index in indices]


def _band(unit: Tensor, wavelengths_um: Tensor, low: float, high: float) -> Tensor | None:
    """Average the bands between two wavelengths as reflectance; None where there are none."""
    chosen = [index for index, value in enumerate(wavelengths_um.tolist()) if low <= value < high]
    if not chosen:
        return None
    return torch.stack([unit[:, index] * _ceiling(float(wavelengths_um[index])) for index in chosen], dim=1).mean(
        dim=1, keepdim=True
    )


def _ceiling(wavelength_um: float) -> float:
    """Returns the reflectance at model value +1."""
    limits = physical_range(Band("", wavelength_um))
    return limits[1] if limits else 1.0


def _normalised_difference(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    if first is None or second is None:
        return None
    return (first - second) / (first + second + EPSILON)
