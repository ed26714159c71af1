"""Overlapping tiles of a raster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from core.raster.pixel_window import PixelWindow


@dataclass(frozen=True)
class TileGrid:
    """Overlapping square tiles that cover a raster and are fixed to its upper left corner, never to a view.

    Every pixel is covered by the same tiles whichever extent is requested, so its answer does not depend on the
    extent. The last column and row of tiles are pulled back to end at the raster's edge (rounded up to ``align``), so
    that they see as much of the raster as the others.

    Attributes:
        width: columns of the raster.
        height: rows of the raster.
        tile: side of a tile in pixels, a multiple of ``align``.
        overlap: pixels that neighbours share at least, a multiple of ``align``, below ``tile``.
        align: tiles start at multiples of this (the model's patch or stride).
    """

    width: int
    height: int
    tile: int
    overlap: int
    align: int = 1

    def __post_init__(self) -> None:
        """Check the sizes.

        Raises:
            ValueError: sizes that do not fit together.
        """
        if min(self.width, self.height, self.tile, self.align) < 1 or not 0 <= self.overlap < self.tile:
            raise ValueError(f"Tiles of {self.tile} with an overlap of {self.overlap} are not possible.")
        if self.tile % self.align or self.overlap % self.align:
            raise ValueError(f"Tile {self.tile} and overlap {self.overlap} must be multiples of {self.align}.")

    @property
    def columns(self) -> tuple[int, ...]:
        """First columns of the tiles, from left to right."""
        return _starts(self.width, self.tile, self.tile - self.overlap, self.align)

    @property
    def rows(self) -> tuple[int, ...]:
        """First rows of the tiles, from top to bottom."""
        return _starts(self.height, self.tile, self.tile - self.overlap, self.align)

    def windows(self, region: PixelWindow | None = None) -> Iterator[PixelWindow]:
        """Yield the tiles that share pixels with a region (default: all), row by row; some reach outside the raster."""
        region = region or PixelWindow(0, 0, self.width, self.height)
        columns = [col for col in self.columns if col < region.col_stop and col + self.tile > region.col]
        for row in self.rows:
            if row < region.row_stop and row + self.tile > region.row:
                for col in columns:
                    yield PixelWindow(col, row, self.tile, self.tile)

    def count(self, region: PixelWindow | None = None) -> int:
        """Count the tiles that share pixels with a region (default: all)."""
        return sum(1 for _ in self.windows(region))


@cache
def _starts(length: int, tile: int, step: int, align: int) -> tuple[int, ...]:
    """Place tiles along one axis."""
    last = max(0, math.ceil((length - tile) / align) * align)
    return (*range(0, last, step), last)
