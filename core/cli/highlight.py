"""``core highlight RASTER "text" …``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli import sources
from core.cli.console import Console
from core.protocol import HighlightParams

NAME = "highlight"
HELP = "Score every pixel for words, 0 to 1."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    sources.add_source(parser)
    parser.add_argument("prompt", nargs="+", help='what to look for, one band each; synonyms as "town | village"')
    parser.add_argument("--not", dest="negatives", action="append", default=[], metavar="TEXT", help="what it is not")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.tif", help="score raster to write")
    sources.add_window(parser)
    parser.add_argument(
        "--threshold",
        type=_threshold,
        default=0.5,
        metavar="SHARE|auto",
        help="score of the polygons (default: 0.5); auto: where each prompt's scores fall into two groups",
    )
    sources.add_vector(parser, scores=True)
    parser.add_argument("--snap", action="store_true", help="average scores over regions of like colour")
    sources.add_model(parser)


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do it."""
    from core.tasks import highlight

    params = HighlightParams(
        source=sources.source_of(options),
        prompts=tuple(options.prompt),
        output=options.output,
        negatives=tuple(options.negatives),
        model=options.model,
        extent=options.extent,
        resolution=options.resolution,
        threshold=options.threshold,
        vector=options.vector,
        min_area_m2=options.min_area,
        simplify_m=options.simplify,
        smooth=options.smooth,
        separate=options.separate,
        right_angles=options.right_angles,
        vector_crs=options.vector_crs,
        snap=options.snap,
        device=options.device,
        cache=not options.no_cache,
    )
    return highlight.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Say it in words."""
    lines = [f"{result['output']}: {', '.join(result['prompts'])} on {result['width']} × {result['height']} pixels"]
    for prompt, split in zip(result["prompts"], result["suggested_thresholds"], strict=True):
        lines.append(f"{prompt}: {_said(split['threshold'], split['clarity'])}")
    if result["vector"]:
        lines.append(f"{result['vector']}: polygons")
    return "\n".join([*lines, *(f"Note: {warning}" for warning in result["warnings"])])


def _threshold(text: str) -> float | None:
    return None if text == "auto" else sources.share(text)


def _said(threshold: float | None, clarity: float) -> str:
    if threshold is None:
        return "the scores do not split into two groups; 0.5 is as good a threshold as any"
    return f"the scores split at {threshold:.3f} (clarity {clarity:.2f} of 1)"
