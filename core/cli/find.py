"""``core find "text" DIR|STAC.json|LIST``."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from core.cli.console import Console
from core.cli.declared import add_parameters
from core.cli.rasters import add_rasters, source_of
from core.cli.values import count
from core.protocol import EmbedParams

NAME = "find"
HELP = "Rank the places of a whole archive by words, from the features that embed has kept."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("text", help='what to look for; "|" between synonyms')
    add_rasters(parser)
    parser.add_argument("--top", type=count, default=20, help="how many places (default: %(default)s)")
    parser.add_argument("-o", "--output", metavar="OUT.gpkg", help="write the places as polygons")
    parser.add_argument("--asset", help="key of the STAC asset that is the image")
    add_parameters(parser, EmbedParams, names=("model", "device"))


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run the command and return its result."""
    from core.archive.find import find_places, write_places
    from core.archive.scenes import is_archive, scenes_of
    from core.dense.cache import open_cache
    from core.errors import InputError
    from core.raster.staging import GEOPACKAGE
    from core.tasks.outputs import check_writable

    check_writable([(options.output, GEOPACKAGE)])
    scenes = dict.fromkeys(
        scene
        for path in options.raster
        for scene in (scenes_of(path, asset=options.asset) if is_archive(path) else (path,))
    )
    found = find_places(
        [source_of(options, scene) for scene in scenes],
        options.text,
        console.context.models.get(options.model, options.device),
        open_cache(),
        top=options.top,
        context=console.context,
    )
    if not found.scenes:
        problem = next(iter(found.failed.values()), "")
        raise InputError(
            f"None of the {len(scenes)} scenes has features of the model {options.model}. {problem}".strip(),
            hint="Run first: core embed, with the same model and bands.",
        )
    if options.output:
        write_places(options.output, found.places)
    return {"text": options.text, "output": options.output, **dataclasses.asdict(found)}


def show(result: dict[str, Any]) -> str:
    """Returns the result as text."""
    lines = []
    for rank, place in enumerate(result["places"], start=1):
        where = f"{place['x']:,.1f}, {place['y']:,.1f}"
        if place["longitude"] is not None:
            where = f"{place['longitude']:.5f}, {place['latitude']:.5f}"
        lines.append(f"{rank:>4}  {place['score']:.3f}  {where}  {place['raster']}")
    lines.append(
        f"{result['scenes']} scenes searched, {result['bytes'] / 1e6:,.1f} MB of features in {result['seconds']:.2f} s"
    )
    if result["not_embedded"]:
        lines.append(f"{len(result['not_embedded'])} scenes are not embedded: run core embed to search them too")
    lines += [f"  failed: {raster}: {sentence}" for raster, sentence in result["failed"].items()]
    return "\n".join(lines)
