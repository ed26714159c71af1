"""Areas of gain, loss and no change of every prompt between two dates."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.raster.areas import AreaTally
from core.raster.grid import GridSpec
from core.raster.pixel_window import PixelWindow
from core.raster.staging import TABLE, staging

KINDS = ("gained", "lost", "stayed")


class ChangeAreas:
    """Tally of gain, loss and no change of every prompt.

    Args:
        prompts: how many there are.
        grid: states how large a pixel is; without a reference system hectares stay unknown.
        threshold: least score of a match.
        least_difference: smaller differences of scores are no change.
    """

    def __init__(self, prompts: int, grid: GridSpec, threshold: float, least_difference: float) -> None:
        self._tallies = [AreaTally(grid) for _ in range(prompts)]
        self._threshold, self._least = threshold, least_difference

    def add(
        self, place: PixelWindow, before: NDArray[np.float32], after: NDArray[np.float32], valid: NDArray[np.bool_]
    ) -> None:
        """Count a block: scores of both dates (prompts, h, w) at a place of the grid, ``valid`` (h, w)."""
        clear = np.abs(after - before) >= self._least
        was, is_now = before >= self._threshold, after >= self._threshold
        gained, lost, stayed = ~was & is_now & clear, was & ~is_now & clear, was & is_now
        kinds = 1 * lost + 2 * stayed  # positions in KINDS
        for tally, kind, counted in zip(self._tallies, kinds, (gained | lost | stayed) & valid, strict=True):
            tally.add(place, kind, counted)

    def rows(self, prompts: Sequence[str]) -> list[dict[str, Any]]:
        """Returns for each prompt: prompt, and for gained, lost and stayed its {pixels, hectares or None}."""
        return [
            {"prompt": prompt}
            | {
                kind: {
                    "pixels": tally.pixels(position),
                    "hectares": round(tally.hectares(position), 4) if tally.knows_hectares else None,
                }
                for position, kind in enumerate(KINDS)
            }
            for prompt, tally in zip(prompts, self._tallies, strict=True)
        ]


def write_change_areas(path: str | Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write change areas as a CSV table: prompt, change, hectares (empty where unknown), pixels.

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
