"""``core sample MAP``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import sources
from core.cli.console import Console
from core.protocol import SampleParams

NAME = "sample"
HELP = "Draw points within each class of a map, to be labelled and given to core accuracy."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("map", help="class map, as core classify makes")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.gpkg", help="points to write")
    parser.add_argument(
        "--standard-error",
        type=sources.positive,
        default=0.01,
        help="standard error wanted of the overall accuracy (default: 0.01, an interval of ± 2 %%)",
    )
    parser.add_argument(
        "--expect",
        type=expectation,
        action="append",
        default=[],
        metavar="CLASS=0.9",
        help="user's accuracy that is expected of a class; repeatable",
    )
    parser.add_argument(
        "--expect-all", type=sources.share, default=0.8, help="the same for all other classes (default: 0.8)"
    )
    parser.add_argument("--least", type=sources.count, default=50, help="samples of a rare class (default: 50)")
    parser.add_argument("--size", type=sources.count, help="samples in all, instead of --standard-error")
    parser.add_argument("--seed", type=sources.seed, default=0, help="another number draws other points")


def expectation(text: str) -> tuple[str, float]:
    """Read "forest=0.9"."""
    name, equals, value = text.rpartition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form CLASS=0.9")
    return name.strip(), sources.share(value)


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do it."""
    from core.tasks import sample

    params = SampleParams(
        map=options.map,
        output=options.output,
        standard_error=options.standard_error,
        expected_users=options.expect_all,
        expected=dict(options.expect),
        least=options.least,
        size=options.size,
        seed=options.seed,
    )
    return sample.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Say it in words."""
    error = 100 * result["expected_standard_error"]
    lines = [f"{result['output']}: {result['samples']:,} points, expected standard error {error:.1f} %"]
    lines += [
        f"  {row['code']:>4}  {row['name']:<28}{100 * row['share']:6.1f} %{row['samples']:>8,}"
        for row in result["classes"]
    ]
    lines.append('Write what is on the ground into the field "class", then: core accuracy MAP POINTS')
    return "\n".join(lines)
