"""Rasters georeferenced by ground control points alone, such as raw radar scenes, warped to a north-up grid."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from rasterio.enums import ColorInterp, Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from core.errors import InputError
from core.raster.failures import without_password

_FEWEST = 3
"""Control points that place a plane."""


def on_a_grid(file: DatasetReader, stack: ExitStack) -> DatasetReader:
    """Returns a raster with a transform: the file itself, or its warped form where it has ground control points alone.

    QGIS shows such files warped, too, so results have the same grid.

    Args:
        file: open.
        stack: closes what is opened.

    Raises:
        InputError: the control points contradict each other.
    """
    points, crs = file.gcps
    if len(points) < _FEWEST or crs is None or not file.transform.is_identity or file.count == 0:
        return file
    has_palette = file.colorinterp[0] == ColorInterp.palette
    resampling = Resampling.nearest if has_palette else Resampling.bilinear
    try:
        return stack.enter_context(WarpedVRT(file, src_crs=crs, crs=crs, resampling=resampling, **_unknown(file)))
    except Exception as problem:  # GDAL's own error classes share no public base
        raise InputError(
            f"The control points of {without_password(file.name)} do not place it.", hint="Warp it with gdalwarp first."
        ) from problem


def _unknown(file: DatasetReader) -> dict[str, Any]:
    """Return the options that make the warped raster mask pixels outside the file."""
    alpha = [index for index, role in enumerate(file.colorinterp, 1) if role == ColorInterp.alpha]
    return {"src_alpha": alpha[0]} if alpha else {"add_alpha": file.nodata is None}
