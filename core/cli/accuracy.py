"""``core accuracy MAP REFERENCE``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.console import Console
from core.cli.declared import add_parameters, values_of
from core.errors import UsageError
from core.protocol import AccuracyParams, CalibrateParams

NAME = "accuracy"
HELP = "Compare a class map with a reference raster or vector."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_parameters(parser, AccuracyParams)
    parser.add_argument(
        "--calibrate",
        metavar="OUT.json",
        help="MAP holds scores: choose a threshold a band from the places in REFERENCE, and write them",
    )
    parser.add_argument(
        "--map", dest="calibrated_map", metavar="OUT.tif", help="class map by the calibrated thresholds"
    )


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run the command and return its result."""
    from core.tasks import accuracy, calibrate

    if options.calibrate is not None:
        wanted = CalibrateParams(
            options.map, options.reference, options.field, options.calibrate, options.calibrated_map
        )
        return calibrate.run(wanted, console.context)
    if options.calibrated_map is not None:
        raise UsageError("--map needs thresholds.", hint="Add --calibrate OUT.json.")
    return accuracy.run(AccuracyParams(**values_of(options, AccuracyParams)), console.context)


def show(result: dict[str, Any]) -> str:
    """Returns the result as text."""
    if "thresholds" in result:
        return _show_thresholds(result)
    from core.tasks.accuracy_report import samples_text

    lines = [
        f"Overall accuracy {_percent(result['overall'])}, kappa {_decimal(result['kappa'])}, "
        f"mean IoU {_decimal(result['mean_iou'])}, samples: {samples_text(result)}"
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
    lines += result["remarks"]
    if result["report"]:
        lines.append(f"{result['report']}: report")
    return "\n".join(lines)


def _show_thresholds(result: dict[str, Any]) -> str:
    lines = [f"  {'class':<30}{'threshold':>10}{'places':>8}{'F1 at 0.5':>11}{'F1 held out':>13}"]
    lines += [
        f"  {row['name']:<30}{row['threshold']:>10.3f}{row['places']:>8}{row['f1_at_half']:>11.3f}"
        f"{_decimal(row['f1_held_out']):>13}"
        for row in result["thresholds"]
    ]
    lines += [
        f"{result[key]}: {words}" for key, words in (("output", "thresholds"), ("map", "class map")) if result[key]
    ]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
