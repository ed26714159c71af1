"""``python -m core.train merge A B -o C``: merge one model into another."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from core.cli.failures import report_failure
from core.pretrain.progressive_merging import MergeReport, MergeSettings, merge_models
from core.pretrain.recipe import read_recipe
from core.pretrain.validation import build_validations


def main(arguments: list[str]) -> int:
    """Run the command and give its exit status: 0 done, 1 bad input, 2 usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.stages and not options.search:
        parser.error("--stages needs --search")
    if options.search and options.stage:
        parser.error("--stage gives what --search looks for; choose one of them")
    recipe = options.search or options.validate
    try:
        report = merge_models(
            MergeSettings(
                base=options.base,
                new=options.new,
                output=options.output,
                coefficient=options.alpha,
                per_stage=dict(options.stage),
                search=bool(options.search),
                stages=options.stages,
            ),
            build_validations(read_recipe(recipe).validate) if recipe else {},
        )
    except Exception as problem:  # every failure ends as one line
        return report_failure(problem, as_json=options.json, verbose=options.verbose)
    print(json.dumps(dataclasses.asdict(report)) if options.json else table(report))
    return 0


def table(report: MergeReport) -> str:
    """Returns a report as text: figures of both models and the result, then the stages."""
    lines = []
    if report.merged:
        width = max(len(name) for name in report.merged)
        lines.append(f"{'':{width}}  running   newcomer  merged")
        lines += [
            f"{name:{width}}  {report.before[name]:<8.4f}  {report.newcomer[name]:<8.4f}  {value:.4f}"
            for name, value in report.merged.items()
        ]
    if report.tried:
        shown = "  ".join(f"{share:.1f}: {score:.3f}" for share, score in report.tried.items())
        lines.append(f"score by coefficient  {shown}")
    lines += [
        f"{stage.stage:12} {stage.coefficient:.2f} of the newcomer, {stage.parameters} parameters, "
        f"apart by {stage.distance:.3f}"
        for stage in report.stages
    ]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core.train merge",
        description="Fold a model that was trained on one more modality into the model it was trained from.",
    )
    parser.add_argument("base", metavar="A", help="the running model: name, file or folder")
    parser.add_argument("new", metavar="B", help="the model trained on one more modality: name, file or folder")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="C", help="folder of the result")
    parser.add_argument(
        "--alpha", type=_share, default=0.5, help="share of the new model, 0 to 1 (default: %(default)s)"
    )
    parser.add_argument(
        "--stage", type=_stage, action="append", default=[], metavar="STAGE=SHARE", help="share of one stage"
    )
    parser.add_argument(
        "--search",
        type=Path,
        metavar="VALIDATION",
        help="recipe whose 'validate' chooses the share, in place of --alpha",
    )
    parser.add_argument("--stages", action="store_true", help="with --search: look for a share of each stage, too")
    parser.add_argument("--validate", type=Path, metavar="VALIDATION", help="recipe whose 'validate' is only reported")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--verbose", action="store_true", help="show tracebacks")
    return parser


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1")
    return share


def _stage(text: str) -> tuple[str, float]:
    name, mark, share = text.partition("=")
    if not mark:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form embedding=0.8")
    return name, _share(share)
