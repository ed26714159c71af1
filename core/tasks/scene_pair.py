"""Two rasters of one area: their overlap, and the second one resampled to the grid of the first."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.warp import reproject

from core.errors import InputError
from core.protocol import Extent, Source
from core.raster.ellipsoid import parsed_crs
from core.raster.grid import GridSpec, window_of_extent
from core.raster.overlap import common_window, covering_windows
from core.raster.pixel_window import PixelWindow
from core.tasks.scene import Scene, open_scene

Read = Callable[[PixelWindow], tuple[NDArray[np.float32], NDArray[np.bool_]]]
"""Returns the values (N, h, w) and valid (h, w) of a window of a raster."""

ALIKE = 1.5
"""Resolutions that differ by less than this factor are left as they are; else the finer raster is read coarser."""
_PLANE = CRS.from_epsg(3857)  # any plane will do for two rasters without a reference system


@dataclass(frozen=True)
class ScenePair:
    """Two dates of one place.

    Attributes:
        before: the first date; its window is the common part, its grid that of all results.
        after: the second date.
        columns: shift of ``after`` to the right, in pixels of ``before``, that is corrected.
        rows: the same downwards.
    """

    before: Scene
    after: Scene
    columns: float = 0.0
    rows: float = 0.0

    @property
    def files(self) -> list[str]:
        """Local files behind both dates."""
        return [*self.before.raster.info.files, *self.after.raster.info.files]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of both dates."""
        both = (*self.before.recognition.warnings, *self.after.recognition.warnings)
        return tuple(dict.fromkeys(both))

    @property
    def holds_embeddings(self) -> bool:
        """Whether both dates are rasters of embeddings.

        Raises:
            InputError: one alone is, or both are of different kinds.
        """
        kinds = {scene.recognition.embedding for scene in (self.before, self.after)}
        if len(kinds) > 1:
            titles = " and ".join(scene.recognition.title for scene in (self.before, self.after))
            raise InputError(f"{titles} cannot be compared.", hint="Give two dates of one kind of embeddings.")
        return None not in kinds

    def shifted(self, columns: float, rows: float) -> ScenePair:
        """Returns the pair with the second date's shift corrected."""
        return replace(self, columns=columns, rows=rows)

    def after_on_before(self, block: PixelWindow, read: Read) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Returns values of the second date on the pixels of the first.

        Args:
            block: pixels of the first date.
            read: gives values of windows inside the second date.

        Returns:
            (N, h, w) float32, bilinear unless both grids are the same, 0 where there is no data; valid (h, w).
        """
        target = self._target(block)
        windows = covering_windows(target, self.after.raster.grid)
        if not windows:
            return np.zeros((1, block.height, block.width), np.float32), np.zeros((block.height, block.width), bool)
        parts = [self._brought(target, window, read) for window in windows]
        values, valid = parts[0]
        for other, known in parts[1:]:
            values = np.where(known & ~valid, other, values)
            valid = valid | known
        return values, valid

    def _brought(
        self, target: GridSpec, window: PixelWindow, read: Read
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Returns the values (N, h, w) and valid (h, w) of a window of the second date on a grid."""
        values, valid = read(window)
        source = self.after.raster.grid.subgrid(window)
        place = _whole_pixels(source, target)
        if place is not None and PixelWindow(0, 0, source.width, source.height).contains(place):
            rows, columns = place.slices_in(PixelWindow(0, 0, source.width, source.height))
            return values[:, rows, columns], valid[rows, columns]
        moved = np.full((len(values), target.height, target.width), np.nan, np.float32)
        reproject(
            np.where(valid, values, np.float32(np.nan)),
            moved,
            src_transform=source.transform,
            src_crs=_crs(source),
            src_nodata=math.nan,
            dst_transform=target.transform,
            dst_crs=_crs(target),
            dst_nodata=math.nan,
            resampling=Resampling.bilinear,
        )
        known = np.asarray(np.isfinite(moved).all(axis=0))
        moved[:, ~known] = 0
        return moved, known

    def _target(self, block: PixelWindow) -> GridSpec:
        grid = self.before.raster.grid
        return grid.shifted(block.col + self.columns, block.row + self.rows, block.width, block.height)


