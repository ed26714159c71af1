"""Area of every class of a map in hectares, exact on geographic grids."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.progress import CancelToken, Progress, no_progress
from core.raster.pixel_areas import known_row_areas
from core.raster.reader import RasterReader
from core.raster.staging import TABLE, staging

_ROWS = 512
_MOST_CLASSES = 1024


@dataclass(frozen=True)
class ClassArea:
    """How much of a map one class covers.

    Attributes:
        code: value in the map.
        pixels: number of pixels.
        hectares: area; NaN where no coordinate reference system says how large pixels are.
        share: part of all valid pixels' area (of their number without a reference system), 0..1.
    """

    code: int
    pixels: int
    hectares: float
    share: float


def class_areas(
    reader: RasterReader, band: int = 1, *, progress: Progress = no_progress, cancel: CancelToken | None = None
) -> tuple[ClassArea, ...]:
    """Measure every class of a map, in the order of their codes; pixels without data do not count.

    Raises:
        InputError: the map cannot be read, or holds more values than a map of classes has.
        CancelledError: a stop was asked for.
    """
    grid = reader.grid
    row_areas = known_row_areas(grid)
    known = row_areas is not None
    row_hectares = np.full(grid.height, np.nan) if row_areas is None else row_areas
    pixels: dict[int, int] = {}
    hectares: dict[int, float] = {}
    for window in grid.window.blocks(grid.width, _ROWS):
        if cancel is not None:
            cancel.raise_if_cancelled()
        values, valid = reader.read(window, (band,))
        rows = slice(window.row, window.row_stop)
        codes = _codes(values[0][valid])
        if codes is None or len(pixels.keys() | codes) > _MOST_CLASSES:
            raise InputError(f"{reader.info.path} is not a map of classes.", hint="Give a map with a code a pixel.")
        for code in codes:
            counts = ((values[0] == code) & valid).sum(axis=1)
            pixels[code] = pixels.get(code, 0) + int(counts.sum())
            hectares[code] = hectares.get(code, 0.0) + float(counts @ row_hectares[rows])
        progress(window.row_stop / grid.height, "Measuring areas")
    total = sum(hectares.values()) if known else float(sum(pixels.values()))
    return tuple(
        ClassArea(code, pixels[code], hectares[code], (hectares[code] if known else pixels[code]) / (total or math.nan))
        for code in sorted(pixels)
    )


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
