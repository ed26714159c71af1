"""Edge-aware upsampling of scores from the feature grid to the raster's pixels.

Joint bilateral upsampling (Kopf et al. 2007): a pixel takes the scores of the feature cells around it, weighted by
how near they are and how much their mean colour resembles the pixel's. Scores are upsampled, never features: a
prompt is one number a cell, a feature hundreds. Everything is local, so a block with a margin of ``margin_cells()``
gives the whole raster's answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import pad

from core.dense import compiled, kernel_calls
from core.spectral.bands import BandSet

MAX_GUIDE_CHANNELS = 4


@dataclass(frozen=True)
class UpsampleSettings:
    """Parameters of the upsampling.

    Attributes:
        radius_cells: radius of the neighbourhood in feature cells.
        sigma_cells: standard deviation of nearness, in cells.
        sigma_guide: standard deviation of likeness, in model units (the full range of a band is 2).
    """

    radius_cells: int = 1
    sigma_cells: float = 0.7
    sigma_guide: float = 0.12

    def margin_cells(self) -> int:
        """Returns the cells needed around a block for its edge pixels to be exact."""
        return self.radius_cells


def guide_bands(band_set: BandSet) -> tuple[tuple[int, ...], ...]:
    """Returns groups of bands, at most four, whose means are the channels of the guide.

    Visible, near infrared, short-wave infrared and the rest are grouped apart, because edges differ between these
    ranges and hardly within them; with three bands or fewer each band is its own channel.

    Returns:
        Zero-based band positions of every guide channel.
    """
    if len(band_set) <= 3:
        return tuple((position,) for position in range(len(band_set)))
    groups: dict[str, list[int]] = {}
    for position, band in enumerate(band_set.bands):
        groups.setdefault(_range_of(band.wavelength_um, band.kind), []).append(position)
    return tuple(tuple(positions) for positions in groups.values())[:MAX_GUIDE_CHANNELS]


def guide_image(images: Tensor, groups: tuple[tuple[int, ...], ...]) -> Tensor:
    """Average the bands (C, H, W) into the guide (G, H, W)."""
    return torch.stack([images[list(group)].mean(0) if len(group) > 1 else images[group[0]] for group in groups])


def upsample_scores(
    scores: Tensor,
    cell_valid: Tensor,
    guide: Tensor,
    pixel_valid: Tensor,
    stride: int,
    settings: UpsampleSettings | None = None,
) -> Tensor:
    """Upsample scores to pixels.

    Args:
        scores: (N, h, w) float32 on the feature grid.
        cell_valid: (h, w) bool; scores of other cells are ignored.
        guide: (G, h · stride, w · stride) float32 in model units, aligned with the cells.
        pixel_valid: (h · stride, w · stride) bool.
        stride: pixels a cell.
        settings: of the upsampling; None for the defaults.

    Returns:
        (N, h · stride, w · stride) float32; a pixel none of whose neighbouring cells is valid gives NaN.
    """
    settings = settings or UpsampleSettings()
    count, height, width = scores.shape
    channels = guide.shape[0]
    scores = torch.where(cell_valid, scores, torch.zeros((), dtype=scores.dtype))
    nearness = _nearness(stride, settings.radius_cells, settings.sigma_cells)
    colour_factor = (0.5 / channels) ** 0.5 / settings.sigma_guide
    kernels = compiled.KERNELS.ready
    if kernels is not None:
        return kernel_calls.upsample(kernels, scores, cell_valid, guide, pixel_valid, stride, nearness, colour_factor)
    # One plane for every position inside a cell: the loops below then run over whole contiguous planes.
    pixels = guide.reshape(channels, height, stride, width, stride).permute(0, 2, 4, 1, 3).contiguous()
    cells = _cell_means(pixels, pixel_valid.reshape(height, stride, width, stride).permute(1, 3, 0, 2))

    radius = settings.radius_cells
    usable = cell_valid & torch.isfinite(cells).all(0)
    around = (radius, radius, radius, radius)
    padded_cells = pad(torch.nan_to_num(cells), around)
    padded_usable = pad(usable.float(), around)
    padded_scores = pad(scores, around)
    padded_cells = padded_cells * colour_factor
    pixels *= colour_factor

    total = torch.full((stride, stride, height, width), 1e-12)
    result = torch.zeros(count, stride, stride, height, width)
    difference = torch.empty(stride, stride, height, width)
    distance = torch.empty_like(difference)
    for row in range(2 * radius + 1):
        for column in range(2 * radius + 1):
            here = (slice(row, row + height), slice(column, column + width))
            torch.sub(pixels[0], padded_cells[0][here], out=difference)
            torch.mul(difference, difference, out=distance)
            for channel in range(1, channels):
                torch.sub(pixels[channel], padded_cells[channel][here], out=difference)
                distance.addcmul_(difference, difference)
            # The floor keeps a pixel unlike all its neighbours at their plain average instead of at 0/0.
            weight = distance.neg_().exp_().add_(1e-4)
            near = nearness[row][:, None] * nearness[column][None, :]
            weight.mul_(near[:, :, None, None] * padded_usable[here])
            total.add_(weight)
            for index in range(count):
                result[index].addcmul_(weight, padded_scores[index][here])
    result /= total
    result.masked_fill_(total < 1e-9, float("nan"))
    return result.permute(0, 3, 1, 4, 2).reshape(count, height * stride, width * stride)


def _cell_means(pixels: Tensor, pixel_valid: Tensor) -> Tensor:
    """Average planes (G, stride, stride, h, w) over each cell's valid pixels (G, h, w); NaN where there are none."""
    if bool(pixel_valid.all()):
        return pixels.mean((1, 2))
    known = pixel_valid.float()
    return (pixels * known).sum((1, 2)) / known.sum((0, 1))


@cache
def _nearness(stride: int, radius: int, sigma_cells: float) -> Tensor:
    """Gaussian of the distance between pixel and cell centres, (2 · radius + 1, stride), along one axis."""
    within = (torch.arange(stride) + 0.5) / stride - 0.5
    offsets = torch.arange(-radius, radius + 1)[:, None] - within[None]
    return torch.exp(-0.5 * (offsets / sigma_cells) ** 2)


def _range_of(wavelength_um: float, kind: str) -> str:
    if kind in ("sar", "thermal", "elevation"):
        return kind
    if wavelength_um < 0.70:
        return "visible"
    return "near infrared" if wavelength_um < 1.35 else "short-wave infrared"
