"""Codes, legend and areas of a class transition map."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassEntry, ClassScheme
from core.raster.areas import AreaTally
from core.raster.staging import TABLE, staging

NODATA = 0


@dataclass(frozen=True)
class Transition:
    """A pair of classes at two dates.

    Attributes:
        code: value in the map: 1 + position of the first class · number of classes + position of the second.
        before: the class it was.
        after: the class it is.
        pixels: how many pixels.
        hectares: area; NaN without a reference system.
    """

    code: int
    before: ClassEntry
    after: ClassEntry
    pixels: int
    hectares: float

    @property
    def name(self) -> str:
        """Name in the legend."""
        if self.before == self.after:
            return f"{self.before.name} (unchanged)"
        return f"{self.before.name} → {self.after.name}"

    @property
    def colour(self) -> tuple[int, int, int]:
        """The new class's colour with some of the old one's; pale where nothing changed."""
        old, new = np.array(self.before.rgb), np.array(self.after.rgb)
        mixed = 0.35 * new + 0.65 * 255 if self.before == self.after else 0.75 * new + 0.25 * old
        red, green, blue = np.rint(mixed).astype(int).tolist()
        return red, green, blue


def decide(
    before: NDArray[np.float32], after: NDArray[np.float32], margin: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose the classes of both dates jointly.

    Classes differ only where each date's probability of its own class exceeds that of the other by ``margin``;
    elsewhere both dates get the class with the largest sum of probabilities, so that uncertain pixels do not count as
    change.

    Args:
        before: (N, h, w) shares of the classes.
        after: the same of the second date.
        margin: 0..1.

    Returns:
        Positions (h, w) of the classes before and after.
    """
    first, second = before.argmax(0), after.argmax(0)

    def lead(shares: NDArray[np.float32], own: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float32]:
        at_own, at_other = (np.take_along_axis(shares, place[None], 0)[0] for place in (own, other))
        return np.asarray(at_own - at_other)

    certain = (lead(before, first, second) >= margin) & (lead(after, second, first) >= margin)
    common = (before + after).argmax(0)
    unsure = (first != second) & ~certain
    return np.where(unsure, common, first), np.where(unsure, common, second)


def transitions(tally: AreaTally, scheme: ClassScheme) -> tuple[Transition, ...]:
    """Returns the transitions that occur in a tally of the map's codes: changes first, the largest first."""
    classes = scheme.classes
    found = [
        Transition(
            code,
            classes[(code - 1) // len(classes)],
            classes[(code - 1) % len(classes)],
            tally.pixels(code),
            tally.hectares(code),
        )
        for code in tally.codes
    ]
    return tuple(sorted(found, key=lambda item: (item.before == item.after, -item.pixels)))


def write_transitions(path: str | Path, rows: tuple[Transition, ...]) -> None:
    """Write transitions as a CSV table: code, before, after, hectares (empty where unknown), share in per cent, pixels.

    Raises:
        OutputError: the table cannot be written.
    """
    target = Path(path)
    total = sum(item.pixels for item in rows) or 1
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(("code", "before", "after", "hectares", "percent", "pixels"))
    for item in rows:
        share = f"{100 * item.pixels / total:.3f}"
        hectares = "" if math.isnan(item.hectares) else f"{item.hectares:.4f}"
        table.writerow((item.code, item.before.name, item.after.name, hectares, share, item.pixels))
    with staging(target, TABLE) as folder:
        (folder / target.name).write_text(text.getvalue(), encoding="utf-8", newline="")
