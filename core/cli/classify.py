"""``core classify RASTER --classes …``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import sources
from core.cli.console import Console
from core.protocol import ClassifyParams

NAME = "classify"
HELP = "Give every pixel one class of a scheme."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    sources.add_source(parser)
    parser.add_argument(
        "--classes",
        default="worldcover",
        metavar="SCHEME",
        help='scheme name, JSON file, or list as "water; forest, trees; bare ground" (default: %(default)s)',
    )
    parser.add_argument("-o", "--output", required=True, metavar="OUT.tif", help="class map to write")
    sources.add_window(parser)
    sources.add_vector(parser)
    parser.add_argument("--areas", metavar="OUT.csv", help="write the area of every class in hectares")
    parser.add_argument("--scores", metavar="OUT.tif", help="write the score of every class, one band each")
    parser.add_argument(
        "--estimate-shares",
        action="store_true",
        help="estimate how much of the view each class takes, and judge by that; the map then depends on the extent",
    )
    parser.add_argument("--confidence", action="store_true", help="add a band of confidence in per cent")
    sources.add_model(parser)


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do it."""
    from core.tasks import classify

    params = ClassifyParams(
        source=sources.source_of(options),
        output=options.output,
        classes=options.classes,
        model=options.model,
        extent=options.extent,
        resolution=options.resolution,
        vector=options.vector,
        min_area_m2=options.min_area,
        simplify_m=options.simplify,
        smooth=options.smooth,
        right_angles=options.right_angles,
        vector_crs=options.vector_crs,
        areas=options.areas,
        scores=options.scores,
        confidence=options.confidence,
        estimate_shares=options.estimate_shares,
        device=options.device,
        cache=not options.no_cache,
    )
    return classify.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Say it in words."""
    lines = [f"{result['output']}: {result['scheme']} on {result['width']} × {result['height']} pixels"]
    present = sorted((row for row in result["classes"] if row["pixels"]), key=lambda row: -row["pixels"])
    for row in present:
        hectares = "" if row["hectares"] is None else f"  {row['hectares']:>14,.1f} ha"
        lines.append(f"  {row['code']:>4}  {row['name']:<28}{100 * row['share']:6.1f} %{hectares}")
    lines += [f"{result[key]}: {key}" for key in ("vector", "areas", "scores") if result[key]]
    return "\n".join([*lines, *(f"Note: {warning}" for warning in result["warnings"])])
