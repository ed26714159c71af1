"""Merges answers to one prompt for several parts of a layer into a virtual raster, without copying pixels."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from osgeo import gdal

_PARTS = "GEOLANGBIND_PARTS"
"""Metadata of a merged raster: file, band and extent (xmin, ymin, xmax, ymax) of each part, as JSON."""

Extent = tuple[float, float, float, float]


def merge_rasters(newer: tuple[Path, int], older: tuple[Path, int], output: Path) -> bool:
    """Write a virtual raster of one band that shows the newer raster where it has values, else the older one.

    Pixels are as small as those of the finer of both. An older raster that was merged itself is taken apart, so that
    virtual rasters do not lie in each other however often a prompt is asked again. Paths inside are relative where
    they can be, so that a folder of results may be moved as a whole.

    Args:
        newer: file and band, from 1.
        older: file and band, from 1.
        output: ``.vrt`` file; its folder takes a side file for each part.

    Returns:
        Whether it was written; it is not where the grids are rotated or in different reference systems.
    """
    parts = [*parts_of(*older), *parts_of(*newer)]  # what comes last lies on top
    sides, extents = [], []
    for number, (raster, band) in enumerate(parts, start=1):
        side = output.with_name(f"{output.stem}.{number}.vrt")
        source = gdal.Open(str(raster))
        if source is None or _is_rotated(source) or band > source.RasterCount:
            return False
        # A virtual raster leaves out bands that mean another colour than its first: prompts may be several of a file.
        options = ["-of", "VRT", "-b", str(band), "-colorinterp", "gray"]
        if gdal.Translate(str(side), source, options=options) is None:
            return False
        sides.append(str(side))
        extents.append(_extent(source))
    data = gdal.BuildVRT(str(output), sides, resolution="highest", resampleAlg="nearest")
    if data is None or data.RasterXSize <= 0:
        return False
    top = gdal.Open(sides[-1])  # held by a name: a band without its dataset ends the process
    data.GetRasterBand(1).SetDescription(top.GetRasterBand(1).GetDescription())
    relative = [os.path.relpath(raster, output.parent) for raster, _ in parts]
    bands = [band for _, band in parts]
    data.SetMetadataItem(_PARTS, json.dumps(list(zip(relative, bands, extents))))
    data = None
    return output.is_file()


def parts_of(raster: Path, band: int) -> list[tuple[Path, int]]:
    """Returns the source files and bands of a merged raster, the lowest first; itself where it is not merged."""
    try:
        parts = [((raster.parent / name).resolve(), int(number)) for name, number, *_ in _stored_parts(raster)]
    except (TypeError, ValueError):
        parts = []
    return parts if parts and all(path.is_file() for path, _ in parts) else [(raster, band)]


def part_extents(raster: Path) -> list[Extent]:
    """Returns the extents of the parts of a merged raster; empty where it is not merged, or they are not known."""
    try:
        return [
            (float(west), float(south), float(east), float(north))
            for _, _, (west, south, east, north) in _stored_parts(raster)
        ]
    except (TypeError, ValueError):
        return []


def covers(extent: Extent | None, raster: Path) -> bool:
    """Returns whether the extent (xmin, ymin, xmax, ymax) contains all of a raster; None contains everything."""
    if extent is None:
        return True
    data = gdal.Open(str(raster))
    if data is None:
        return True
    west, south, east, north = _extent(data)
    slack = abs(data.GetGeoTransform()[1]) / 2
    return (
        extent[0] <= west + slack
        and extent[1] <= south + slack
        and extent[2] >= east - slack
        and extent[3] >= north - slack
    )


def _stored_parts(raster: Path) -> list[list[Any]]:
    """Returns what a merged raster holds of its parts.

    Raises:
        ValueError: it is no JSON.
    """
    data = gdal.Open(str(raster)) if raster.suffix == ".vrt" else None
    return json.loads(data.GetMetadataItem(_PARTS) or "[]") if data is not None else []


def _extent(data: gdal.Dataset) -> Extent:
    left, width, _, top, _, height = data.GetGeoTransform()
    right, bottom = left + width * data.RasterXSize, top + height * data.RasterYSize
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def _is_rotated(data: gdal.Dataset) -> bool:
    _, _, x_row, _, y_column, y_row = data.GetGeoTransform()
    return bool(x_row or y_column or y_row > 0)
