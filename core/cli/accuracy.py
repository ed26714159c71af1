"""``core accuracy MAP REFERENCE``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.console import Console
from core.protocol import AccuracyParams

NAME = "accuracy"
HELP = "Compare a class map with a reference raster or vector."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("map", help="class map, as core classify makes")
    parser.add_argument("reference", help="raster of class codes, or vector file")
    parser.add_argument("--field", help="the vector's field that holds class codes or names")
    parser.add_argument("--report", metavar="OUT.html", help="write a report")


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do it."""
    from core.tasks import accuracy

    params = AccuracyParams(options.map, options.reference, options.field, options.report)
    return accuracy.run(params, progress=console.progress, cancel=console.cancel)


def show(result: dict[str, Any]) -> str:
    """Say it in words."""
    lines = [
        f"Overall accuracy {_percent(result['overall'])}, kappa {_decimal(result['kappa'])}, "
        f"mean IoU {_decimal(result['mean_iou'])}, {result['samples']:,} samples"
    ]
    if result["adjusted"]:
        half_width = _percent(result["adjusted"]["overall_half_width"])
        lines.append(f"Area-weighted accuracy {_percent(result['adjusted']['overall'])} ± {half_width} (95 %)")
    lines.append(f"  {'class':<30}{'samples':>12}{'producer':>10}{'user':>10}{'F1':>8}{'IoU':>8}")
    lines += [
        f"  {row['name']:<30}{row['samples']:>12,}{_percent(row['producers']):>10}{_percent(row['users']):>10}"
        f"{_decimal(row['f1']):>8}{_decimal(row['iou']):>8}"
        for row in result["classes"]
    ]
    if result["report"]:
        lines.append(f"{result['report']}: report")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
