"""Parameters of polygonisation."""

from __future__ import annotations

from dataclasses import dataclass

from . import common_parameters as common
from .parameters import parameter


@dataclass(frozen=True)
class PolygoniseParams:
    """Turn a score raster above a threshold, or a class map, into polygons.

    A threshold of None takes the raster for a map of classes. ``bands`` holds several at once, in place of ``band``.
    """

    raster: str = parameter(help="score raster, or with --classes a class map")
    output: str = parameter(help=common.POLYGON_FORMATS, option="-o", metavar="OUT.gpkg")
    threshold: float | None = common.score(0.5, "least score")
    band: int = parameter(1, help="band, from 1", minimum=1, on_command_line=False)
    bands: tuple[int, ...] = parameter(
        (), help="band, from 1 (default: 1); may be repeated", option="--band", minimum=1
    )
    min_area_m2: float = common.min_area_m2()
    simplify_m: float = common.simplify_m()
    smooth: bool = common.smooth()
    separate: bool = common.separate()
    right_angles: bool = common.right_angles()
    classes: tuple[str, ...] = parameter((), help="names or codes of the classes that are wanted; none for all")
    vector_crs: str | None = common.vector_crs("--crs")
