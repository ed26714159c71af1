"""Score rasters and class maps turned into polygons in a GeoPackage."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from core.errors import InputError, OutputError
from core.progress import CancelToken, Progress, no_progress
from core.raster.generalise import simplified, simplified_coverage, without_small_holes
from core.raster.grid import GridSpec
from core.raster.outlines import Strip, outlines
from core.raster.pixel_areas import pixel_size_m, row_areas_hectares
from core.raster.reader import RasterReader, open_raster
from core.raster.staging import GEOPACKAGE, output_failure, staging
from core.raster.writer import read_class_names

_STRIP_PIXELS = 4_000_000
_CHUNK = 5000  # features written at once
_STAIRCASE = 0.75  # of a pixel: straightens the staircase before corners are rounded

Feature = tuple[int, shapely.Polygon]


def polygonise(
    raster: str | Path,
    output: str | Path,
    *,
    band: int = 1,
    threshold: float | None = 0.5,
    class_names: Mapping[int, str] | None = None,
    min_area_m2: float = 0.0,
    simplify_m: float = 0.0,
    smooth: bool = False,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> int:
    """Outline where a score reaches a threshold, or every class of a map, and write polygons.

    Pixels join by their sides. Works strip by strip without seams; memory holds a strip and the outlines still open.
    Classes that are simplified or smoothed are held as a whole, so that neighbours keep sharing their borders.

    Args:
        raster: score raster or class map.
        output: GeoPackage to write; its layer has fields ``code``, ``name`` and ``area_ha``.
        band: 1-based band.
        threshold: least score; None takes the band for a map of classes.
        class_names: class code to name; None to read them from the map.
        min_area_m2: smaller polygons are dropped and smaller holes filled.
        simplify_m: outlines may move by about this many metres.
        smooth: round the corners.
        progress: told the fraction done.
        cancel: looked at between strips.

    Returns:
        The number of polygons.

    Raises:
        InputError: the raster cannot be read, or areas and lengths are wanted of one without a reference system.
        OutputError: the GeoPackage cannot be written; nothing is left behind.
        CancelledError: a stop was asked for.
    """
    target = Path(output)
    with open_raster(raster) as reader:
        check_measurable(reader.grid, min_area_m2, simplify_m)
        ground = _Ground(reader.grid)
        names = _names(reader, band, threshold, class_names)
        strips = _strips(reader, band, threshold, progress, cancel)
        regions = _large_enough(outlines(strips), min_area_m2, ground.area_m2)
        if threshold is None and (simplify_m > 0 or smooth):
            features = _as_coverage(regions, ground, simplify_m, smooth, min_area_m2)
        else:
            features = _one_by_one(regions, ground, simplify_m, smooth, min_area_m2)
        with staging(target, GEOPACKAGE, [str(raster)]) as folder:
            return _write(target, folder / target.name, features, ground, names)


def check_measurable(grid: GridSpec, min_area_m2: float, simplify_m: float) -> None:
    """Refuse a smallest area or a simplification by metres where nothing says how large a pixel is.

    Raises:
        InputError: the grid has no reference system, or one without metres or degrees.
    """
    if (min_area_m2 > 0 or simplify_m > 0) and pixel_size_m(grid) is None:
        raise InputError(
            "The raster has no coordinate reference system, so metres mean nothing.",
            hint="Assign one to the raster.",
        )


class _Ground:
    """Pixel coordinates seen as metres, hectares and map coordinates."""

    def __init__(self, grid: GridSpec) -> None:
        size = pixel_size_m(grid)
        self.grid = grid
        self.pixel_m = size or (1.0, 1.0)
        self._area_above = np.zeros(grid.height + 1)
        if size is not None:
            self._area_above[1:] = np.cumsum(row_areas_hectares(grid)) * 1e4
        self.known = size is not None

    def area_m2(self, polygon: shapely.Polygon) -> float:
        """Measure a polygon in pixel coordinates: exact for outlines of pixels, on geographic grids too."""
        rows = np.arange(self.grid.height + 1)
        return float(
            shapely.transform(
                polygon, lambda points: np.column_stack([points[:, 0], np.interp(points[:, 1], rows, self._area_above)])
            ).area
        )

    def in_metres(self, polygon: shapely.Polygon) -> shapely.Polygon:
        return shapely.transform(polygon, lambda points: points * self.pixel_m)

    def in_pixels(self, polygon: shapely.Polygon) -> shapely.Polygon:
        return shapely.transform(polygon, lambda points: points / self.pixel_m)

    def on_map(self, polygons: NDArray[Any]) -> NDArray[Any]:
        grid = self.grid
        return np.asarray(
            shapely.transform(polygons, lambda points: np.column_stack(grid.coordinates(points[:, 0], points[:, 1])))
        )


def _names(
    reader: RasterReader, band: int, threshold: float | None, given: Mapping[int, str] | None
) -> Callable[[int], str]:
    """Name a code: the class, or what the score is for."""
    if threshold is not None:
        if not 1 <= band <= reader.info.count:
            raise InputError(f"There is no band {band}: the raster has {reader.info.count}.", hint="Bands start at 1.")
        label = reader.info.descriptions[band - 1] or f"band {band}"
        return lambda code: label
    known = dict(given) if given is not None else read_class_names(reader.info.tags)
    return lambda code: known.get(code, str(code))


def _strips(
    reader: RasterReader, band: int, threshold: float | None, progress: Progress, cancel: CancelToken | None
) -> Iterator[Strip]:
    grid = reader.grid
    for window in grid.window.blocks(grid.width, max(64, _STRIP_PIXELS // grid.width)):
        if cancel is not None:
            cancel.raise_if_cancelled()
        values, valid = reader.read(window, (band,))
        if threshold is None:
            yield window, values[0].astype(np.int32), valid
        else:
            yield window, np.ones(valid.shape, np.int32), valid & (values[0] >= threshold)
        progress(window.row_stop / grid.height, "Outlining")


def _large_enough(
    regions: Iterator[Feature], min_area_m2: float, area_m2: Callable[[shapely.Polygon], float]
) -> Iterator[Feature]:
    for code, polygon in regions:
        if min_area_m2 <= 0:
            yield code, polygon
            continue
        filled = without_small_holes(polygon, min_area_m2, area_m2)
        if area_m2(filled) >= min_area_m2:
            yield code, filled


def _one_by_one(
    regions: Iterator[Feature], ground: _Ground, simplify_m: float, smooth: bool, min_area_m2: float
) -> Iterator[Feature]:
    tolerance = _tolerance(ground, simplify_m, smooth)
    for code, polygon in regions:
        if tolerance <= 0:
            yield code, polygon
            continue
        parts = [ground.in_pixels(part) for part in simplified(ground.in_metres(polygon), tolerance, smooth)]
        yield from ((code, part) for part in _worth_keeping(parts, ground, min_area_m2))


def _as_coverage(
    regions: Iterator[Feature], ground: _Ground, simplify_m: float, smooth: bool, min_area_m2: float
) -> Iterator[Feature]:
    """Generalise all classes together; filled holes first give way to the polygons that were kept."""
    found = list(regions)
    if not found:
        return
    corners = [ground.in_metres(_with_pixel_corners(polygon)) for _, polygon in found]
    tolerance = _tolerance(ground, simplify_m, smooth)
    for (code, _), parts in zip(found, simplified_coverage(corners, tolerance, smooth), strict=True):
        kept = _worth_keeping([ground.in_pixels(part) for part in parts], ground, min_area_m2)
        yield from ((code, part) for part in kept)


def _worth_keeping(parts: list[shapely.Polygon], ground: _Ground, min_area_m2: float) -> list[shapely.Polygon]:
    """Leave out the slivers of a region that fell into parts as it was straightened."""
    if len(parts) < 2:
        return parts
    return [part for part in parts if ground.area_m2(part) >= min_area_m2] or [max(parts, key=ground.area_m2)]


def _with_pixel_corners(polygon: shapely.Polygon) -> shapely.Polygon:
    """Add a corner at every pixel along the outline: where a third region touches, all must have one."""
    return shapely.transform(shapely.segmentize(polygon, 1.0), np.round)


def _tolerance(ground: _Ground, simplify_m: float, smooth: bool) -> float:
    return max(simplify_m, _STAIRCASE * max(ground.pixel_m)) if smooth else simplify_m


def _write(target: Path, made: Path, features: Iterator[Feature], ground: _Ground, names: Callable[[int], str]) -> int:
    """Write features in chunks."""
    count = 0
    waiting: list[Feature] = []
    for feature in features:
        waiting.append(feature)
        if len(waiting) == _CHUNK:
            count += _append(target, made, waiting, ground, names, first=count == 0)
            waiting = []
    if waiting or count == 0:
        count += _append(target, made, waiting, ground, names, first=count == 0)
    try:
        written = pyogrio.read_info(made)["features"]
    except Exception as problem:
        raise output_failure(target, problem) from problem
    if written != count:
        raise OutputError(f"{target} could not be written whole.", hint="Is the disk full?")
    return count


def _append(
    target: Path, made: Path, features: list[Feature], ground: _Ground, names: Callable[[int], str], *, first: bool
) -> int:
    polygons = np.array([polygon for _, polygon in features], object)
    codes = np.array([code for code, _ in features], np.int32)
    hectares = np.array(
        [ground.area_m2(polygon) / 1e4 if ground.known else np.nan for _, polygon in features], np.float64
    )
    labels = np.array([names(code) for code in codes.tolist()], object)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            pyogrio.raw.write(
                made,
                shapely.to_wkb(ground.on_map(polygons)),
                [codes, labels, hectares],
                np.array(["code", "name", "area_ha"], object),
                layer=target.stem,
                driver="GPKG",
                geometry_type="Polygon",
                crs=ground.grid.crs_wkt,
                append=not first,
            )
    except Exception as problem:  # pyogrio's errors have no public base
        raise output_failure(target, problem) from problem
    return len(features)
