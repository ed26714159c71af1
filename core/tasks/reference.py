"""Reference labels, raster or vector, on the grid of a map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from core.errors import InputError
from core.raster.code_raster import NO_CODE, CodeRaster, open_codes
from core.raster.grid import GridSpec
from core.raster.labels import VectorLabels, is_vector, label_field, read_labels, vector_file
from core.raster.pixel_window import PixelWindow

NO_NAMES: Mapping[str, str] = MappingProxyType({})
UNKNOWN = NO_CODE
"""Where the reference gives no information."""

FIRST_FOREIGN = 1 << 32
"""Codes from here on are classes of the reference that the map does not have."""

_KINDS = {0: "point", 1: "line", 2: "polygon"}


@dataclass(frozen=True)
class ReferencePixels:
    """Labels of a window of the map's pixels.

    Attributes:
        codes: (h, w) class codes; UNKNOWN where there is no label.
        units: (h, w) number of the feature that a label comes from; None where every pixel is a sample of its own.
    """

    codes: NDArray[np.int64]
    units: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Partner:
    """Class of the map that a class of the reference is compared with.

    Attributes:
        name: the reference's class or code.
        code: the map's class; UNKNOWN where it is left out, FIRST_FOREIGN or more where the map has none.
    """

    name: str
    code: int


class Reference(Protocol):
    """Labels on a map's grid.

    Attributes:
        remarks: remarks for the user about the labels, one sentence each.
        unit: what one sample is: ``pixel``, ``point``, ``line``, ``polygon`` or ``feature`` (of several kinds).
    """

    remarks: tuple[str, ...]
    unit: str

    def read(self, window: PixelWindow) -> ReferencePixels:
        """Returns the labels of a window of the map's pixels."""

    def partners(self) -> tuple[Partner, ...]:
        """Returns the reference's classes, once all windows were read."""


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
        meant: class of the map by class of the reference, codes or names, where they differ; an empty class leaves one
            out. With it, codes of the reference are no longer the map's.

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
    """Codes of a raster, by number or by their assigned classes."""

    remarks: tuple[str, ...] = ()
    unit = "pixel"

    def __init__(self, codes: CodeRaster, grid: GridSpec, meant: Mapping[str, int]) -> None:
        self._codes = codes
        self._grid = grid
        self._meant = {int(code): own for code, own in meant.items() if code.isdecimal()}
        self._seen: set[int] = set()
        if len(self._meant) < len(meant):
            word = next(code for code in meant if not code.isdecimal())
            raise InputError(f"{word} is no code of a raster.", hint="Give numbers, such as 5=water.")

    def read(self, window: PixelWindow) -> ReferencePixels:
        """Returns the codes of a window; UNKNOWN outside the reference and at its nodata."""
        codes = self._codes.read(self._grid, window)
        seen, places = np.unique(codes, return_inverse=True)
        self._seen.update(seen.tolist())
        meant = np.array([self._meaning(code) for code in seen.tolist()], np.int64)
        return ReferencePixels(meant[places].reshape(codes.shape))

    def partners(self) -> tuple[Partner, ...]:
        """Returns the codes that were read."""
        return tuple(Partner(str(code), self._meaning(code)) for code in sorted(self._seen) if code != UNKNOWN)

    def _meaning(self, code: int) -> int:
        if code == UNKNOWN or not self._meant:
            return code
        return self._meant.get(code, FIRST_FOREIGN + code)


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
        left_out = [name for name, code in meant.items() if code == UNKNOWN]
        self._partners = tuple(
            Partner(name, FIRST_FOREIGN + place if code == UNKNOWN and name not in left_out else code)
            for place, (name, code) in enumerate(zip(self._labels.classes, codes, strict=True))
        )
        class_codes = np.array([partner.code for partner in self._partners], np.int64)
        self._codes = np.concatenate([[UNKNOWN], class_codes[self._labels.codes - 1]])
        self.unit = _unit(self._labels)
        self.remarks = (*self._labels.remarks, *_left_out(self._labels, self._partners))

    def read(self, window: PixelWindow) -> ReferencePixels:
        """Returns the labels of a window; UNKNOWN where no feature lies."""
        numbers = self._labels.feature_numbers(self._grid.subgrid(window)).astype(np.int64)
        return ReferencePixels(self._codes[numbers], numbers)

    def partners(self) -> tuple[Partner, ...]:
        """Returns the classes of the features."""
        return self._partners


def _unit(labels: VectorLabels) -> str:
    dimensions = set(shapely.get_dimensions(labels.geometries).tolist())
    return _KINDS[dimensions.pop()] if len(dimensions) == 1 else "feature"


def _left_out(labels: VectorLabels, partners: tuple[Partner, ...]) -> tuple[str, ...]:
    """Return remarks on features that are left out, as was requested."""
    counts = np.bincount(labels.codes, minlength=len(partners) + 1)[1:].tolist()
    listed = [
        f"{partner.name} ({count:,})"
        for partner, count in zip(partners, counts, strict=True)
        if partner.code == UNKNOWN and count
    ]
    return (f"Features of these classes are left out, as asked for: {', '.join(listed)}.",) if listed else ()


def _codes_meant(meant: Mapping[str, str], names: Mapping[int, str]) -> dict[str, int]:
    """Returns the map's code for each class name of a reference; UNKNOWN for those to be left out."""
    codes = {}
    for code, name in meant.items():
        own = _code(name, names) if name else UNKNOWN
        if own == UNKNOWN and name:
            listed = ", ".join(f"{code} {name}" for code, name in names.items())
            raise InputError(
                f"{code}={name} does not name a class of the map for a code of the reference.",
                hint=f"The map has {listed}." if listed else "Use the map's codes.",
            )
        codes[code] = own
    return codes


def _code(name: str, names: Mapping[int, str], *, by_number: bool = True) -> int:
    """Return the code of a label: the name of one of the map's classes, or a code."""
    for code, known in names.items():
        if known.strip().lower() == name.lower():
            return code
    return int(name) if by_number and name.isdecimal() else UNKNOWN
