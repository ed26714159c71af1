"""``python -m training.simulate --sensor sentinel2_l2a --size 1024 --seed 3 -o scene.tif --truth truth.tif``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.context import Context
from core.errors import GeoLangBindError
from training.simulate.world import BIOMES
from training.simulate.write import SceneRequest, write_scene


def main(arguments: list[str] | None = None) -> int:
    """Write a scene; 0 when done, 1 with one line on stderr when not."""
    parser = argparse.ArgumentParser(
        prog="python -m training.simulate", description="Simulate a scene of any sensor and size."
    )
    parser.add_argument("--sensor", default="sentinel2_l2a", help="name in resources/sensors.toml")
    parser.add_argument("--bands", help="band names in order, separated by commas; the sensor's usual file by default")
    parser.add_argument("--size", default="1024", help="pixels: 1024, or WIDTHxHEIGHT")
    parser.add_argument("--gsd", type=float, help="pixel size in metres; the sensor's finest by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--biome", choices=[biome.name for biome in BIOMES])
    parser.add_argument("--clouds", type=float, default=0.0, help="share of the sky, 0..1")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--truth", type=Path, help="write ESA WorldCover codes here")
    parser.add_argument("--materials", type=Path, help="write material labels here")
    options = parser.parse_args(arguments)
    try:
        width, height = (int(part) for part in (options.size.split("x") * 2)[:2])
    except ValueError:
        parser.error(f"--size {options.size} is neither a number of pixels nor WIDTHxHEIGHT")
    if min(width, height) < 1:
        parser.error("--size must be at least 1")
    names = tuple(name.strip() for name in options.bands.split(",")) if options.bands else None
    request = SceneRequest(
        options.sensor, height, width, options.seed, options.gsd, names, options.biome, options.clouds
    )
    try:
        context = Context(progress=_print_progress)
        write_scene(request, options.output, truth=options.truth, materials=options.materials, context=context)
    except GeoLangBindError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _print_progress(fraction: float, message: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{message}: {fraction:.0%}", end="\n" if fraction >= 1 else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
