"""``python -m training.simulate.demo -o demo/``: the demo scene, simulated Sentinel-2, and its truth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.errors import GeoLangBindError, OutputError
from training.simulate.write import SceneRequest, write_scene

DEMO = SceneRequest("sentinel2_l2a", height=768, width=768, seed=50, biome="temperate lowland", place=(27608, -21392))
"""Coast, rivers, woods, meadows, fields, a burn scar, a quarry and towns at 10 m."""


def write_demo(folder: Path) -> None:
    """Write ``scene.tif`` (12 bands), ``truth.tif`` (ESA WorldCover codes) and ``materials.tif`` (labels) to a folder.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made ({error.strerror}).", hint="Choose another place."
        ) from error
    write_scene(DEMO, folder / "scene.tif", truth=folder / "truth.tif", materials=folder / "materials.tif")


def main(arguments: list[str] | None = None) -> int:
    """Write the demo; 0 when done, 1 with one line on stderr when not."""
    parser = argparse.ArgumentParser(
        prog="python -m training.simulate.demo", description="Write the demo scene and its truth."
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), help="folder")
    folder = parser.parse_args(arguments).output
    try:
        write_demo(folder)
    except GeoLangBindError as error:
        print(error, file=sys.stderr)
        return 1
    for name, what in (("scene", "12 Sentinel-2 bands"), ("truth", "ESA WorldCover codes"), ("materials", "materials")):
        print(f"{folder / name}.tif  {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
