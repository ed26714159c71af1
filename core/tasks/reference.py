"""Reference labels, raster or vector, brought onto the grid of a map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.raster.code_raster import NO_CODE, CodeRaster, open_codes
from core.raster.grid import GridSpec
from core.raster.labels import VectorLabels, is_vector, label_field, read_labels, vector_file
from core.raster.pixel_window import PixelWindow

NO_NAMES: Mapping[str, str] = MappingProxyType({})
UNKNOWN = NO_CODE
"""Where the reference says nothing."""


class Reference(Protocol):
    """Labels on a map's grid.

    Attributes:
        remarks: what a person should know about the labels, one sentence each.
    """

    remarks: tuple[str, ...]

    def read(self, window: PixelWindow) -> NDArray[np.int64]:
        """Returns class codes (h, w) of a window of the map's pixels; UNKNOWN where there is no label."""


@contextmanager
def open_reference(
    path: str, grid: GridSpec, field: str | None, names: Mapping[int, str], meant: Mapping[str, str] = NO_NAMES
) -> Iterator[Reference]:
    """Open a reference.

    Args:
        path: raster of class codes, or vector file.
        grid: the map's grid.
        field: the vector's attribute that holds class codes or names; None where there is only one that can be meant.
        names: the map's class names by code, to understand a vector's names.
        meant: class of the map by what the reference calls it, a code or a name, where that is something else; codes
            not in it are then left out.

    Yields:
        The labels on the map's grid.

    Raises:
        InputError: the file is neither, lies elsewhere, lacks the field or holds no classes; or a code is said to
            mean what the map does not have.
    """
    if not vector_file(path)[0].exists() and "://" not in path:
        raise InputError(f"There is no file {path}.", hint="Check the path of the reference.")
    own = _codes_meant(meant, names)
    if is_vector(path):
        yield _VectorReference(path, grid, field, names, own)
        return
    with open_codes(path) as codes:
        yield _RasterReference(codes, grid, own)


class _RasterReference:
    """The codes of a raster, or those that are said to mean a class of the map."""

    remarks: tuple[str, ...] = ()

    def __init__(self, codes: CodeRaster, grid: GridSpec, meant: Mapping[str, int]) -> None:
        self._codes = codes
        self._grid = grid
        self._meant = {int(code): own for code, own in meant.items() if code.isdecimal()}
        if len(self._meant) < len(meant):
            word = next(code for code in meant if not code.isdecimal())
            raise InputError(f"{word} is no code of a raster.", hint="Give numbers, such as 5=water.")

    def read(self, window: PixelWindow) -> NDArray[np.int64]:
        """Return class codes (h, w); UNKNOWN outside the reference and at its nodata."""
        codes = self._codes.read(self._grid, window)
        if not self._meant:
            return codes
        chosen = np.full(codes.shape, UNKNOWN, np.int64)
        for code, own in self._meant.items():
            chosen[codes == code] = own
        return chosen


class _VectorReference:
    """Features of a vector file: polygons have the pixels whose centres they cover, points their own pixel."""

    def __init__(
        self, path: str, grid: GridSpec, field: str | None, names: Mapping[int, str], meant: Mapping[str, int]
    ) -> None:
        self._grid = grid
        self._labels = read_labels(path, label_field(path, field))
        unknown = sorted(set(meant) - set(self._labels.classes))
        if unknown:
            listed = ", ".join(self._labels.classes[:12])
            raise InputError(f"{path} has no class {unknown[0]}.", hint=f"It has {listed}.")
        codes = [meant.get(name, _code(name, names, by_number=not meant)) for name in self._labels.classes]
        if all(code == UNKNOWN for code in codes):
            listed = ", ".join(f"{code} {name}" for code, name in names.items())
            raise InputError(
                f"None of the classes in {path} ({', '.join(self._labels.classes[:8])}) is one of the map.",
                hint=f"The map has {listed}." if listed else "Use the map's codes.",
            )
        self._codes = np.array([UNKNOWN, *codes], np.int64)
        self.remarks = _left_out(self._labels, codes)

    def read(self, window: PixelWindow) -> NDArray[np.int64]:
        """Returns class codes (h, w); UNKNOWN where no feature lies."""
        return np.asarray(self._codes[self._labels.rasterised(self._grid.subgrid(window))])


def _left_out(labels: VectorLabels, codes: Sequence[int]) -> tuple[str, ...]:
    """Say which labels are compared and which have no part in it."""
    remarks = list(labels.remarks)
    counts = np.bincount(labels.codes, minlength=len(codes) + 1)[1:].tolist()
    strange = [
        f"{name} ({count:,})"
        for name, code, count in zip(labels.classes, codes, counts, strict=True)
        if code == UNKNOWN and count
    ]
    if strange:
        listed = ", ".join(strange[:8]) + (", …" if len(strange) > 8 else "")
        remarks.append(
            f"Features of classes that the map does not have are left out: {listed}. If they mean one of its classes, "
            "say which with core accuracy --names CLASS=CLASS."
        )
    return tuple(remarks)


def _codes_meant(meant: Mapping[str, str], names: Mapping[int, str]) -> dict[str, int]:
    """Returns the map's code for each class name of a reference."""
    codes = {}
    for code, name in meant.items():
        own = _code(name, names)
        if own == UNKNOWN:
            listed = ", ".join(f"{code} {name}" for code, name in names.items())
            raise InputError(
                f"{code}={name} does not name a class of the map for a code of the reference.",
                hint=f"The map has {listed}." if listed else "Use the map's codes.",
            )
        codes[code] = own
    return codes


def _code(name: str, names: Mapping[int, str], *, by_number: bool = True) -> int:
    """Understand a label as the name of one of the map's classes, or as a code."""
    for code, known in names.items():
        if known.strip().lower() == name.lower():
            return code
    return int(name) if by_number and name.isdecimal() else UNKNOWN
