"""Recognition of a raster of 64 000 x 64 000 pixels by this code and by that of an earlier commit, in one run.

    python tests/benchmarks/recognition.py COMMIT [--side 64000] [--rounds 5] [--repeats 5]

The code of the commit is taken out of the repository into a temporary folder. Both take turns, each in a process of its
own, so that whatever else the computer does falls on both; the median of every turn's median is reported, and their
ratio. What a process remembers of a raster (statistics, surveys) is dropped before each measurement.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 512
NAMES = ("B02", "B03", "B04", "B08")

CHILD = """
import json, statistics, sys, time
sys.path.insert(0, sys.argv[1])
from core.raster import reader
from core.spectral.recognise import recognise

def once(path):
    getattr(reader, "_SURVEYS", {}).clear()
    if hasattr(reader, "_statistics_of"):
        reader._statistics_of.cache_clear()
    began = time.perf_counter()
    with reader.open_raster(path) as raster:
        found = recognise(raster)
    return time.perf_counter() - began, found.sensor

once(sys.argv[2])
times = [once(sys.argv[2]) for _ in range(int(sys.argv[3]))]
print(json.dumps({"seconds": statistics.median(time for time, _ in times), "sensor": times[0][1]}))
"""


def main() -> None:
    """Measure and print one line a code, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", help="whose code is compared with")
    parser.add_argument("--side", type=int, default=64_000, help="pixels a side (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of both (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="measurements a turn (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raster = write_large(Path(folder) / "large.tif", options.side)
        codes = {options.commit: code_of(options.commit, Path(folder) / "old"), "this code": ROOT}
        turns: dict[str, list[float]] = {name: [] for name in codes}
        for _ in range(options.rounds):
            for name, code in codes.items():
                found = measured(code, raster, options.repeats)
                turns[name].append(float(found["seconds"]))
        for name, seconds in turns.items():
            shown = ", ".join(f"{value:.3f}" for value in sorted(seconds))
            print(f"{name}: {statistics.median(seconds):.3f} s (turns: {shown})")
        old, new = (statistics.median(seconds) for seconds in turns.values())
        print(f"ratio {new / old:.2f}")


def write_large(path: Path, side: int) -> Path:
    """Write a raster of four named bands whose blocks take no space but for 64 of them."""
    rng = np.random.default_rng(0)
    profile = {
        "driver": "GTiff", "dtype": "uint16", "count": len(NAMES), "width": side, "height": side, "crs": "EPSG:32633",
        "transform": from_origin(300000, 5040000, 10, 10), "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK,
        "sparse_ok": True, "nodata": 0, "bigtiff": "yes",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        for number, name in enumerate(NAMES, 1):
            file.set_band_description(number, name)
        for start in np.linspace(0, side - BLOCK, 8).astype(int) // BLOCK * BLOCK:
            for column in np.linspace(0, side - BLOCK, 8).astype(int) // BLOCK * BLOCK:
                values = rng.integers(200, 4000, (len(NAMES), BLOCK, BLOCK), dtype=np.uint16)
                file.write(values, window=Window(column, start, BLOCK, BLOCK))
    return path


def code_of(commit: str, folder: Path) -> Path:
    """Take core and resources of a commit out of the repository."""
    packed = subprocess.run(
        ["git", "archive", commit, "core", "resources"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def measured(code: Path, raster: Path, repeats: int) -> dict[str, object]:
    """Measure one code in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(code), str(raster), str(repeats)],
        cwd=code, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
