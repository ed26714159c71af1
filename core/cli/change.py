"""``core change BEFORE AFTER "text" …``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import values
from core.cli.console import Console
from core.cli.declared import add_parameters, values_of
from core.protocol import ChangeParams, Source, parameters

NAME = "change"
HELP = "Compare two dates: where words came to be true or ceased to be, or which class became which."
BY_HAND = ("sources", "prompts", "registration")
"""Two rasters, prompts that may be left out, and two flags of one choice."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("before", help="raster of the first date")
    parser.add_argument("after", help="raster of the second date; any sensor, grid and reference system")
    parser.add_argument("prompts", metavar="prompt", nargs="*", help=parameters(ChangeParams)["prompts"].help)
    add_parameters(parser, ChangeParams, leave_out=BY_HAND)
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
        parser.add_argument(f"--bands-{which}", type=_band_numbers, metavar="4,3,2", help="band numbers, from 1")
    collar = parameters(Source)["collar"]
    parser.add_argument("--collar", choices=collar.choices, default=collar.default, help=collar.help)


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run the command and return its result."""
    from core.tasks import change

    params = ChangeParams(
        sources=(
            Source(options.before, options.sensor_before, options.bands_before, collar=options.collar),
            Source(options.after, options.sensor_after, options.bands_after, collar=options.collar),
        ),
        prompts=tuple(options.prompts),
        registration=options.registration,
        **values_of(options, ChangeParams, leave_out=BY_HAND),
    )
    return change.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Returns the result as text."""
    lines = [f"{result['output']}: change on {result['width']} × {result['height']} pixels"]
    lines.append(result["registration"]["sentence"])
    if "change" in result:
        found = result["change"]
        lines.append(f"  1 - cosine above {found['threshold']:g}: {_area(found)}")
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


def _band_numbers(text: str) -> tuple[int, ...]:
    return values.comma_separated(text, parameters(Source)["bands"], int)


def _area(row: dict[str, Any]) -> str:
    return f"{row['pixels']:,} pixels" if row["hectares"] is None else f"{row['hectares']:,.1f} ha"
