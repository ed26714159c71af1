"""The user's labels on any raster's grid: points, lines, polygons or a label raster, checked before training."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from core.errors import InputError, TrainingError
from core.raster.code_raster import NO_CODE, CodeRaster, open_codes
from core.raster.ellipsoid import parsed_crs
from core.raster.grid import GridSpec
from core.raster.labels import VectorLabels, is_vector, label_field, read_labels, vector_file
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.raster.writer import read_class_names

UNKNOWN = NO_CODE
"""Where there is no label."""
MOST_OVERLAP = 0.02
"""Share of the labelled area that polygons of different classes may overlap; more is an error, less is left out."""
MOST_RASTER_CLASSES = 64
SAYS_NOTHING = frozenset(("true", "false", "yes", "no"))
ELSEWHERE = "Check that labels and rasters cover the same place, and their reference systems."


class LabelSet(Protocol):
    """Labels that can be rasterised onto any grid.

    Attributes:
        classes: name of each class; label 0 is the first.
        remarks: remarks for the user about the labels, one sentence each.
        whereabouts: hint for the case that they overlap no raster, one sentence.
    """

    classes: tuple[str, ...]
    remarks: tuple[str, ...]
    whereabouts: str

    def areas(self, grid: GridSpec) -> list[PixelWindow]:
        """Returns windows of the grid outside of which there is no label."""

    def read(self, grid: GridSpec, window: PixelWindow) -> NDArray[np.int64]:
        """Returns the labels (h, w) of a window of the grid; UNKNOWN where there is none."""


def labelled_squares(grid: GridSpec, labels: LabelSet, side: int, most: int | None = None) -> list[PixelWindow]:
    """Returns the squares of ``side`` pixels, cut to the grid, that may hold labels; each once, column by column.

    Args:
        grid: of a raster.
        labels: drawn onto it.
        side: of the squares in pixels; they lie side by side from the grid's corner.
        most: about how many squares of one area are returned, evenly spread; None for all.
    """
    places: set[tuple[int, int]] = set()
    for area in labels.areas(grid):
        columns = range(area.col // side, (area.col_stop - 1) // side + 1)
        rows = range(area.row // side, (area.row_stop - 1) // side + 1)
        stride = 1 if most is None else max(1, int((len(columns) * len(rows) / most) ** 0.5))
        places.update((col, row) for col in columns[::stride] for row in rows[::stride])
    squares = [PixelWindow(col * side, row * side, side, side).intersection(grid.window) for col, row in sorted(places)]
    return [square for square in squares if not square.is_empty]


@contextmanager
def open_labels(path: str, field: str | None = None, names: Mapping[str, str] | None = None) -> Iterator[LabelSet]:
    """Open labels.

    Args:
        path: vector file of points, lines or polygons, or raster of class codes.
        field: the vector's attribute with the class; None where only one can be meant.
        names: words for classes by their names in the file, such as codes.

    Yields:
        The labels.

    Raises:
        TrainingError: the labels cannot be trained on; the message names the reason.
    """
    if not vector_file(path)[0].exists():
        raise TrainingError(f"There is no file {path}.", hint="Check the path of the labels.")
    try:
        if is_vector(path):
            yield _VectorLabelSet(path, label_field(path, field), names or {})
        else:
            with _open_label_raster(path, names or {}) as labels:
                yield labels
    except InputError as problem:
        raise TrainingError(problem.message, hint=problem.hint) from problem


class _VectorLabelSet:
    """Features of a vector file; ground where two classes overlap is unlabelled."""

    def __init__(self, path: str, field: str, names: Mapping[str, str]) -> None:
        found = read_labels(path, field)
        words = worded(found.classes, names)
        self.classes = tuple(dict.fromkeys(words))
        merged = np.array([self.classes.index(word) + 1 for word in words], np.int32)
        self._labels = dataclasses.replace(found, codes=merged[found.codes - 1], classes=self.classes)
        self._contested = _contested(self._labels)
        self._moved: dict[str | None, tuple[VectorLabels, VectorLabels]] = {}
        remarks = list(found.remarks)
        if len(self._contested.geometries):
            remarks.append("Where polygons of different classes overlap, their labels are left out.")
        self.remarks = tuple(remarks)
        self.whereabouts = _whereabouts(self._labels)

    def areas(self, grid: GridSpec) -> list[PixelWindow]:
        """Returns the window of every feature that touches the grid."""
        windows = [_window_of(grid, bounds) for bounds in shapely.bounds(self._on(grid)[0].geometries)]
        return [window for window in windows if not window.is_empty]

    def read(self, grid: GridSpec, window: PixelWindow) -> NDArray[np.int64]:
        """Rasterise the labels."""
        part = grid.subgrid(window)
        labels, contested = self._on(grid)
        drawn = labels.rasterised(part).astype(np.int64) - 1
        if len(contested.geometries):
            drawn[contested.rasterised(part) > 0] = UNKNOWN
        return drawn

    def _on(self, grid: GridSpec) -> tuple[VectorLabels, VectorLabels]:
        """Returns labels and ground with conflicting labels in the grid's reference system, each transformed once."""
        if grid.crs_wkt not in self._moved:
            self._moved[grid.crs_wkt] = self._labels.on_reference_of(grid), self._contested.on_reference_of(grid)
        return self._moved[grid.crs_wkt]


