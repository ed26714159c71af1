"""Overlapping windows anchored to the raster's corner, and the chunks that they form.

The plan depends on the raster's size alone, never on the extent requested, so a pixel has one answer. Everything is
counted in feature cells of ``stride`` pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.raster.pixel_window import PixelWindow
from core.raster.tile_grid import TileGrid


@dataclass(frozen=True)
class WindowPlan:
    """Windows and chunks of a whole raster (or of a coarser level of it).

    Attributes:
        tiles: the model's windows, in cells.
        stride: pixels a cell.
        windows_per_chunk: window steps a chunk spans along each axis.
    """

    tiles: TileGrid
    stride: int
    windows_per_chunk: int = 2

    @classmethod
    def over(
        cls,
        width: int,
        height: int,
        *,
        stride: int,
        patch: int,
        window: int,
        overlap: int,
        windows_per_chunk: int = 2,
    ) -> WindowPlan:
        """Returns the plan for a raster of width × height pixels.

        Args:
            width: columns of the raster.
            height: rows of the raster.
            stride: pixels a cell; divides ``patch``.
            patch: windows start at multiples of it.
            window: side of a window in pixels, a multiple of ``patch``; less for a raster smaller than that.
            overlap: pixels neighbouring windows share, a multiple of ``patch``.
            windows_per_chunk: window steps a chunk spans along each axis.
        """
        window = min(window, -(-max(width, height) // patch) * patch)
        overlap = min(overlap, window // 2 // patch * patch)
        tiles = TileGrid(
            -(-width // stride), -(-height // stride), window // stride, overlap // stride, max(1, patch // stride)
        )
        return cls(tiles, stride, windows_per_chunk)

    @property
    def window_pixels(self) -> int:
        """Side of a window in pixels."""
        return self.tiles.tile * self.stride

    @property
    def chunk_side(self) -> tuple[int, int]:
        """Cells of a chunk, down and across; along an axis of one window a chunk covers all of it."""
        side = self.windows_per_chunk * (self.tiles.tile - self.tiles.overlap)
        height, width = self.tiles.height, self.tiles.width
        return (
            height if height <= self.tiles.tile else min(side, height),
            width if width <= self.tiles.tile else min(side, width),
        )

    def chunks_across(self, windows: int) -> int:
        """Returns how many chunks side by side span this many window steps, at least one."""
        return max(1, windows // self.windows_per_chunk)

    def windows_of(self, cells: PixelWindow) -> list[PixelWindow]:
        """Returns the windows, in cells, that overlap a block of cells."""
        return list(self.tiles.windows(cells))

    def pixels(self, cells: PixelWindow) -> PixelWindow:
        """Returns the pixels of a block of cells; the raster's last cells may reach beyond it."""
        stride = self.stride
        return PixelWindow(cells.col * stride, cells.row * stride, cells.width * stride, cells.height * stride)

    def cells(self, pixels: PixelWindow, margin: int = 0) -> PixelWindow:
        """Returns the cells under a window of pixels, with a margin, inside the raster."""
        col, row = pixels.col // self.stride, pixels.row // self.stride
        col_stop, row_stop = -(-pixels.col_stop // self.stride), -(-pixels.row_stop // self.stride)
        grown = PixelWindow(col, row, col_stop - col, row_stop - row).buffered(margin)
        return grown.intersection(PixelWindow(0, 0, self.tiles.width, self.tiles.height))
