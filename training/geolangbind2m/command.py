"""The command line of the GeoLangBind-2M builder."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

from core.cli.failures import STOPPED, report_failure
from core.cli.values import count, seed
from core.context import Context
from training.geolangbind2m.build import BuildReport, BuildSettings, build
from training.geolangbind2m.placeholders import PLACEHOLDERS
from training.geolangbind2m.registry import converters


def main(arguments: list[str] | None = None) -> int:
    """Run the command and give its exit status: 0 done, 1 bad input, 2 usage."""
    options = _parser().parse_args(arguments)

    def show(fraction: float, message: str) -> None:
        if not options.json:
            print(f"{100 * fraction:5.1f} % {message}", file=sys.stderr, flush=True)

    converter = converters(PLACEHOLDERS[options.wavelengths])[options.source]
    settings = BuildSettings(
        options.source, options.output, options.per_shard, options.workers, options.seed, options.limit
    )
    try:
        report = build(converter, options.folder, settings, Context(progress=show))
    except KeyboardInterrupt:
        print("Stopped; whole shards are kept. Run the same command to go on.", file=sys.stderr)
        return STOPPED
    except Exception as problem:  # every failure ends as one line
        return report_failure(problem, as_json=options.json, verbose=options.verbose)
    print(json.dumps(dataclasses.asdict(report)) if options.json else _summary(report))
    return 0


def _summary(report: BuildReport) -> str:
    counted = f" (the released loader counts {report.published})" if report.published else ""
    lines = [
        f"{report.name}: {report.samples} samples of {report.images} images in {report.shards} shards{counted}; "
        f"{report.reused} shards were there already."
    ]
    lines += [f"left out {count}: {reason}" for reason, count in report.skipped.items()]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    names = sorted(converters(PLACEHOLDERS["published"]))
    parser = argparse.ArgumentParser(
        prog="python -m training.geolangbind2m",
        description="Make captioned shards of one of GeoLangBind-2M's sources. A stopped build goes on.",
    )
    parser.add_argument("source", choices=names, metavar="SOURCE", help=", ".join(names))
    parser.add_argument("folder", type=Path, help="the data set as published, unpacked")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the shards")
    parser.add_argument("--per-shard", type=count, default=1000, help="images a shard (default: %(default)s)")
    parser.add_argument("--workers", type=count, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    parser.add_argument("--seed", type=seed, default=0, help="of the captions' sentences (default: %(default)s)")
    parser.add_argument("--limit", type=count, help="only so many images, for a trial")
    parser.add_argument(
        "--wavelengths",
        choices=sorted(PLACEHOLDERS),
        default="published",
        help="of radar, elevation and infrared: the released shards' or this project's (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON and no progress")
    parser.add_argument("--verbose", action="store_true", help="show tracebacks")
    return parser
