"""The pixel grid for the copy of a layer that has no pixels of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from qgis.core import QgsRasterDataProvider, QgsRectangle

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text

BLOCK = 1024
"""Side in pixels of the blocks requested from a server: below the usual limit of 2048."""

MAX_PIXELS = 400_000_000
"""Largest copy in pixels (20 000 by 20 000), so that a tile server is not loaded by accident."""


@dataclass(frozen=True)
class ExportGrid:
    """A grid of square pixels anchored to an origin that does not depend on the part requested.

    Attributes:
        xmin: left edge.
        ymax: upper edge.
        pixel: pixel width in units of the CRS.
        pixel_height: pixel height in units of the CRS.
        width: columns.
        height: rows.
    """

    xmin: float
    ymax: float
    pixel: float
    pixel_height: float
    width: int
    height: int

    @property
    def extent(self) -> QgsRectangle:
        """The area that the grid covers."""
        return QgsRectangle(
            self.xmin, self.ymax - self.height * self.pixel_height, self.xmin + self.width * self.pixel, self.ymax
        )

    def blocks(self) -> Iterator[tuple[int, int, int, int, QgsRectangle]]:
        """Yields (column, row, width, height, extent) of blocks, row by row."""
        for row in range(0, self.height, BLOCK):
            rows = min(BLOCK, self.height - row)
            for column in range(0, self.width, BLOCK):
                columns = min(BLOCK, self.width - column)
                left, top = self.xmin + column * self.pixel, self.ymax - row * self.pixel_height
                box = QgsRectangle(left, top - rows * self.pixel_height, left + columns * self.pixel, top)
                yield column, row, columns, rows, box


def plan_grid(extent: QgsRectangle, origin: tuple[float, float], pixel: float, pixel_height: float = 0.0) -> ExportGrid:
    """Snap the extent outwards to whole pixels counted from the origin (its left and upper edge).

    Raises:
        ValueError: the grid would be empty or larger than ``MAX_PIXELS``.
    """
    pixel_height = pixel_height or pixel
    if pixel <= 0 or extent.isEmpty():
        raise ValueError(tr("The resolution and the area must be greater than zero."))
    tolerance = 1e-6
    left = math.floor((extent.xMinimum() - origin[0]) / pixel + tolerance)
    right = math.ceil((extent.xMaximum() - origin[0]) / pixel - tolerance)
    top = math.floor((origin[1] - extent.yMaximum()) / pixel_height + tolerance)
    bottom = math.ceil((origin[1] - extent.yMinimum()) / pixel_height - tolerance)
    width, height = max(1, right - left), max(1, bottom - top)
    if width * height > MAX_PIXELS:
        raise ValueError(
            tr(
                "The chosen area has {0} × {1} pixels at this resolution. Choose a smaller area or larger pixels."
            ).format(number_text(width), number_text(height))
        )
    return ExportGrid(origin[0] + left * pixel, origin[1] - top * pixel_height, pixel, pixel_height, width, height)


def suggested_pixel(provider: QgsRasterDataProvider, extent: QgsRectangle, map_units_per_pixel: float) -> float:
    """Returns a pixel size for rendering: the server's own level nearest to the map's resolution.

    A server without levels gets a round number, so that views of about one scale share their pixels, and what was
    computed of them.

    Args:
        provider: the layer's data provider.
        extent: the part wanted, in the layer's CRS.
        map_units_per_pixel: pixel size of the map view in the layer's CRS; 0 where there is no view.
    """
    if provider.xSize() > 0:
        return provider.extent().width() / provider.xSize()
    wanted = map_units_per_pixel or max(extent.width(), extent.height()) / BLOCK
    levels = [level for level in provider.nativeResolutions() if level > 0]
    levels = levels or _round_numbers_about(wanted)
    return min(levels, key=lambda level: abs(math.log(level / wanted)))


def _round_numbers_about(wanted: float) -> list[float]:
    """Returns 1, 2, 5 and 10 times the power of ten below the number."""
    power = math.floor(math.log10(wanted))
    return [float(f"{digit}e{power}") for digit in (1, 2, 5, 10)]
