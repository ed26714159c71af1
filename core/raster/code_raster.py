"""Class codes of a raster on any other grid, nearest neighbour: reference maps and rasters of labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from core.errors import InputError
from core.raster.datasets import open_dataset
from core.raster.ellipsoid import parsed_crs
from core.raster.failures import read_failure
from core.raster.gdal_open import GDAL_FAILURES
from core.raster.grid import Extent, GridSpec
from core.raster.pixel_window import PixelWindow
from core.raster.raster_info import RasterInfo, info_of, transform_of

NO_CODE = -1
"""Where the raster gives no information."""


class CodeRaster:
    """The first band of an open raster of class codes; made by open_codes.

    Attributes:
        info: metadata of the raster.
    """

    def __init__(self, path: str, dataset: DatasetReader, info: RasterInfo, stack: ExitStack) -> None:
        self.info = info
        self._path = path
        self._dataset = dataset
        self._stack = stack
        self._placed = dataset.crs is not None or not dataset.transform.is_identity
        self._on_grid: dict[GridSpec, DatasetReader | WarpedVRT] = {}

    def extent_in(self, grid: GridSpec) -> Extent:
        """Return the raster's extent in the reference system of a grid."""
        source, bounds = self._dataset.crs, self.info.grid.extent
        if not self._placed:
            return grid.extent
        if source is None or grid.crs_wkt is None:
            return bounds
        left, bottom, right, top = transform_bounds(source, parsed_crs(grid.crs_wkt), *bounds)
        return left, bottom, right, top

    def read(self, grid: GridSpec, window: PixelWindow) -> NDArray[np.int64]:
        """Return class codes (h, w) of a window of a grid; NO_CODE outside the raster and at its nodata.

        Raises:
            InputError: it is unknown how raster and grid fit together, the pixels cannot be read, or they hold
                measured values.
        """
        codes = np.full((window.height, window.width), NO_CODE, np.int64)
        inside = window.intersection(grid.window)
        if inside.is_empty:
            return codes
        source = self._brought_to(grid)
        place = Window(inside.col, inside.row, inside.width, inside.height)
        try:
            values = source.read(1, window=place)
            known = source.read_masks(1, window=place) > 0
        except GDAL_FAILURES as problem:
            raise read_failure(self._path, problem) from problem
        if values.dtype.kind == "f":
            known &= np.isfinite(values)
            if not np.array_equal(np.rint(values[known]), values[known]):
                raise InputError(
                    f"{self._path} holds measured values, not class codes.", hint="Give a raster of class codes."
                )
        codes[inside.slices_in(window)] = np.where(known, np.where(known, values, 0).astype(np.int64), NO_CODE)
        return codes

    def _brought_to(self, grid: GridSpec) -> DatasetReader | WarpedVRT:
        """Return the raster warped to a grid, or itself where its pixels are the grid's."""
        if grid not in self._on_grid:
            self._on_grid[grid] = self._dataset if self._fits(grid) else self._warped(grid)
        return self._on_grid[grid]

    def _fits(self, grid: GridSpec) -> bool:
        """Whether the raster's pixels are those of a grid.

        Raises:
            InputError: nothing says where the raster lies, and its size is another.
        """
        same_size = (self._dataset.width, self._dataset.height) == (grid.width, grid.height)
        if not self._placed and not same_size:
            raise InputError(
                f"{self._path} has another size than the map, and nothing says where it lies.",
                hint="Georeference it, or give one pixel for each of the map's.",
            )
        crs = self._dataset.crs
        same_crs = crs is None or grid.crs_wkt is None or crs == parsed_crs(grid.crs_wkt)
        near = transform_of(self._dataset).almost_equals(grid.transform, precision=1e-9 * max(grid.pixel_size))
        return same_size and (not self._placed or (same_crs and near))

    def _warped(self, grid: GridSpec) -> WarpedVRT:
        source_crs = self._dataset.crs or grid.crs_wkt
        if source_crs is None:
            raise InputError(
                f"{self._path} has another size than the map, and no reference system says how they fit.",
                hint="Assign reference systems to both.",
            )
        return self._stack.enter_context(
            WarpedVRT(
                self._dataset,
                src_crs=source_crs,
                crs=grid.crs_wkt or source_crs,
                transform=grid.transform,
                width=grid.width,
                height=grid.height,
                resampling=Resampling.nearest,
                add_alpha=self._dataset.nodata is None,
            )
        )


@contextmanager
def open_codes(path: str) -> Iterator[CodeRaster]:
    """Open a raster of class codes: any form that ``open_raster`` takes, of one band.

    Raises:
        MissingFileError: nothing is there.
        NotARasterError: it is no raster.
    """
    with ExitStack() as stack:
        dataset = open_dataset(path, stack)
        info = info_of(path, dataset, None)
        yield CodeRaster(path, dataset, info, stack)
