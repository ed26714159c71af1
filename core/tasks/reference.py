"""Reference labels, raster or vector, brought onto the grid of a map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from core.errors import InputError
from core.raster.grid import GridSpec, PixelWindow
from core.raster.labels import VectorLabels, is_vector, label_field, read_labels
from core.raster.reader import open_raster, transform_of

NO_NAMES: Mapping[str, str] = MappingProxyType({})
UNKNOWN = -1
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
    if not Path(path).exists() and "://" not in path:
        raise InputError(f"There is no file {path}.", hint="Check the path of the reference.")
    own = _codes_meant(meant, names)
    if is_vector(path):
        yield _VectorReference(path, grid, field, names, own)
        return
    with ExitStack() as stack:
        yield _RasterReference(path, grid, stack, own)


class _RasterReference:
    """The first band of a raster, nearest neighbour."""

    remarks: tuple[str, ...] = ()

    def __init__(self, path: str, grid: GridSpec, stack: ExitStack, meant: Mapping[str, int]) -> None:
        stack.enter_context(open_raster(path))  # says in plain words what is wrong with it
        dataset = stack.enter_context(rasterio.open(path))
        self._path = path
        self._meant = {int(code): own for code, own in meant.items() if code.isdecimal()}
        if len(self._meant) < len(meant):
            word = next(code for code in meant if not code.isdecimal())
            raise InputError(f"{word} is no code of a raster.", hint="Give numbers, such as 5=water.")
        # The nodata of a map may be one of its codes: it is masked here, but only where the file declares it.
        self._nodata = dataset.nodata
        self._warped = None
        self._dataset = dataset
        placed = dataset.crs is not None or not dataset.transform.is_identity
        same = dataset.crs is None or grid.crs_wkt is None or dataset.crs == CRS.from_wkt(grid.crs_wkt)
        near = np.allclose(transform_of(dataset), grid.transform, rtol=0, atol=1e-9 * max(grid.pixel_size))
        aligned = (same and near) or not placed
        if not placed and (dataset.width, dataset.height) != (grid.width, grid.height):
            raise InputError(
                f"{path} has another size than the map, and nothing says where it lies.",
                hint="Georeference it, or give one pixel for each of the map's.",
            )
        if not (aligned and (dataset.width, dataset.height) == (grid.width, grid.height)):
            source_crs = dataset.crs or grid.crs_wkt
            if source_crs is None:
                raise InputError(
                    f"{path} has another size than the map, and no reference system says how they fit.",
                    hint="Assign reference systems to both.",
                )
            self._warped = stack.enter_context(
                WarpedVRT(
                    dataset,
                    src_crs=source_crs,
                    crs=grid.crs_wkt or source_crs,
                    transform=Affine(*grid.transform),
                    width=grid.width,
                    height=grid.height,
                    resampling=Resampling.nearest,
                    add_alpha=dataset.nodata is None,
                )
            )

    def read(self, window: PixelWindow) -> NDArray[np.int64]:
        """Returns class codes (h, w); UNKNOWN outside the reference and at its nodata."""
        place = Window(window.col, window.row, window.width, window.height)
        source = self._warped or self._dataset
        try:
            values = source.read(1, window=place)
            known = source.read_masks(1, window=place) > 0
        except (RasterioError, OSError) as problem:
            raise InputError(f"{self._path} is damaged: its pixels cannot be read.", hint="Copy it again.") from problem
        if values.dtype.kind == "f":
            known &= np.isfinite(values)
            if not np.array_equal(np.rint(values[known]), values[known]):
                raise InputError(
                    f"{self._path} holds measured values, not class codes.", hint="Give a raster of class codes."
                )
        codes = np.where(known, np.where(known, values, 0).astype(np.int64), UNKNOWN)
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
