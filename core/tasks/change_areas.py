"""What came, went and stayed of every prompt between two dates: counted block by block, written as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.raster.grid import GridSpec
from core.raster.pixel_areas import known_row_areas
from core.raster.pixel_window import PixelWindow
from core.raster.staging import TABLE, staging

KINDS = ("gained", "lost", "stayed")


class ChangeAreas:
    """Counts what was gained, lost and kept of every prompt.

    Args:
        prompts: how many there are.
        grid: says how large a pixel is; without a reference system hectares stay unknown.
        threshold: score from which on a prompt is true.
        least_difference: smaller differences of scores are no change.
    """

    def __init__(self, prompts: int, grid: GridSpec, threshold: float, least_difference: float) -> None:
        self._pixels = np.zeros((prompts, len(KINDS)), np.int64)
        self._hectares = np.zeros((prompts, len(KINDS)))
        self._threshold, self._least = threshold, least_difference
        self._row_areas = known_row_areas(grid)

    def add(
        self, place: PixelWindow, before: NDArray[np.float32], after: NDArray[np.float32], valid: NDArray[np.bool_]
    ) -> None:
        """Count a block: scores of both dates (prompts, h, w) at a place of the grid, ``valid`` (h, w)."""
        clear = np.abs(after - before) >= self._least
        was, is_now = before >= self._threshold, after >= self._threshold
        for kind, where in enumerate((~was & is_now & clear, was & ~is_now & clear, was & is_now)):
            rows = np.count_nonzero(where & valid, axis=2)
            self._pixels[:, kind] += rows.sum(1)
            if self._row_areas is not None:
                self._hectares[:, kind] += rows @ self._row_areas[place.row : place.row_stop]

    def rows(self, prompts: Sequence[str]) -> list[dict[str, Any]]:
        """Returns for each prompt: prompt, and for gained, lost and stayed its {pixels, hectares or None}."""
        known = self._row_areas is not None
        return [
            {"prompt": prompt}
            | {
                kind: {"pixels": int(pixels), "hectares": round(float(hectares), 4) if known else None}
                for kind, pixels, hectares in zip(KINDS, counts, areas, strict=True)
            }
            for prompt, counts, areas in zip(prompts, self._pixels, self._hectares, strict=True)
        ]


def write_change_areas(path: str | Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write a balance as a CSV table: prompt, change, hectares (empty where unknown), pixels.

    Raises:
        OutputError: the table cannot be written.
    """
    target = Path(path)
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(("prompt", "change", "hectares", "pixels"))
    for row in rows:
        for kind in KINDS:
            hectares = row[kind]["hectares"]
            table.writerow((row["prompt"], kind, "" if hectares is None else f"{hectares:.4f}", row[kind]["pixels"]))
    with staging(target, TABLE) as folder:
        (folder / target.name).write_text(text.getvalue(), encoding="utf-8", newline="")
