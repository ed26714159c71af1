"""Arguments that several commands share: the raster and how it is to be read, the model, what a result looks like."""

from __future__ import annotations

import argparse
import math

from core.protocol import Extent, Source

DEFAULT_MODEL = "geolb-tiny"
RESOLUTION = "pixel size of the result in the raster's units, its own or coarser"


def add_source(parser: argparse.ArgumentParser, *, many: bool = False) -> None:
    """Add the raster and what the user knows about its bands."""
    if many:
        parser.add_argument("raster", nargs="+", help="files, folders, VRT, NetCDF or http(s) addresses of COGs")
    else:
        parser.add_argument("raster", help="file, folder, VRT, NetCDF or http(s) address of a COG")
    parser.add_argument("--sensor", help="name in resources/sensors.toml; recognised where left out")
    parser.add_argument("--bands", type=band_numbers, metavar="4,3,2", help="band numbers, from 1")
    parser.add_argument(
        "--wavelengths", type=wavelengths, metavar="0.665,…", help="centre wavelength of each band in µm"
    )
    parser.add_argument("--scaling", help="scaling preset; recognised where left out")
    parser.add_argument(
        "--collar",
        choices=("keep", "mask"),
        default="keep",
        help="what a border of one exact value around the picture is: ground (keep) or no data (mask)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the model and where it runs."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="name or path of a model (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps (default: %(default)s)")


def add_window(parser: argparse.ArgumentParser) -> None:
    """Add the part of the raster and the resolution."""
    parser.add_argument(
        "--extent", type=extent, metavar="XMIN,YMIN,XMAX,YMAX", help="part to compute, in the raster's CRS"
    )
    parser.add_argument("--resolution", type=positive, help=RESOLUTION)
    parser.add_argument("--no-cache", action="store_true", help="do not keep the features for the next prompt")


def add_vector(parser: argparse.ArgumentParser, *, scores: bool = False) -> None:
    """Add the polygons; those of scores may be cut into objects."""
    formats = "by its ending: .gpkg, .shp, .geojson, .fgb, or .json (COCO labels)"
    parser.add_argument("--vector", metavar="OUT.gpkg", help=f"write polygons as well, {formats}")
    add_polygon_shape(parser, scores=scores)
    parser.add_argument("--vector-crs", metavar="EPSG:25833", help="reference system of the polygons")


def add_polygon_shape(parser: argparse.ArgumentParser, *, scores: bool) -> None:
    """Add how polygons are drawn."""
    parser.add_argument("--min-area", type=not_negative, default=0.0, metavar="M2", help="smallest polygon in m²")
    parser.add_argument("--simplify", type=not_negative, default=0.0, metavar="M", help="simplify outlines by metres")
    parser.add_argument("--smooth", action="store_true", help="round the outlines")
    parser.add_argument("--right-angles", action="store_true", help="right angles at every corner, for buildings")
    if scores:
        parser.add_argument("--separate", action="store_true", help="cut apart objects that touch")


def source_of(options: argparse.Namespace, raster: str | None = None) -> Source:
    """Returns the source the arguments describe."""
    return Source(
        path=raster if raster is not None else options.raster,
        sensor=options.sensor,
        bands=options.bands,
        wavelengths_um=options.wavelengths,
        scaling=options.scaling,
        collar=options.collar,
    )


def band_numbers(text: str) -> tuple[int, ...]:
    """Read "4,3,2"."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of band numbers such as 4,3,2") from None


def wavelengths(text: str) -> tuple[float, ...]:
    """Read "0.665,0.560,0.490"."""
    return _numbers(text, None, "wavelengths in µm such as 0.665,0.560,0.490")


def extent(text: str) -> Extent:
    """Read "xmin,ymin,xmax,ymax"."""
    xmin, ymin, xmax, ymax = _numbers(text, 4, "an extent such as 600000,4990000,610000,5000000")
    return xmin, ymin, xmax, ymax


def place(text: str) -> tuple[float, float]:
    """Read "x,y"."""
    x, y = _numbers(text, 2, "a place such as 605000,4995000")
    return x, y


def positive(text: str) -> float:
    """Read a number above 0."""
    (value,) = _numbers(text, 1, "a number above 0")
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def not_negative(text: str) -> float:
    """Read a number from 0."""
    (value,) = _numbers(text, 1, "a number from 0")
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return value


def count(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def seed(text: str) -> int:
    """Read a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    (value,) = _numbers(text, 1, "a number from 0 to 1")
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return value


def _numbers(text: str, count: int | None, what: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or (count is not None and len(values) != count) or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return values
