"""Co-registration of two dates, measured before changes are computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.context import Context
from core.dense.features import DenseFeatures
from core.dense.upsample import guide_bands, guide_image
from core.errors import InputError, UsageError
from core.raster.pixel_areas import pixel_size_m
from core.raster.pixel_window import PixelWindow
from core.raster.registration import ImagePair, Shift, measure_shift
from core.tasks.scene_pair import ScenePair

CHOICES = ("check", "align", "ignore")
NOTABLE_PX, TOO_FAR_PX = 0.5, 2.0
"""Half a pixel off already shows as change along every edge (Townshend et al. 1992 ask for a fifth); two pixels off is
an error of georeferencing."""
WINDOW = 256
MOST_WINDOWS = 36


@dataclass(frozen=True)
class Registration:
    """Result of the check.

    Attributes:
        shift: of the second date against the first; None where it could not be measured.
        metres: length of the shift on the ground; None where unknown.
        aligned: whether the shift was corrected.
        sentence: for the user.
        notable: whether it is a warning.
    """

    shift: Shift | None
    metres: float | None
    aligned: bool
    sentence: str
    notable: bool

    def to_json(self) -> dict[str, Any]:
        """Returns the plain values that are sent to QGIS."""
        shift = self.shift
        return {
            "columns": None if shift is None else round(shift.columns, 3),
            "rows": None if shift is None else round(shift.rows, 3),
            "pixels": None if shift is None else round(shift.length, 3),
            "metres": None if self.metres is None else round(self.metres, 2),
            "windows": 0 if shift is None else shift.windows,
            "aligned": self.aligned,
            "sentence": self.sentence,
        }


def check_registration(
    pair: ScenePair, before: DenseFeatures, after: DenseFeatures, choice: str, context: Context
) -> tuple[ScenePair, Registration]:
    """Measure the shift between two dates and act on it.

    Args:
        pair: the two dates.
        before: features of the first date.
        after: features of the second date.
        choice: ``check`` refuses dates more than two pixels apart, ``align`` corrects the shift, ``ignore`` does
            neither.
        context: cancellation is checked between windows.

    Returns:
        The pair, aligned where chosen, and the result.

    Raises:
        InputError: the dates lie too far apart and ``choice`` is ``check``.
        UsageError: there is no such choice.
    """
    if choice not in CHOICES:
        raise UsageError(f"There is no way {choice!r} to treat a shift.", hint=f"Choose {', '.join(CHOICES)}.")
    shift = measure_shift(_pairs_of_windows(pair, before, after, context))
    if shift is None:
        return pair, Registration(
            None, None, False, "Whether both dates lie on each other could not be measured; look at them.", True
        )
    sides = pixel_size_m(pair.before.raster.grid)
    metres = None if sides is None else float(np.hypot(shift.columns * sides[0], shift.rows * sides[1]))
    sentence = _sentence(shift, metres)
    if choice == "align":
        moved = Registration(shift, metres, True, f"{sentence} This was undone.", False)
        return pair.shifted(shift.columns, shift.rows), moved
    if shift.length > TOO_FAR_PX and choice == "check":
        raise InputError(
            f"{sentence} That would pass for change.",
            hint="Align the rasters first, or let the shift be undone (--align).",
        )
    notable = shift.length > NOTABLE_PX
    return pair, Registration(shift, metres, False, sentence, notable)


def _sentence(shift: Shift, metres: float | None) -> str:
    ground = "" if metres is None else f" ({metres:.3g} m)"
    across = f"{abs(shift.columns):.2f} to the {'right' if shift.columns >= 0 else 'left'}"
    down = f"{abs(shift.rows):.2f} {'down' if shift.rows >= 0 else 'up'}"
    return f"The second date lies {shift.length:.2f} pixels{ground} off the first: {across}, {down}."


def _pairs_of_windows(
    pair: ScenePair, before: DenseFeatures, after: DenseFeatures, context: Context
) -> Iterator[ImagePair]:
    """Yields windows spread evenly over the common part: a few channels of both dates on the first one's grid."""
    for window in _spread(pair.before.window):
        context.raise_if_cancelled()
        image, valid = before.level.read(window)
        moved, known = pair.after_on_before(window, after.level.read)
        both = valid & known
        if both.any():
            yield _channels(image, before), _channels(moved, after), both


def _channels(image: NDArray[np.float32], features: DenseFeatures) -> NDArray[np.float32]:
    return guide_image(torch.from_numpy(image), guide_bands(features.level.band_set)).numpy()


def _spread(window: PixelWindow) -> list[PixelWindow]:
    """Place windows of one size, overlapping by half where there is little room."""
    side = min(WINDOW, window.width, window.height)
    per_axis = int(MOST_WINDOWS**0.5)
    columns, rows = (
        np.unique(np.linspace(0, length - side, min(per_axis, 1 + 2 * (length - side) // side)).round().astype(int))
        for length in (window.width, window.height)
    )
    return [PixelWindow(window.col + int(col), window.row + int(row), side, side) for row in rows for col in columns]
