"""Area of every class of a map in hectares, exact on geographic grids."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.context import Context
from core.errors import InputError
from core.raster.grid import GridSpec
from core.raster.pixel_areas import known_row_areas
from core.raster.pixel_window import PixelWindow
from core.raster.reader import RasterReader
from core.raster.staging import TABLE, staging

_ROWS = 512
_DENSE_CODES = 1 << 16
"""Ranges of codes up to this size are counted in an array."""
_MOST_CLASSES = 1024


@dataclass(frozen=True)
class ClassArea:
    """Area of one class of a map.

    Attributes:
        code: value in the map.
        pixels: number of pixels.
        hectares: area; NaN where no coordinate reference system states how large pixels are.
        share: part of all valid pixels' area (of their number without a reference system), 0..1.
    """

    code: int
    pixels: int
    hectares: float
    share: float


class AreaTally:
    """Counts pixels and hectares of codes, block by block.

    Args:
        grid: states how large a pixel is; without a reference system hectares are unknown.
    """

    def __init__(self, grid: GridSpec) -> None:
        self._row_areas = known_row_areas(grid)
        self._pixels: dict[int, int] = {}
        self._hectares: dict[int, float] = {}

    @property
    def codes(self) -> list[int]:
        """The codes that occurred, in their order."""
        return sorted(self._pixels)

    @property
    def knows_hectares(self) -> bool:
        """Whether the reference system states how large pixels are."""
        return self._row_areas is not None

    def add(self, place: PixelWindow, codes: NDArray[np.number], counted: NDArray[np.bool_]) -> None:
        """Count a block of the grid: whole numbers (h, w) where ``counted`` (h, w)."""
        found, numbers = _numbered(codes[counted])
        for code, pixels in zip(found, np.bincount(numbers).tolist(), strict=True):
            if pixels:
                self._pixels[code] = self.pixels(code) + pixels
        if self._row_areas is not None:
            areas = np.broadcast_to(self._row_areas[place.row : place.row_stop, None], counted.shape)[counted]
            for code, hectares in zip(found, np.bincount(numbers, weights=areas).tolist(), strict=True):
                if hectares:
                    self._hectares[code] = self._hectares.get(code, 0.0) + hectares

    def pixels(self, code: int) -> int:
        """Number of pixels of a code."""
        return self._pixels.get(code, 0)

    def hectares(self, code: int) -> float:
        """Area of a code; NaN where it is unknown."""
        return self._hectares.get(code, 0.0) if self.knows_hectares else math.nan

    def areas(self, codes: Iterable[int] | None = None) -> tuple[ClassArea, ...]:
        """Areas of these codes, also of those that did not occur; None for those that did."""
        wanted = self.codes if codes is None else list(codes)
        measured = [self.hectares(code) if self.knows_hectares else float(self.pixels(code)) for code in wanted]
        total = sum(measured) or math.nan
        return tuple(
            ClassArea(code, self.pixels(code), self.hectares(code), part / total if part else 0.0)
            for code, part in zip(wanted, measured, strict=True)
        )


def class_areas(reader: RasterReader, band: int = 1, context: Context | None = None) -> tuple[ClassArea, ...]:
    """Measure every class of a map, in the order of their codes; pixels without data do not count.

    Raises:
        InputError: the map cannot be read, or holds more values than a map of classes has.
        CancelledError: the work was cancelled.
    """
    context = context or Context()
    grid = reader.grid
    tally = AreaTally(grid)
    for window in grid.window.blocks(grid.width, _ROWS):
        context.raise_if_cancelled()
        values, valid = reader.read(window, (band,))
        codes = _codes(values[0][valid])
        if codes is None or len({*tally.codes, *codes}) > _MOST_CLASSES:
            raise InputError(f"{reader.info.path} is not a map of classes.", hint="Give a map with a code a pixel.")
        tally.add(window, values[0], valid)
        context.progress(window.row_stop / grid.height, "Measuring areas")
    return tally.areas()


def _numbered(codes: NDArray[np.number]) -> tuple[Sequence[int], NDArray[np.int64]]:
    """Returns codes (K,) in rising order, and the position of each of ``codes`` (N,) among them, without sorting."""
    if not codes.size:
        return (), np.zeros(0, np.int64)
    lowest, highest = int(codes.min()), int(codes.max())
    if highest - lowest < _DENSE_CODES:
        return range(lowest, highest + 1), codes.astype(np.int64) - lowest
    found, numbers = np.unique(codes, return_inverse=True)
    return [int(code) for code in found.tolist()], numbers


def _codes(values: NDArray[Any]) -> list[int] | None:
    """List the codes of a block; None where its values are no codes: not whole, or too many."""
    found = np.unique(values)
    if len(found) > _MOST_CLASSES or not np.equal(found, np.rint(found)).all():
        return None
    return [int(code) for code in found.tolist()]


def write_areas(path: str | Path, areas: tuple[ClassArea, ...], names: Mapping[int, str]) -> Path:
    """Write areas as a CSV table: code, class, hectares (empty where unknown), share in per cent, pixels.

    Raises:
        OutputError: the table cannot be written.
    """
    target = Path(path)
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(("code", "class", "hectares", "percent", "pixels"))
    for area in areas:
        name = names.get(area.code, "")
        hectares = "" if math.isnan(area.hectares) else f"{area.hectares:.4f}"
        table.writerow((area.code, name, hectares, f"{100 * area.share:.3f}", area.pixels))
    with staging(target, TABLE) as folder:
        (folder / target.name).write_text(text.getvalue(), encoding="utf-8", newline="")
    return target
