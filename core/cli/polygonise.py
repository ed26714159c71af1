"""``core polygonise RASTER -o OUT.gpkg``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from core.cli.console import Console
from core.cli.declared import add_parameters, values_of
from core.protocol import PolygoniseParams

NAME = "polygonise"
HELP = "Turn scores or a class map into polygons with their area, scores, prompt or class, image and date."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_parameters(parser, PolygoniseParams, leave_out=("classes",))
    parser.add_argument(
        "--classes",
        nargs="*",
        metavar="CLASS",
        help="take the raster for a class map: all its classes, or those named by name or code",
    )


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run the command and return its result."""
    from core.tasks import polygonise

    params = PolygoniseParams(**values_of(options, PolygoniseParams, leave_out=("classes",)))
    if options.classes is not None:
        params = replace(params, classes=tuple(options.classes), threshold=None)
    return polygonise.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Returns the result as text."""
    return f"{result['output']}: {result['polygons']} polygons"
