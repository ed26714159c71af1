"""Parameters that several tasks have: the model, the part of the raster, the polygons. Each call makes a field."""

from __future__ import annotations

from typing import Any

from .parameters import parameter

DEFAULT_MODEL = "geolb-tiny"
POLYGON_FORMATS = ".gpkg, .shp, .geojson, .fgb, or .json (COCO labels)"


def model() -> Any:  # noqa: ANN401 - a dataclass field, as everywhere below
    """Field of the model."""
    return parameter(DEFAULT_MODEL, help="name or path of a model")


def device() -> Any:  # noqa: ANN401
    """Field of the device."""
    return parameter("auto", help="auto, cpu, cuda, cuda:1 or mps")


def extent() -> Any:  # noqa: ANN401
    """Field of the part that is computed."""
    return parameter(None, help="part to compute, in the raster's CRS", metavar="XMIN,YMIN,XMAX,YMAX")


def resolution() -> Any:  # noqa: ANN401
    """Field of the pixel size."""
    help = "pixel size of the result in the raster's units; left out: its own, or what the model knows"
    return parameter(None, help=help, above=0.0)


def cache() -> Any:  # noqa: ANN401
    """Field of whether features are kept."""
    return parameter(True, help="do not keep the features for the next prompt")


def negatives() -> Any:  # noqa: ANN401
    """Field of the prompts that lower a score."""
    return parameter((), help="negative prompt: lowers the score; repeatable", option="--not", metavar="TEXT")


def preview() -> Any:  # noqa: ANN401
    """Field of whether ``preview`` notifications with a coarse raster are sent."""
    return parameter(False, help="send a coarse raster first", on_command_line=False)


def score(default: float, help: str) -> Any:  # noqa: ANN401
    """Field of a number from 0 to 1."""
    return parameter(default, help=help, minimum=0.0, maximum=1.0)


def vector() -> Any:  # noqa: ANN401
    """Field of a file of polygons beside the raster."""
    return parameter(
        None, help=f"write polygons as well, by its ending: {POLYGON_FORMATS}", option="--vector", metavar="OUT.gpkg"
    )


def min_area_m2() -> Any:  # noqa: ANN401
    """Field of the least area of a polygon."""
    return parameter(0.0, help="smallest polygon in m²", unit="m²", option="--min-area", metavar="M2", minimum=0.0)


def simplify_m() -> Any:  # noqa: ANN401
    """Field of how far outlines may move."""
    return parameter(0.0, help="simplify outlines by metres", unit="m", option="--simplify", metavar="M", minimum=0.0)


def smooth() -> Any:  # noqa: ANN401
    """Field of whether outlines are rounded."""
    return parameter(False, help="round the outlines")


def right_angles() -> Any:  # noqa: ANN401
    """Field of whether sides lie along one of two directions."""
    return parameter(False, help="right angles at every corner, for buildings")


def separate() -> Any:  # noqa: ANN401
    """Field of whether regions are cut where scores or widths dip."""
    return parameter(False, help="cut apart objects that touch")


def vector_crs(option: str = "--vector-crs") -> Any:  # noqa: ANN401
    """Field of the polygons' reference system."""
    return parameter(
        None, help="reference system of the polygons (default: the raster's)", option=option, metavar="EPSG:25833"
    )
