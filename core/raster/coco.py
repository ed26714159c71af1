"""Polygons as labels in COCO's format, in pixels of the image, for training other detectors.

Follows the object detection format of https://cocodataset.org/#format-data: a segmentation is a list of rings without
holes that belong together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from core.raster.generalise import polygons_of
from core.raster.grid import GridSpec


def write_coco(database: Path, made: Path, grid: GridSpec) -> None:
    """Write the polygons of a GeoPackage as COCO labels.

    Args:
        database: GeoPackage with one layer, in the raster's reference system.
        made: JSON file to write.
        grid: of the image.
    """
    meta, _, wkb, columns = pyogrio.raw.read(database)
    fields = dict(zip(meta["fields"].tolist(), columns, strict=True))
    polygons = shapely.transform(
        shapely.from_wkb(wkb), lambda points: np.column_stack(grid.pixels(points[:, 0], points[:, 1]))
    )
    names = [str(name) for name in fields["name"].tolist()]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names), start=1)}
    first = {key: next(iter(fields[key].tolist()), None) for key in ("image", "date")}
    image = {
        "id": 1,
        "file_name": first["image"] or made.with_suffix(".tif").name,
        "width": grid.width,
        "height": grid.height,
        "date_captured": first["date"] or "",
        "geotransform": list(grid.transform.to_gdal()),
        "crs": grid.crs_wkt,
    }
    content = {
        "info": {"description": "Polygons made with GeoLangBind"},
        "licenses": [],
        "images": [image],
        "categories": [{"id": number, "name": name, "supercategory": ""} for name, number in numbers.items()],
        "annotations": list(_annotations(polygons, names, numbers, fields["score_mean"])),
    }
    made.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _annotations(
    polygons: NDArray[Any], names: list[str], numbers: dict[str, int], scores: NDArray[np.float64]
) -> Iterator[dict[str, Any]]:
    for number, (polygon, name, score) in enumerate(zip(polygons, names, scores.tolist(), strict=True), start=1):
        left, top, right, bottom = polygon.bounds
        annotation = {
            "id": number,
            "image_id": 1,
            "category_id": numbers[name],
            "segmentation": [_ring(part) for part in without_holes(polygon)],
            "area": round(polygon.area, 3),
            "bbox": [round(value, 3) for value in (left, top, right - left, bottom - top)],
            "iscrowd": 0,
        }
        yield annotation if np.isnan(score) else {**annotation, "score": round(score, 4)}


def without_holes(polygon: shapely.Polygon) -> list[shapely.Polygon]:
    """Cut a polygon through its holes into polygons that have none and cover the same ground."""
    if not polygon.interiors:
        return [polygon]
    left, top, right, bottom = polygon.bounds
    hole = polygon.interiors[0].bounds
    middle = (hole[0] + hole[2]) / 2
    halves = (shapely.box(left, top, middle, bottom), shapely.box(middle, top, right, bottom))
    parts = [part for half in halves for part in polygons_of(polygon.intersection(half))]
    return [whole for part in parts for whole in without_holes(part)]


def _ring(polygon: shapely.Polygon) -> list[float]:
    return [round(value, 3) for value in shapely.get_coordinates(polygon.exterior)[:-1].ravel().tolist()]
