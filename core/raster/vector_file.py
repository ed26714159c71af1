"""Polygons with attributes on disk: GeoPackage, Shapefile, GeoJSON, FlatGeobuf and COCO, chosen by a file's ending.

Every file is first made as a GeoPackage, to which polygons are appended in chunks, and then translated.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform

from core.errors import InputError, OutputError
from core.raster.coco import write_coco
from core.raster.grid import GridSpec
from core.raster.staging import VECTOR, output_failure, staging

DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}
"""GDAL's drivers by a file's ending; ``.json`` is COCO."""
LONGITUDE_LATITUDE = "EPSG:4326"
"""What GeoJSON is written in (RFC 7946)."""

FIELDS = ("code", "name", "area_ha", "score_mean", "score_max", "prompt", "class", "image", "date")
_CHUNK = 5000


@dataclass(frozen=True)
class MapPolygon:
    """A polygon with its attributes.

    Attributes:
        geometry: in the raster's reference system.
        code: of the class; 1 for a prompt.
        area_ha: hectares on the ground; NaN where the raster has no reference system.
        score_mean: mean score of its pixels, 0 to 1; NaN where there are none.
        score_max: highest score.
        prompt: text of the prompt; empty in a map of classes.
        class_name: name of the class; empty for a prompt.
        image: name of the image.
        date: acquisition date of the image, as in "2024-06-12"; empty where unknown.
    """

    geometry: shapely.Polygon
    code: int
    area_ha: float
    score_mean: float
    score_max: float
    prompt: str
    class_name: str
    image: str
    date: str

    @property
    def values(self) -> tuple[Any, ...]:
        """The attributes in the order of ``FIELDS``."""
        words = (self.prompt or None, self.class_name or None, self.image or None, self.date or None)
        return (self.code, self.class_name or self.prompt, self.area_ha, self.score_mean, self.score_max, *words)


@dataclass(frozen=True)
class VectorLayer:
    """Polygons that make one layer of a file.

    Attributes:
        name: of the layer, where the format has layers.
        polygons: read once.
    """

    name: str
    polygons: Iterable[MapPolygon]


def reference_system(text: str | None) -> CRS | None:
    """Coordinate reference system of a code or definition; None for None.

    Raises:
        InputError: there is no such system.
    """
    if text is None:
        return None
    try:
        return CRS.from_user_input(text)
    except (CRSError, ValueError) as problem:
        raise InputError(f"{text!r} is no coordinate reference system.", hint="Write it as in EPSG:25833.") from problem


def write_polygons(
    target: Path, layers: Sequence[VectorLayer], grid: GridSpec, *, crs: str | None = None, sources: Sequence[str] = ()
) -> int:
    """Write polygons into a file; several layers become one where the format has no layers.

    Args:
        target: its ending says the format.
        layers: one or more.
        grid: of the raster that the polygons are of; COCO counts in its pixels.
        crs: reference system to write in; None for the raster's own. GeoJSON is always longitude and latitude, COCO
            pixels.
        sources: inputs, which must not be overwritten.

    Returns:
        The number of polygons.

    Raises:
        InputError: the reference system does not exist, or the raster has none to change from.
        OutputError: the file cannot be written; nothing is left behind.
    """
    wanted = reference_system(crs)
    if wanted is not None and grid.crs_wkt is None:
        raise InputError(
            "The raster has no coordinate reference system, so its polygons cannot change theirs.",
            hint="Assign one to the raster.",
        )
    suffix = target.suffix.lower()
    if suffix == ".geojson" and grid.crs_wkt is not None:
        wanted = CRS.from_user_input(LONGITUDE_LATITUDE)
    with staging(target, VECTOR, sources) as folder:
        made = folder / target.name
        database = made if suffix == ".gpkg" else folder / "polygons.gpkg"
        counts = _write_database(target, database, layers, grid, None if suffix == ".json" else wanted, suffix)
        if suffix == ".json":
            write_coco(database, made, grid)
        elif suffix != ".gpkg":
            _translate(target, database, made, placed=grid.crs_wkt is not None)
        if database != made:
            database.unlink()
        return sum(counts)


def _write_database(
    target: Path, database: Path, layers: Sequence[VectorLayer], grid: GridSpec, crs: CRS | None, suffix: str
) -> list[int]:
    together = suffix != ".gpkg" or len(layers) == 1
    counts = []
    for number, layer in enumerate(layers):
        name = target.stem if together else layer.name
        append = number > 0
        written = 0
        for chunk in _chunks(layer.polygons):
            _append(target, database, chunk, name, grid, crs, append=append)
            append = True
            written += len(chunk)
        counts.append(written)
    with _failures_of(target):
        found = sum(pyogrio.read_info(database, layer=name)["features"] for name, _ in pyogrio.list_layers(database))
    if found != sum(counts):
        raise OutputError(f"{target} could not be written whole.", hint="Is the disk full?")
    return counts


def _chunks(polygons: Iterable[MapPolygon]) -> Iterator[tuple[MapPolygon, ...]]:
    """Polygons some thousands at a time; one empty chunk where there are none, so that there is a layer."""
    waiting = iter(polygons)
    chunk = tuple(islice(waiting, _CHUNK))
    yield chunk
    while chunk := tuple(islice(waiting, _CHUNK)):
        yield chunk


def _append(
    target: Path,
    database: Path,
    polygons: Sequence[MapPolygon],
    layer: str,
    grid: GridSpec,
    crs: CRS | None,
    *,
    append: bool,
) -> None:
    geometries = np.array([polygon.geometry for polygon in polygons], object)
    rows = [polygon.values for polygon in polygons]
    kinds = (np.int32, object, np.float64, np.float64, np.float64, object, object, object, object)
    columns = [np.array([row[index] for row in rows], kind) for index, kind in enumerate(kinds)]
    with _failures_of(target):
        pyogrio.raw.write(
            database,
            shapely.to_wkb(_reprojected(geometries, grid, crs)),
            columns,
            np.array(FIELDS, object),
            layer=layer,
            driver="GPKG",
            geometry_type="Polygon",
            crs=grid.crs_wkt if crs is None else crs.to_wkt(),
            append=append,
        )


def _reprojected(geometries: NDArray[Any], grid: GridSpec, crs: CRS | None) -> NDArray[Any]:
    if crs is None or not len(geometries):
        return geometries
    source = CRS.from_wkt(grid.crs_wkt)

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transform(source, crs, points[:, 0], points[:, 1]))

    return np.asarray(shapely.transform(geometries, moved))


def _translate(target: Path, database: Path, made: Path, *, placed: bool) -> None:
    """Write the one layer of a GeoPackage in another format, without holding it in memory.

    Args:
        target: for messages.
        database: the GeoPackage.
        made: the file to write.
        placed: whether the polygons have a reference system, without which the standard of GeoJSON cannot be kept.
    """
    options = {"RFC7946": "YES"} if made.suffix.lower() == ".geojson" and placed else {}
    if made.suffix.lower() == ".shp":
        options = {"ENCODING": "UTF-8"}
    with _failures_of(target), pyogrio.raw.open_arrow(database, use_pyarrow=False) as (meta, stream):
        pyogrio.raw.write_arrow(
            stream,
            made,
            layer=made.stem,
            driver=DRIVERS[made.suffix.lower()],
            geometry_name=meta["geometry_name"] or "wkb_geometry",
            geometry_type="Polygon",
            crs=meta["crs"] if placed else None,
            **options,
        )


@contextmanager
def _failures_of(target: Path) -> Iterator[None]:
    """Turn pyogrio's errors, which have no public base, into one line."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            yield
    except Exception as problem:
        raise output_failure(target, problem) from problem