@contextmanager
def open_pair(
    before: Source, after: Source, *, extent: Extent | None = None, resolution: float | None = None
) -> Iterator[ScenePair]:
    """Open two rasters of one place.

    The finer of two rasters is read at the resolution of the coarser, so that both have one scale.

    Args:
        before: the first date.
        after: the second date, in any reference system.
        extent: in the reference system of ``before``; None for all that both cover.
        resolution: pixel size of the result in the units of ``before``; None for that of the coarser raster.

    Yields:
        The pair; closed at the end.

    Raises:
        InputError, SensorError: a raster cannot be used, both are the same file, or they do not overlap.
    """
    if os.path.exists(before.path) and os.path.exists(after.path) and os.path.samefile(before.path, after.path):
        raise InputError(
            "Both dates are the same file.", hint="Name the earlier raster first and the later one second."
        )
    with open_scene(before) as first, open_scene(after) as second:
        _check_reference_systems(first.raster.grid, second.raster.grid)
        coarser, other = _resolutions(first, second, resolution)
    with open_scene(before, resolution=coarser) as first, open_scene(after, resolution=other) as second:
        window = _common_window(first, second, extent)
        yield ScenePair(replace(first, window=window), second)


def _resolutions(first: Scene, second: Scene, wanted: float | None) -> tuple[float | None, float | None]:
    """Returns the pixel sizes that both are to be read at, in their own units; None for their own."""
    ours, theirs = first.raster.info.ground_sampling_distance_m, second.raster.info.ground_sampling_distance_m
    if ours is None or theirs is None:
        return wanted, wanted
    size = max(first.raster.grid.pixel_size)
    if wanted is not None:
        ours *= max(wanted / size, 1.0)
    elif theirs > ALIKE * ours:
        wanted, ours = size * theirs / ours, theirs
    return wanted, max(second.raster.grid.pixel_size) * ours / theirs if ours > ALIKE * theirs else None


def _check_reference_systems(first: GridSpec, second: GridSpec) -> None:
    if (first.crs_wkt is None) != (second.crs_wkt is None):
        which = "first" if first.crs_wkt is None else "second"
        raise InputError(
            f"The {which} raster has no coordinate reference system, so it is unknown where it lies.",
            hint="Assign one to it.",
        )
    if first.crs_wkt is None and (first.width, first.height) != (second.width, second.height):
        raise InputError(
            "The rasters have no coordinate reference system and differ in size.", hint="Assign one to both."
        )


def _common_window(first: Scene, second: Scene, extent: Extent | None) -> PixelWindow:
    """Returns the pixels of the first raster that the second covers as well."""
    grid, other = first.raster.grid, second.raster.grid
    asked = window_of_extent(grid, extent)
    covered = common_window(grid, other)
    if covered is None:
        raise InputError("The two rasters do not overlap.", hint="Give two dates of the same place.")
    common = covered.intersection(asked)
    if common.is_empty:
        raise InputError("The extent lies outside what both rasters cover.", hint="Choose a part that both show.")
    return common


def _whole_pixels(source: GridSpec, target: GridSpec) -> PixelWindow | None:
    """Returns the window of ``target`` in ``source`` if their pixels coincide, else None."""
    same = source.crs_wkt == target.crs_wkt or _crs(source) == _crs(target)
    size = max(source.pixel_size)
    ours, theirs = source.transform, target.transform
    steps = np.array([ours.a - theirs.a, ours.b - theirs.b, ours.d - theirs.d, ours.e - theirs.e])
    if not same or np.abs(steps).max() * max(target.width, target.height) > 1e-3 * size:
        return None
    col, row = source.pixel(theirs.c, theirs.f)
    if max(abs(col - round(col)), abs(row - round(row))) > 1e-3:
        return None
    return PixelWindow(round(col), round(row), target.width, target.height)


def _crs(grid: GridSpec) -> CRS:
    return _PLANE if grid.crs_wkt is None else parsed_crs(grid.crs_wkt)
