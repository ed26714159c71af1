"""``core similar RASTER --at X,Y …``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import sources
from core.cli.console import Console
from core.protocol import SimilarParams

NAME = "similar"
HELP = "Score every pixel by likeness to places you point at."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    sources.add_source(parser)
    parser.add_argument(
        "--at",
        type=sources.place,
        action="append",
        required=True,
        metavar="X,Y",
        help="a place of what you look for, in the raster's CRS; repeatable",
    )
    parser.add_argument(
        "--not-at",
        type=sources.place,
        action="append",
        default=[],
        metavar="X,Y",
        help="a place of what it is not; repeatable",
    )
    parser.add_argument("--text", help="words for it, which must agree as well")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.tif", help="score raster to write")
    parser.add_argument(
        "--extent", type=sources.extent, metavar="XMIN,YMIN,XMAX,YMAX", help="part to compute, in the raster's CRS"
    )
    parser.add_argument("--resolution", type=sources.positive, help=sources.RESOLUTION)
    sources.add_model(parser)


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do it."""
    from core.tasks import similar

    params = SimilarParams(
        source=sources.source_of(options),
        output=options.output,
        positives=tuple(options.at),
        negatives=tuple(options.not_at),
        text=options.text,
        model=options.model,
        extent=options.extent,
        resolution=options.resolution,
        device=options.device,
    )
    return similar.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Say it in words."""
    count = result["positives"]
    places = "1 place" if count == 1 else f"{count} places"
    line = f"{result['output']}: likeness to {places} on {result['width']} × {result['height']} pixels"
    return "\n".join([line, *(f"Note: {warning}" for warning in result["warnings"])])
