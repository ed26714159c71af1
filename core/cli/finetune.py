"""``python -m core.train --raster … --labels … -o my_model``: fine-tuning on the user's own labels."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.declared import add_parameters, values_of
from core.context import Context
from core.embeddings.training import fit_or_fine_tune
from core.finetune.report import table
from core.finetune.settings import FinetuneSettings
from core.finetune.trainable_parts import Mode
from core.protocol import FinetuneParams, Source, parameters

DECLARED = ("field", "names", "model", "steps", "seed", "device")
"""Parameters as the task declares them; rasters, labels and mode are options of a command that also takes recipes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of fine-tuning."""
    group = parser.add_argument_group("fine-tuning on your own labels, in place of a recipe")
    group.add_argument("--raster", nargs="+", metavar="A.tif", help="one or more rasters, of one or several sensors")
    declared = parameters(FinetuneParams)
    group.add_argument("--labels", metavar="LABELS.gpkg", help=declared["labels"].help)
    group.add_argument("--sensor", nargs="+", help="sensor of each raster, or of all; recognised where left out")
    mode = group.add_mutually_exclusive_group()
    mode.add_argument("--full", action="store_true", help="let all of the model learn")
    mode.add_argument("--adapters", action="store_true", help="let adapters on the trunk and the dense head learn")
    mode.add_argument(
        "--head-only", action="store_true", help="fit the dense head and a pixel classifier, in seconds; so by default"
    )
    add_parameters(group, FinetuneParams, names=DECLARED)
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
    if not all(words for _, words in options.names or ()):
        parser.error('--names takes words for codes, such as "1=open water"')
    if options.sensor and len(options.sensor) not in (1, len(options.raster)):
        parser.error("--sensor takes one name, or as many as there are rasters")
    return True


def run(options: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Fine-tune and print the table.

    Raises:
        GeoLangBindError: the labels, rasters or the model cannot be used.
    """
    sensors = (options.sensor or [None]) * (1 if options.sensor and len(options.sensor) > 1 else len(options.raster))
    mode: Mode = "full" if options.full else "adapters" if options.adapters else "head-only"
    given = values_of(options, FinetuneParams, names=DECLARED)
    settings = FinetuneSettings(
        rasters=tuple(Source(path, sensor=sensor) for path, sensor in zip(options.raster, sensors, strict=True)),
        labels=options.labels,
        start=given.pop("model"),
        mode=mode,
        **given,
        listed=not options.not_listed,
    )
    results = fit_or_fine_tune(settings, Path(options.output), context)
    if not options.json:
        print(table(results))
        for remark in results["remarks"]:
            print(remark)
        print(f"{results['output']}: the model {results['name']}, made in {results['seconds']:.0f} s.")
    return results
