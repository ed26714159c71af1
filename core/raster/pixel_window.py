"""Rectangles of pixels, and a typed pair for each of the two orders of pixel coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class ColRow(NamedTuple):
    """Pixel coordinates with the column (x) first; used by windows and grids.

    Attributes:
        col: column; a fraction lies within the pixel.
        row: row.
    """

    col: float
    row: float


class RowCol(NamedTuple):
    """Whole pixel coordinates with the row first, as arrays are indexed; used by chunks and blocks of ground.

    Attributes:
        row: row.
        col: column.
    """

    row: int
    col: int


@dataclass(frozen=True)
class PixelWindow:
    """A rectangle of pixels; may reach outside the raster.

    Attributes:
        col: first column.
        row: first row.
        width: columns.
        height: rows.
    """

    col: int
    row: int
    width: int
    height: int

    @property
    def col_stop(self) -> int:
        """The column after the last."""
        return self.col + self.width

    @property
    def row_stop(self) -> int:
        """The row after the last."""
        return self.row + self.height

    @property
    def is_empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.width <= 0 or self.height <= 0

    def intersection(self, other: PixelWindow) -> PixelWindow:
        """Return the common part; empty where there is none."""
        col, row = max(self.col, other.col), max(self.row, other.row)
        width = max(0, min(self.col_stop, other.col_stop) - col)
        height = max(0, min(self.row_stop, other.row_stop) - row)
        return PixelWindow(col, row, width, height)

    def contains(self, other: PixelWindow) -> bool:
        """Whether the other lies wholly inside."""
        return self.intersection(other) == other

    def buffered(self, pixels: int) -> PixelWindow:
        """Grow by some pixels on all four sides."""
        return PixelWindow(self.col - pixels, self.row - pixels, self.width + 2 * pixels, self.height + 2 * pixels)

    def slices_in(self, outer: PixelWindow) -> tuple[slice, slice]:
        """Return its (rows, columns) slices within an array that covers ``outer``, which must contain it."""
        row, col = self.row - outer.row, self.col - outer.col
        return slice(row, row + self.height), slice(col, col + self.width)

    def blocks(self, width: int, height: int) -> Iterator[PixelWindow]:
        """Cut into blocks of at most width × height, row by row."""
        for row in range(self.row, self.row_stop, height):
            for col in range(self.col, self.col_stop, width):
                yield PixelWindow(col, row, min(width, self.col_stop - col), min(height, self.row_stop - row))
