"""``core embed RASTER…`` and ``core embed DIR|STAC.json|LIST --scheduler ADDRESS``."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from core.cli.console import Console
from core.cli.declared import add_parameters, values_of
from core.cli.rasters import add_rasters, source_of
from core.cli.values import count
from core.protocol import EmbedParams

NAME = "embed"
HELP = "Compute and keep the features of rasters, so that later prompts are instant."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_rasters(parser)
    add_parameters(parser, EmbedParams, leave_out=("source",))
    archive = parser.add_argument_group("archives: a folder, STAC document (.json) or list (.txt) of rasters")
    archive.add_argument("--scheduler", metavar="ADDRESS", help="Dask scheduler, such as tcp://host:8786, or local")
    archive.add_argument(
        "--workers",
        type=count,
        help="processes of one thread each on this computer, 1 for this one alone (default: one a core from four on)",
    )
    archive.add_argument("--asset", help="key of the STAC asset that is the image")


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Embed raster by raster; a failure ends the run and keeps earlier results. Archives go on with other scenes."""
    from core.archive.scenes import is_archive

    if options.scheduler or options.workers or any(is_archive(raster) for raster in options.raster):
        return _run_archive(options, console)
    from core.tasks import embed

    results = []
    for raster, context in zip(options.raster, console.context.steps(len(options.raster)), strict=True):
        params = EmbedParams(source_of(options, raster), **values_of(options, EmbedParams, leave_out=("source",)))
        results.append(embed.run(params, context))
    return {"rasters": results}


def _run_archive(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    from core.archive.embed import cluster, default_workers, embed_archive
    from core.archive.parts import EmbedJob
    from core.archive.scenes import scenes_of
    from core.dense.cache import open_cache
    from core.errors import UsageError

    if options.extent is not None:
        raise UsageError("An archive is embedded whole.", hint="Leave --extent out.")
    store = open_cache()
    scenes = dict.fromkeys(scene for path in options.raster for scene in scenes_of(path, asset=options.asset))
    workers = default_workers(options.device) if options.workers is None else options.workers
    with cluster(options.scheduler, workers) as client:
        threads = 1 if client is not None and options.scheduler in (None, "local") else 0
        jobs = [
            EmbedJob(
                source=source_of(options, scene),
                model=options.model,
                device=options.device,
                store=str(store.root),
                cap_bytes=store.cap_bytes,
                threads=threads,
                mirror=store.mirror.address if store.mirror is not None else "",
            )
            for scene in scenes
        ]
        report = embed_archive(jobs, client, console.context)
    return {"store": str(store.root), **dataclasses.asdict(report)}


def show(result: dict[str, Any]) -> str:
    """Returns the result as text."""
    if "rasters" not in result:
        return _show_archive(result)
    return "\n".join(
        f"{row['raster']}: {row['chunks_computed']} of {row['chunks']} chunks computed, "
        f"{row['bytes'] / 1e6:,.1f} MB kept"
        for row in result["rasters"]
    )


def _show_archive(result: dict[str, Any]) -> str:
    failed = result["failed"]
    lines = [
        f"{result['scenes'] - len(failed)} of {result['scenes']} scenes embedded: {result['chunks_computed']} of "
        f"{result['chunks']} chunks computed in {result['seconds']:,.1f} s, kept in {result['store']}"
    ]
    lines += [f"  failed: {raster}: {sentence}" for raster, sentence in failed.items()]
    return "\n".join(lines)
