"""``core doctor [RASTER]``."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.console import Console
from core.cli.declared import add_parameters, values_of
from core.protocol import DescribeParams, EmbedParams, Source, parameters

NAME = "doctor"
HELP = "Explain how a raster is understood, and whether this computer is set up."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("path", metavar="raster", nargs="?", help=parameters(Source)["path"].help)
    add_parameters(parser, Source, leave_out=("path",))
    add_parameters(parser, EmbedParams, names=("model", "device"))


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run the command and return its result."""
    from core.tasks import describe

    if options.path is None:
        return {"computer": describe.describe_computer(options.device)}
    params = DescribeParams(Source(**values_of(options, Source)), options.model)
    return describe.run(params, console.context)


def show(result: dict[str, Any]) -> str:
    """Returns the result as text."""
    if "computer" in result:
        return "\n".join(f"{key:<12}{value}" for key, value in result["computer"].items())
    lines = [
        f"{result['path']}: {result['width']} × {result['height']} pixels, {result['count']} × {result['dtype']}",
        f"Sensor      {result['sensor_title']} ({result['confidence']})",
        *(f"            {reason}" for reason in result["reasons"]),
        f"Scaling     {result['scaling']['title']}",
        "Evidence for and against this:",
        *(_in_words(piece) for piece in result["evidence"] if _concerns(piece, result)),
    ]
    if result["scaling"]["name"] == "embedding":
        lines.append(
            f"Embeddings  vectors of {len(result['bands'])} axes; not for models of images, but for core similar, "
            "classify with a head (core.train), change and cluster"
        )
        return "\n".join([*lines, *(f"Note: {warning}" for warning in result["warnings"])])
    lines.append("Fed to the model:")
    for band in result["bands"]:
        lines.append(
            f"  band {band['number']:>3}  {band['name']:<12}{band['wavelength_um']:>8.3f} µm  {band['kind']:<12}"
            f"{band['low']:g} to {band['high']:g}"
        )
    lines.append(f"Model       {result['model']}: {result['coverage']}. {result['coverage_reason']}")
    lines += [f"Note: {warning}" for warning in result["warnings"]]
    return "\n".join(lines)


def _concerns(piece: dict[str, Any], result: dict[str, Any]) -> bool:
    """Whether a piece of evidence supports or contradicts what was chosen; --json has the others, too."""
    return bool({result["sensor"], result["scaling"]["name"]} & set(piece["favours"]))


def _in_words(piece: dict[str, Any]) -> str:
    return f"  {piece['strength']:+5.1f}  {piece['about']:<8} {piece['source']}: {piece['says']}"
