"""``core polygonise RASTER -o OUT.gpkg``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import sources
from core.cli.console import Console
from core.protocol import PolygoniseParams

NAME = "polygonise"
HELP = "Turn scores or a class map into polygons with their area, scores, prompt or class, image and date."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("raster", help="score raster, or with --classes a class map")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.gpkg", help=".gpkg, .shp, .geojson, .fgb, or .json (COCO labels)"
    )
    parser.add_argument("--threshold", type=sources.share, default=0.5, help="least score (default: 0.5)")
    parser.add_argument(
        "--band", type=sources.count, action="append", default=[], help="band, from 1 (default: 1); may be repeated"
    )
    parser.add_argument(
        "--classes",
        nargs="*",
        metavar="CLASS",
        help="take the raster for a class map: all its classes, or those named by name or code",
    )
    sources.add_polygon_shape(parser, scores=True)
    parser.add_argument("--crs", metavar="EPSG:25833", help="reference system of the polygons (default: the raster's)")


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do it."""
    from core.tasks import polygonise

    of_classes = options.classes is not None
    params = PolygoniseParams(
        raster=options.raster,
        output=options.output,
        threshold=None if of_classes else options.threshold,
        bands=tuple(options.band) or (1,),
        min_area_m2=options.min_area,
        simplify_m=options.simplify,
        smooth=options.smooth,
        separate=options.separate,
        right_angles=options.right_angles,
        classes=tuple(options.classes or ()),
        vector_crs=options.crs,
    )
    return polygonise.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Say it in words."""
    return f"{result['output']}: {result['polygons']} polygons"
