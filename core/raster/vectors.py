"""Score rasters and class maps turned into polygons."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import shapely

from core.context import Context
from core.errors import InputError
from core.raster.dates import acquisition_date
from core.raster.generalise import simplified, simplified_coverage, without_small_holes
from core.raster.ground import Ground, check_measurable
from core.raster.objects import separated
from core.raster.outlines import Outline, Strip, outlines
from core.raster.reader import RasterReader, open_raster
from core.raster.right_angles import right_angled, touching_groups
from core.raster.vector_file import MapPolygon, VectorLayer, write_polygons
from core.raster.writer import read_class_names

_STRIP_PIXELS = 4_000_000
_STAIRCASE = 0.75  # of a pixel: straightens the staircase before corners are rounded
_WALL_PIXELS = 1.5  # how far the steps of a slanted wall lie from it


@dataclass(frozen=True)
class PolygonShape:
    """How outlines of pixels become polygons of a map.

    Attributes:
        min_area_m2: smaller polygons are dropped and smaller holes filled.
        simplify_m: outlines may move by about this many metres.
        smooth: round the corners.
        separate: cut regions of scores into objects, see ``core.raster.objects``.
        right_angles: let every side lie along one of two directions, as those of buildings do.
        classes: names or codes of the classes of a map that are wanted; empty for all.
        crs: reference system to write in, as in "EPSG:25833"; None for the raster's own.
    """

    min_area_m2: float = 0.0
    simplify_m: float = 0.0
    smooth: bool = False
    separate: bool = False
    right_angles: bool = False
    classes: tuple[str, ...] = ()
    crs: str | None = None


WHOLE_OUTLINES = PolygonShape()
"""Every region, along the sides of its pixels."""


def polygonise(
    raster: str | Path,
    output: str | Path,
    *,
    band: int = 1,
    threshold: float | None = 0.5,
    class_names: Mapping[int, str] | None = None,
    shape: PolygonShape = WHOLE_OUTLINES,
    context: Context | None = None,
) -> int:
    """Outline where a score reaches a threshold, or every class of a map, and write polygons with their attributes.

    Pixels join by their sides. Works strip by strip without seams; memory holds a strip and the outlines still open.
    Classes that are simplified or smoothed, and all that gets right angles, are held as a whole, so that neighbours
    keep sharing their borders.

    Args:
        raster: score raster or class map.
        output: GeoPackage, Shapefile, GeoJSON, FlatGeobuf (.fgb) or COCO (.json) to write, by its ending; attributes
            are those of ``core.raster.vector_file.FIELDS``.
        band: 1-based band.
        threshold: least score; None takes the band for a map of classes.
        class_names: class code to name; None to read them from the map.
        shape: how the polygons are drawn.
        context: reports the fraction done; cancellation is checked between strips.

    Returns:
        The number of polygons.

    Raises:
        InputError: the raster cannot be read, or areas and lengths are wanted of one without a reference system.
        OutputError: the file cannot be written; nothing is left behind.
        CancelledError: the work was cancelled.
    """
    source = BandPolygons(raster, ((band, threshold),), class_names, shape, context or Context())
    return write_band_polygons(source, output)


@dataclass(frozen=True)
class BandPolygons:
    """What is to be outlined, see ``polygonise``.

    Attributes:
        bands: number and threshold (None for a map of classes) of each; each becomes a layer where the format has
            layers.
    """

    raster: str | Path
    bands: tuple[tuple[int, float | None], ...]
    class_names: Mapping[int, str] | None = None
    shape: PolygonShape = WHOLE_OUTLINES
    context: Context = field(default_factory=Context)


def write_band_polygons(source: BandPolygons, output: str | Path) -> int:
    """Outline one or more bands of a raster into one file.

    Returns:
        The number of polygons.

    Raises:
        InputError: see ``polygonise``.
        OutputError: see ``polygonise``.
    """
    with open_raster(source.raster) as reader:
        check_measurable(reader.grid, source.shape.min_area_m2, source.shape.simplify_m)
        layers = []
        for band, threshold in source.bands:
            facts = _facts(reader, band, threshold, source.class_names)
            layers.append(VectorLayer(f"{band} {facts.prompt}".strip(), _polygons(reader, source, facts)))
        return write_polygons(Path(output), layers, reader.grid, crs=source.shape.crs, sources=[str(source.raster)])


@dataclass(frozen=True)
class _Facts:
    """Attributes that all polygons of a band share, and names of its codes."""

    band: int
    threshold: float | None
    prompt: str
    name_of: Callable[[int], str]
    image: str
    date: str


def _facts(reader: RasterReader, band: int, threshold: float | None, class_names: Mapping[int, str] | None) -> _Facts:
    info = reader.info
    image = info.tags.get("SOURCE") or Path(info.path).name
    date = acquisition_date(info.tags, image)
    if threshold is None:
        known = dict(class_names) if class_names is not None else read_class_names(info.tags)
        return _Facts(band, None, "", lambda code: known.get(code, str(code)), image, date)
    if not 1 <= band <= info.count:
        raise InputError(f"There is no band {band}: the raster has {info.count}.", hint="Bands start at 1.")
    prompt = info.descriptions[band - 1] or f"band {band}"
    return _Facts(band, threshold, prompt, lambda code: "", image, date)


def _polygons(reader: RasterReader, source: BandPolygons, facts: _Facts) -> Iterator[MapPolygon]:
    ground, shape, of_scores = Ground(reader.grid), source.shape, facts.threshold is not None
    regions: Iterable[Outline] = outlines(_strips(reader, source, facts))
    if shape.classes:
        regions = _of_classes(regions, shape.classes, facts.name_of)
    regions = _large_enough(regions, shape.min_area_m2, ground)
    if shape.separate and of_scores:
        least = shape.min_area_m2 / (ground.pixel_m[0] * ground.pixel_m[1])
        regions = (part for region in regions for part in separated(region, reader, facts.band, least))
    for outline in _drawn(regions, ground, shape, share_borders=shape.separate or not of_scores):
        (geometry,) = ground.on_map(np.array([outline.polygon], object))
        yield MapPolygon(
            geometry=geometry,
            code=facts.band if of_scores else outline.code,
            area_ha=ground.area_m2(outline.polygon) / 1e4 if ground.known else math.nan,
            score_mean=outline.scores.mean,
            score_max=outline.scores.highest,
            prompt=facts.prompt,
            class_name=facts.name_of(outline.code),
            image=facts.image,
            date=facts.date,
        )


def _drawn(
    regions: Iterable[Outline], ground: Ground, shape: PolygonShape, *, share_borders: bool
) -> Iterator[Outline]:
    """Yield outlines generalised as ``shape`` says."""
    if shape.right_angles:
        return _with_right_angles(regions, ground, shape)
    if share_borders and (shape.simplify_m > 0 or shape.smooth):
        return _as_coverage(regions, ground, shape)
    return _one_by_one(regions, ground, shape)


def _strips(reader: RasterReader, source: BandPolygons, facts: _Facts) -> Iterator[Strip]:
    grid, threshold = reader.grid, facts.threshold
    confidence = _confidence_band(reader) if threshold is None else None
    bands = (facts.band,) if confidence is None else (facts.band, confidence)
    for window in grid.window.blocks(grid.width, max(64, _STRIP_PIXELS // grid.width)):
        source.context.raise_if_cancelled()
        values, valid = reader.read(window, bands)
        if threshold is None:
            certain = None if confidence is None else values[1].astype(np.float32) / 100
            yield Strip(window, values[0].astype(np.int32), valid, certain)
        else:
            yield Strip(window, np.ones(valid.shape, np.int32), valid & (values[0] >= threshold), values[0])
        source.context.progress(window.row_stop / grid.height, "Outlining")


def _confidence_band(reader: RasterReader) -> int | None:
    """The band, from 1, in which a class map states how certain it is in percent."""
    names = reader.info.descriptions
    return names.index("confidence") + 1 if "confidence" in names else None


def _of_classes(
    regions: Iterable[Outline], classes: Collection[str], name_of: Callable[[int], str]
) -> Iterator[Outline]:
    wanted = {text.strip().casefold() for text in classes}
    return (each for each in regions if {name_of(each.code).casefold(), str(each.code)} & wanted)


def _large_enough(regions: Iterable[Outline], min_area_m2: float, ground: Ground) -> Iterator[Outline]:
    for region in regions:
        if min_area_m2 <= 0:
            yield region
            continue
        filled = without_small_holes(region.polygon, min_area_m2, ground.area_m2)
        if ground.area_m2(filled) >= min_area_m2:
            yield replace(region, polygon=filled)


def _one_by_one(regions: Iterable[Outline], ground: Ground, shape: PolygonShape) -> Iterator[Outline]:
    tolerance = _tolerance(ground, shape)
    for region in regions:
        if tolerance <= 0:
            yield region
            continue
        parts = simplified(ground.in_metres(region.polygon), tolerance, shape.smooth)
        yield from _parts_of(region, parts, ground, shape)


def _as_coverage(regions: Iterable[Outline], ground: Ground, shape: PolygonShape) -> Iterator[Outline]:
    """Generalise all classes together; filled holes first give way to the polygons that were kept."""
    found = list(regions)
    if not found:
        return
    corners = [ground.in_metres(_with_pixel_corners(region.polygon)) for region in found]
    tolerance = _tolerance(ground, shape)
    for region, parts in zip(found, simplified_coverage(corners, tolerance, shape.smooth), strict=True):
        yield from _parts_of(region, parts, ground, shape)


def _with_right_angles(regions: Iterable[Outline], ground: Ground, shape: PolygonShape) -> Iterator[Outline]:
    found = list(regions)
    pixel = min(ground.pixel_m)
    tolerance = shape.simplify_m or _WALL_PIXELS * max(ground.pixel_m)
    for group in touching_groups([region.polygon for region in found]):
        drawn = right_angled([ground.in_metres(found[number].polygon) for number in group], tolerance, pixel / 2)
        for number, parts in zip(group, drawn, strict=True):
            yield from _parts_of(found[number], parts, ground, shape)


def _parts_of(
    region: Outline, parts: Sequence[shapely.Polygon], ground: Ground, shape: PolygonShape
) -> Iterator[Outline]:
    """Outlines of what a region became, in metres; slivers of one that fell into parts are left out."""
    polygons = [ground.in_pixels(part) for part in parts]
    if len(polygons) > 1:
        large = [part for part in polygons if ground.area_m2(part) >= shape.min_area_m2]
        polygons = large or [max(polygons, key=ground.area_m2)]
    return (replace(region, polygon=polygon) for polygon in polygons)


def _with_pixel_corners(polygon: shapely.Polygon) -> shapely.Polygon:
    """Add a corner at every pixel along the outline: where a third region touches, all must have one."""
    return shapely.transform(shapely.segmentize(polygon, 1.0), np.round)


def _tolerance(ground: Ground, shape: PolygonShape) -> float:
    return max(shape.simplify_m, _STAIRCASE * max(ground.pixel_m)) if shape.smooth else shape.simplify_m
