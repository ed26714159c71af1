"""``core change BEFORE AFTER "text" …``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import sources
from core.cli.console import Console
from core.protocol import ChangeParams, Source

NAME = "change"
HELP = "Compare two dates: where words came to be true or ceased to be, or which class became which."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("before", help="raster of the first date")
    parser.add_argument("after", help="raster of the second date; any sensor, grid and reference system")
    parser.add_argument("prompt", nargs="*", help='what came or went; synonyms as "town | village"')
    parser.add_argument("--classes", metavar="SCHEME", help="compare classes instead: scheme name, JSON file or list")
    parser.add_argument("--not", dest="negatives", action="append", default=[], metavar="TEXT", help="what it is not")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.tif", help="change raster to write")
    parser.add_argument("--areas", metavar="OUT.csv", help="write the areas of change in hectares")
    parser.add_argument("--threshold", type=sources.share, default=0.5, help="score that counts (default: 0.5)")
    parser.add_argument(
        "--least-difference", type=sources.share, default=0.2, help="difference of scores that counts (default: 0.2)"
    )
    parser.add_argument(
        "--margin", type=sources.share, default=0.1, help="how clearly classes must differ (default: 0.1)"
    )
    shift = parser.add_mutually_exclusive_group()
    shift.add_argument(
        "--align", dest="registration", action="store_const", const="align", help="undo a shift between the dates"
    )
    shift.add_argument(
        "--ignore-shift", dest="registration", action="store_const", const="ignore", help="go on whatever the shift"
    )
    parser.set_defaults(registration="check")
    for which in ("before", "after"):
        parser.add_argument(f"--sensor-{which}", help="name in resources/sensors.toml; recognised where left out")
        parser.add_argument(f"--bands-{which}", type=sources.band_numbers, metavar="4,3,2", help="band numbers, from 1")
    sources.add_window(parser)
    sources.add_model(parser)


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do it."""
    from core.tasks import change

    params = ChangeParams(
        sources=(
            Source(options.before, options.sensor_before, options.bands_before),
            Source(options.after, options.sensor_after, options.bands_after),
        ),
        output=options.output,
        prompts=tuple(options.prompt),
        classes=options.classes,
        negatives=tuple(options.negatives),
        areas=options.areas,
        threshold=options.threshold,
        least_difference=options.least_difference,
        margin=options.margin,
        registration=options.registration,
        model=options.model,
        extent=options.extent,
        resolution=options.resolution,
        device=options.device,
        cache=not options.no_cache,
    )
    return change.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Say it in words."""
    lines = [f"{result['output']}: change on {result['width']} × {result['height']} pixels"]
    lines.append(result["registration"]["sentence"])
    for row in result["prompts"]:
        lines.append(
            f"  {row['prompt']}: " + ", ".join(f"{kind} {_area(row[kind])}" for kind in ("gained", "lost", "stayed"))
        )
    for row in result["transitions"][:20]:
        lines.append(f"  {row['code']:>4}  {row['name']:<52}{_area(row):>18}")
    if len(result["transitions"]) > 20:
        lines.append(f"        … and {len(result['transitions']) - 20} more")
    if result["areas"]:
        lines.append(f"{result['areas']}: areas")
    sentence = result["registration"]["sentence"]
    return "\n".join([*lines, *(f"Note: {warning}" for warning in result["warnings"] if warning != sentence)])


def _area(row: dict[str, Any]) -> str:
    return f"{row['pixels']:,} pixels" if row["hectares"] is None else f"{row['hectares']:,.1f} ha"
