"""Ground cut like a chessboard: polygons of each class in the black blocks, accuracy in the white ones."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.random import Generator
from numpy.typing import NDArray
from rasterio.transform import Affine

from core.metrics.confusion import ConfusionMatrix

POLYGONS = 5
"""Squares of each class that are drawn."""
GAP_PX = 4
"""Pixels of a white block nearer than this to a black one are not measured."""


@dataclass(frozen=True)
class Place:
    """A raster with a class for every pixel.

    Attributes:
        title: what it is called in the table.
        raster: path.
        sensor: its name; None to recognise it.
        truth: (H, W) codes.
        classes: words by code; other codes are not measured.
        block: side of a chessboard square in pixels.
        side: of a polygon in pixels.
    """

    title: str
    raster: str
    sensor: str | None
    truth: NDArray[np.uint8]
    classes: dict[int, str]
    block: int
    side: int

    @property
    def black(self) -> NDArray[np.bool_]:
        """The blocks that polygons may lie in, (H, W)."""
        row, col = np.indices(self.truth.shape) // self.block
        return (row + col) % 2 == 0

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Pixels of the white blocks, without a rim, that have one of the classes, (H, W)."""
        inside = np.indices(self.truth.shape) % self.block
        rim = ((inside < GAP_PX) | (inside >= self.block - GAP_PX)).any(0)
        return ~self.black & ~rim & np.isin(self.truth, list(self.classes))


def draw_squares(place: Place, rng: Generator) -> list[tuple[int, int, int, int]]:
    """Draw (code, row, column, side) of squares of one class that lie in black blocks and do not touch one another."""
    taken = ~place.black
    found: list[tuple[int, int, int, int]] = []
    for code in place.classes:
        drawn = 0
        for side in (place.side, place.side * 2 // 3, place.side // 2):
            fits = _whole(np.where(taken, 0, place.truth == code), side)
            while drawn < POLYGONS and fits.any():
                row, col = rng.permutation(np.argwhere(fits))[0]
                found.append((code, int(row), int(col), side))
                drawn += 1
                reach = 2 * side
                taken[max(0, row - reach) : row + reach, max(0, col - reach) : col + reach] = True
                fits = _whole(np.where(taken, 0, place.truth == code), side)
    return found


def _whole(wanted: NDArray[Any], side: int) -> NDArray[np.bool_]:
    """Returns the upper left corners of squares that are wanted all over."""
    windows = np.lib.stride_tricks.sliding_window_view(wanted.astype(bool), (side, side))
    return np.asarray(windows.all(axis=(2, 3)))


def write_polygons(
    path: Path, squares: list[tuple[int, int, int, int]], place: Place, transform: Affine, crs: str
) -> None:
    """Write squares as polygons with the words of their classes."""
    shapes = []
    for _, row, col, side in squares:
        x, y = transform @ (col, row)
        x_stop, y_stop = transform @ (col + side, row + side)
        shapes.append(shapely.box(min(x, x_stop), min(y, y_stop), max(x, x_stop), max(y, y_stop)))
    names = np.array([place.classes[code] for code, *_ in squares], object)
    wkb = shapely.to_wkb(np.array(shapes, object))
    pyogrio.raw.write(path, wkb, [names], np.array(["class"], object), geometry_type="Polygon", crs=crs)


def random_forest(
    bands: NDArray[Any], squares: list[tuple[int, int, int, int]], seed: int, where: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], float]:
    """Map by a random forest over the band values.

    Args:
        bands: (C, H, W).
        squares: labelled ground, see ``draw_squares``.
        seed: of the forest.
        where: pixels (H, W) to map, since a forest is slow; others get 0. None for all.

    Returns:
        Codes (H, W), and the time in seconds.
    """
    from sklearn.ensemble import RandomForestClassifier

    started = time.monotonic()
    samples, codes = [], []
    for code, row, col, side in squares:
        samples.append(bands[:, row : row + side, col : col + side].reshape(len(bands), -1).T)
        codes.append(np.full(side * side, code))
    forest = RandomForestClassifier(500, class_weight="balanced", random_state=seed, n_jobs=2)
    forest.fit(np.concatenate(samples), np.concatenate(codes))
    wanted = np.ones(bands.shape[1:], bool) if where is None else where
    predicted = np.zeros(bands.shape[1:], np.int64)
    predicted[wanted] = forest.predict(bands[:, wanted].T)
    return predicted, time.monotonic() - started


def accuracy(place: Place, found: NDArray[np.int64]) -> dict[str, float]:
    """Returns overall accuracy, the mean of the classes' accuracies and the mean IoU on the measured pixels."""
    truth, answer = place.truth[place.measured], found[place.measured]
    codes = np.array(sorted(place.classes))
    there, shown = (np.searchsorted(codes, values).clip(0, len(codes) - 1) for values in (truth, answer))
    matrix = ConfusionMatrix.of(there, shown, len(codes))
    return {
        "overall": round(matrix.overall, 4),
        "class_mean": round(float(np.nanmean(matrix.producers)), 4),
        "mean_iou": round(matrix.mean_iou, 4),
    }
