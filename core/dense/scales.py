"""Pixel sizes at which a picture is encoded: very fine pictures are seen at coarser sizes, too.

What a model learnt from pictures of 0.3 m it finds less well at 7 cm, where a window shows less than one house. Each
window of a finer picture is therefore encoded at its own pixel size and at coarser ones, and the features are averaged:
an image pyramid, as in Adelson et al., "Pyramid methods in image processing" (1984). A coarser level costs a quarter of
the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from core.raster.pixel_areas import pixel_size_m

if TYPE_CHECKING:
    from core.raster.grid import GridSpec

FACTORS = (2, 4, 8)
"""Pixels of the picture along a side of a coarser pixel."""
TOLERANCE = 1.15
"""How far the coarsest pixel may exceed the size asked for."""


def scales_of(grid: GridSpec, coarsest_m: float) -> tuple[int, ...]:
    """Returns the factors that pictures are encoded at; 1 alone where pixels are large or of unknown size.

    Args:
        grid: of the level that is encoded.
        coarsest_m: pixel size in metres that the coarsest factor may lead to; 0 for 1 alone.
    """
    sides = pixel_size_m(grid) if coarsest_m else None
    if sides is None:
        return (1,)
    return (1, *(factor for factor in FACTORS if factor * max(sides) <= TOLERANCE * coarsest_m))


def averaged_scales(encode: Callable[[Tensor], Tensor], images: Tensor, scales: Sequence[int]) -> Tensor:
    """Encode images at several pixel sizes and average the features on the finest grid.

    Args:
        encode: (B, C, H, W) to (B, Z, H / stride, W / stride).
        images: (B, C, H, W) float32, H and W multiples of all factors and the stride.
        scales: the factors, 1 first.

    Returns:
        (B, Z, H / stride, W / stride).
    """
    found = encode(images)
    for factor in scales[1:]:
        coarser = encode(F.avg_pool2d(images, factor))
        found = found + F.interpolate(coarser, size=found.shape[-2:], mode="bilinear", align_corners=False)
    return found / len(scales) if len(scales) > 1 else found