class _RasterLabelSet:
    """The codes of a raster as labels; 0 without a name and nodata are no label."""

    def __init__(self, codes: CodeRaster, words: dict[int, str]) -> None:
        self._raster = codes
        self.classes = tuple(dict.fromkeys(words.values()))
        self.remarks: tuple[str, ...] = ()
        self.whereabouts = ELSEWHERE
        self._codes = np.array(sorted(words), np.int64)
        self._merged = np.array([self.classes.index(words[code]) for code in sorted(words)], np.int64)

    def areas(self, grid: GridSpec) -> list[PixelWindow]:
        """Return the window of the grid that the raster covers."""
        window = _window_of(grid, self._raster.extent_in(grid))
        return [] if window.is_empty else [window]

    def read(self, grid: GridSpec, window: PixelWindow) -> NDArray[np.int64]:
        """Return the labels (h, w) of a window of the grid; UNKNOWN where there is none."""
        values = self._raster.read(grid, window)
        place = np.searchsorted(self._codes, values).clip(0, len(self._codes) - 1)
        return np.where(self._codes[place] == values, self._merged[place], UNKNOWN)


@contextmanager
def _open_label_raster(path: str, names: Mapping[str, str]) -> Iterator[_RasterLabelSet]:
    with open_raster(path) as raster:
        tags = raster.info.tags
        floating = raster.info.dtypes[0].startswith("float")
        codes: set[int] = set()
        for window in raster.grid.window.blocks(2048, 2048):
            values, valid = raster.read(window, (1,))
            found = np.unique(values[0][valid])
            if floating and (found != np.rint(found)).any():
                raise TrainingError(f"{path} holds no class codes but measured values.", hint="Give a label raster.")
            codes |= {int(value) for value in found}
            if len(codes) > MOST_RASTER_CLASSES:
                raise TrainingError(f"{path} holds more than {MOST_RASTER_CLASSES} codes.", hint="Give a label raster.")
    known = read_class_names(tags)
    present = sorted(code for code in codes if code != 0 or "0" in names or 0 in known)
    if not present:
        raise TrainingError(f"{path} holds no label: every pixel is 0 or nodata.", hint="Give a label raster.")
    called = [str(code) if str(code) in names else known.get(code, str(code)) for code in present]
    words = worded(tuple(called), names)
    with open_codes(path) as raster:
        yield _RasterLabelSet(raster, dict(zip(present, words, strict=True)))


def worded(classes: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the words of every class: the name given for it, else its own, made readable.

    Raises:
        TrainingError: there is one class alone, a class is a bare number, or a name is for a class that is not there.
    """
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise TrainingError(
            f"A name is given for class {unknown[0]}, which the labels do not have.",
            hint=f"They have: {', '.join(classes[:12])}.",
        )
    words = tuple(_readable(names.get(name, name)) for name in classes)
    if len(set(words)) < 2:
        raise TrainingError(
            f"The labels hold one class alone: {words[0]}.",
            hint="Label at least one other class, such as what it is not.",
        )
    bare = [word for word in words if not re.search(r"[^\W\d_]", word) or word.lower() in SAYS_NOTHING]
    if bare:
        raise TrainingError(
            f"Class {bare[0]} is no word that says what is there.",
            hint=f'Say what it is: --names "{bare[0]}=water".',
        )
    return words


def _readable(name: str) -> str:
    """Returns "bare_ground" as words."""
    return re.sub(r"[_\s]+", " ", name).strip()


def _contested(labels: VectorLabels) -> VectorLabels:
    """Returns the ground where polygons of different classes overlap.

    Raises:
        TrainingError: it is more than a sliver.
    """
    areal = shapely.get_dimensions(labels.geometries) == 2
    shapes, codes = shapely.make_valid(labels.geometries[areal]), labels.codes[areal]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects") if len(shapes) else np.zeros((2, 0), int)
    pairs = (codes[one] != codes[other]) & (one < other)
    one, other = one[pairs], other[pairs]
    shared = shapely.intersection(shapes[one], shapes[other])
    sizes = shapely.area(shared)
    total = float(shapely.area(shapes).sum()) or 1.0
    if sizes.sum() > MOST_OVERLAP * total:
        worst = int(sizes.argmax())
        first, second = (labels.classes[codes[index[worst]] - 1] for index in (one, other))
        raise TrainingError(
            f"Polygons of {first} and {second} overlap ({100 * sizes.sum() / total:.0f} % of the labelled area).",
            hint="Redraw them so that every place has one class.",
        )
    kept = shared[sizes > 0]
    return dataclasses.replace(labels, geometries=kept, codes=np.ones(len(kept), np.int32))


def _window_of(grid: GridSpec, bounds: Sequence[float]) -> PixelWindow:
    """Returns the pixels of a grid that bounds (xmin, ymin, xmax, ymax) touch; empty where there are none."""
    xmin, ymin, xmax, ymax = bounds
    corners = [grid.pixel(x, y) for x in (xmin, xmax) for y in (ymin, ymax)]
    col, row = (int(np.floor(min(corner[axis] for corner in corners))) for axis in (0, 1))
    col_stop, row_stop = (int(np.floor(max(corner[axis] for corner in corners))) + 1 for axis in (0, 1))
    return PixelWindow(col, row, col_stop - col, row_stop - row).intersection(grid.window)


def _whereabouts(labels: VectorLabels) -> str:
    """Returns a hint on the usual error: coordinates in degrees in a file with a metric CRS."""
    if labels.crs_wkt is not None and not parsed_crs(labels.crs_wkt).is_geographic:
        xmin, ymin, xmax, ymax = shapely.total_bounds(labels.geometries)
        if min(xmin, ymin) >= -180 and max(xmax, ymax) <= 180:
            return "The labels' coordinates look like degrees, but their file names a reference system in metres."
    return ELSEWHERE
