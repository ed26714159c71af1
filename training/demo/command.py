"""The steps of the demo; each prints one line."""

from __future__ import annotations

import argparse
import hashlib
import logging
import re
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cli.accuracy import show as show_accuracy
from core.cli.console import Console
from core.cli.failures import STOPPED, report_failure
from core.errors import CancelledError, OutputError
from core.protocol import AccuracyParams, ClassifyParams, HighlightParams, Source
from core.raster.gdal_open import opened_gdal
from core.tasks import accuracy, classify, highlight
from core.tasks.declared.classify import show as show_classes
from training.demo.picture import draw_picture
from training.simulate.demo import write_demo
from training.simulate.truth import prompt_truth

PROMPTS = ("water", "forest", "town")
STAMP = "scene.sha256"


@dataclass(frozen=True)
class Files:
    """Files that the demo writes.

    Attributes:
        scores: a band of scores a prompt.
        classes: land-cover map.
        areas: hectares of every class.
        picture: scene, scores and map side by side.
        report: accuracy; only where the truth is known.
    """

    scores: Path
    classes: Path
    areas: Path
    picture: Path
    report: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when done, 1 with one line on stderr when not, 130 when stopped."""
    parser = argparse.ArgumentParser(prog="python -m training.demo", description="Words to a map, and a picture of it.")
    parser.add_argument("raster", nargs="?", help="your own raster; the simulated scene where left out")
    parser.add_argument(
        "--prompt",
        default=", ".join(PROMPTS),
        help='what to look for: "water, vineyard or orchard, town"; commas or semicolons',
    )
    parser.add_argument("--classes", default="worldcover", help="class scheme of the map (default: %(default)s)")
    parser.add_argument("--model", default="geolb-tiny")
    parser.add_argument("--device", default="auto")
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), help="folder (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="show tracebacks")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.getLogger("rasterio").setLevel(logging.CRITICAL)
    try:
        run(options)
        return 0
    except (KeyboardInterrupt, CancelledError):
        print("Stopped.", file=sys.stderr)
        return STOPPED
    except Exception as problem:  # every failure ends as one line
        return report_failure(problem, verbose=options.verbose)


def run(options: argparse.Namespace) -> Files:
    """Prompt, classify, compare and draw."""
    prompts = tuple(part.strip() for part in re.split("[,;]", options.prompt) if part.strip())
    folder: Path = options.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(
            f"The folder {folder} cannot be made ({problem.strerror}).", hint="Name another one."
        ) from problem
    source = Source(options.raster or str(prepared_scene(folder)))
    stem = Path(options.raster.rstrip("/").rsplit("/", 1)[-1]).stem + "_" if options.raster else ""
    files = Files(
        folder / f"{stem}scores.tif",
        folder / f"{stem}land_cover.tif",
        folder / f"{stem}areas.csv",
        folder / f"{stem.rstrip('_') or 'demo'}.png",
        folder / "accuracy.html",
    )
    began = time.perf_counter()
    with Console() as console:
        model = {"model": options.model, "device": options.device}
        found = highlight.run(HighlightParams(source, prompts, str(files.scores), **model), console.context)
        prompted = time.perf_counter()
        mapped = classify.run(
            ClassifyParams(source, str(files.classes), options.classes, areas=str(files.areas), **model),
            console.context,
        )
        classified = time.perf_counter()
    print(
        f"{files.scores}: {', '.join(prompts)} on {found['width']} × {found['height']} pixels, {prompted - began:.1f} s"
    )
    print(f"{show_classes(mapped)}\n  {classified - prompted:.1f} s with the features at hand")
    if options.raster is None:
        compare(files, folder, prompts, console)
    draw_picture(source, files.scores, files.classes, prompts, mapped["classes"], files.picture)
    print(f"{files.picture}: the picture")
    return files


def prepared_scene(folder: Path) -> Path:
    """Returns the demo scene, rendered anew only when the simulator changed."""
    digest = hashlib.sha256()
    for file in sorted((Path(__file__).parents[1] / "simulate").glob("*.py")):
        digest.update(file.read_bytes())
    stamp, scene = folder / STAMP, folder / "scene.tif"
    known = stamp.read_text(encoding="utf-8") if stamp.is_file() else ""
    if known != digest.hexdigest() or not scene.is_file() or not (folder / "materials.tif").is_file():
        write_demo(folder)
        stamp.write_text(digest.hexdigest(), encoding="utf-8")
        print(f"{scene}: rendered")
    return scene


def compare(files: Files, folder: Path, prompts: Sequence[str], console: Console) -> None:
    """Print the accuracy of scores and map against the truth of the simulated scene."""
    with opened_gdal(folder / "materials.tif") as file:
        materials: NDArray[np.uint8] = file.read(1)
    with opened_gdal(files.scores) as file:
        scores = np.nan_to_num(file.read())
    for prompt, score in zip(prompts, scores, strict=True):
        try:
            truth = prompt_truth(materials, prompt)
        except KeyError:
            continue
        marked = score > 0.5
        share = (marked & truth).sum() / max(1, (marked | truth).sum())
        print(f"  {prompt}: intersection over union {share:.2f} at threshold 0.5")
    params = AccuracyParams(str(files.classes), str(folder / "truth.tif"), report=str(files.report))
    with console:
        print(show_accuracy(accuracy.run(params, console.context)))
