"""Division of the feature grid into chunks."""

from __future__ import annotations

from dataclasses import dataclass

from core.raster.pixel_window import PixelWindow, RowCol


@dataclass(frozen=True)
class ChunkLayout:
    """The feature grid: K channels of ``rows`` × ``columns`` cells in chunks of ``side`` (height, width) cells."""

    channels: int
    rows: int
    columns: int
    side: tuple[int, int]

    @property
    def counts(self) -> tuple[int, int]:
        """Chunks down and across."""
        return -(-self.rows // self.side[0]), -(-self.columns // self.side[1])

    def window(self, chunk: RowCol) -> PixelWindow:
        """Returns the cells that a chunk covers."""
        height, width = self.side
        whole = PixelWindow(chunk.col * width, chunk.row * height, width, height)
        return whole.intersection(PixelWindow(0, 0, self.columns, self.rows))

    def slices(self, chunk: RowCol) -> tuple[slice, slice]:
        """Returns the rows and columns of cells that a chunk covers."""
        return self.window(chunk).slices_in(PixelWindow(0, 0, self.columns, self.rows))

    def chunks_in(self, cells: PixelWindow) -> list[RowCol]:
        """Returns the chunks that hold a block of cells, row by row."""
        height, width = self.side
        return [
            RowCol(row, column)
            for row in range(cells.row // height, -(-cells.row_stop // height))
            for column in range(cells.col // width, -(-cells.col_stop // width))
        ]
