"""``python -m core.train --raster … --labels … -o my_model``: fine-tuning on the user's own labels."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.sources import count, seed
from core.finetune.report import table
from core.finetune.session import fine_tune
from core.finetune.settings import FinetuneSettings
from core.finetune.trainable_parts import Mode
from core.progress import CancelToken
from core.protocol import Source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what fine-tuning takes."""
    group = parser.add_argument_group("fine-tuning on your own labels, in place of a recipe")
    group.add_argument("--raster", nargs="+", metavar="A.tif", help="one or more rasters, of one or several sensors")
    group.add_argument("--labels", metavar="LABELS.gpkg", help="points, lines or polygons, or a raster of class codes")
    group.add_argument("--field", help="the labels' field that holds the class")
    group.add_argument(
        "--names",
        nargs="+",
        type=_name,
        default=[],
        metavar="CODE=WORDS",
        help='words for codes, such as "1=open water"',
    )
    group.add_argument("--sensor", nargs="+", help="sensor of each raster, or of all; recognised where left out")
    group.add_argument("--start", default="geolb-tiny", help="model to start from (default: %(default)s)")
    mode = group.add_mutually_exclusive_group()
    mode.add_argument(
        "--full", action="store_true", help="let all of the model learn, not adapters and dense head alone"
    )
    mode.add_argument("--head-only", action="store_true", help="fit the dense head alone: an answer in seconds")
    group.add_argument("--steps", type=count, default=160, help="at most so many steps (default: %(default)s)")
    group.add_argument("--seed", type=seed, default=0, help="of held-out blocks and cuts (default: %(default)s)")
    group.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: %(default)s)")
    group.add_argument("--not-listed", action="store_true", help="do not put the result among the models")


def check(options: argparse.Namespace, parser: argparse.ArgumentParser) -> bool:
    """Whether fine-tuning is requested; ends with a usage message where that is not clear."""
    if options.raster is None and options.labels is None:
        if options.recipe is None:
            parser.error("give a recipe, or --raster and --labels")
        return False
    if options.recipe is not None:
        parser.error("give a recipe or --raster and --labels, not both")
    if not options.raster or not options.labels:
        parser.error("--raster and --labels belong together")
    if options.sensor and len(options.sensor) not in (1, len(options.raster)):
        parser.error("--sensor takes one name, or as many as there are rasters")
    return True


def run(options: argparse.Namespace, cancel: CancelToken) -> dict[str, Any]:
    """Fine-tune and print the table.

    Raises:
        GeoLangBindError: the labels, rasters or the model cannot be used.
    """
    sensors = (options.sensor or [None]) * (1 if options.sensor and len(options.sensor) > 1 else len(options.raster))
    mode: Mode = "full" if options.full else "head-only" if options.head_only else "adapters"
    settings = FinetuneSettings(
        rasters=tuple(Source(path, sensor=sensor) for path, sensor in zip(options.raster, sensors, strict=True)),
        labels=options.labels,
        field=options.field,
        names=dict(options.names),
        start=options.start,
        mode=mode,
        steps=options.steps,
        seed=options.seed,
        device=options.device,
        listed=not options.not_listed,
    )
    shown = ""

    def report(fraction: float, message: str) -> None:
        nonlocal shown
        line = f"{100 * fraction:3.0f} % {message}"
        if not options.json and line != shown:
            shown = line
            print(line, file=sys.stderr, flush=True)

    results = fine_tune(settings, Path(options.output), progress=report, cancel=cancel)
    if not options.json:
        print(table(results))
        for remark in results["remarks"]:
            print(remark)
        print(f"{results['output']}: the model {results['name']}, made in {results['seconds']:.0f} s.")
    return results


def _name(text: str) -> tuple[str, str]:
    code, mark, words = text.partition("=")
    if not mark or not code.strip() or not words.strip():
        raise argparse.ArgumentTypeError(f'{text!r} is not of the form "1=open water"')
    return code.strip(), words.strip()
