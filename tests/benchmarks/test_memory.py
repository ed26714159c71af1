"""Peak memory of a whole run, from 4 000² pixels to 64 000².

Four billion pixels take hours to encode; what must not grow is memory. Every raster therefore holds data from its left
to its right edge in a band of rows, some sixteen million pixels of it and in the largest twice as many, which is
enough to fill every budget of the run; all other rows are nodata, walked over and written like the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from measure import write_raster

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
from pathlib import Path
from core.cli.main import main
status = main(sys.argv[1:])
print("PEAK", *(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))
sys.exit(status)
"""
"""The peak of its own address space, in KiB: ``ru_maxrss`` begins with that of the process it was started from."""
BUDGET_MIB = 1024
"""What a run may take beyond a loaded model at work on one window: ``core.dense.features.DEFAULT_BUDGET_BYTES``."""
DATA_ROWS = {256: 256, 4000: 4000, 16000: 1024, 64000: 512}
PEAKS: dict[int, float] = {}


@pytest.mark.parametrize("side", DATA_ROWS)
def test_peak_memory_is_flat(side, tmp_path, store_folder, record, say, large):
    if side > 20000 and not large:
        pytest.skip("with --large")
    raster = write_raster(tmp_path / "scene.tif", side, rows=slice(0, DATA_ROWS[side]))
    command = [sys.executable, "-c", RUN, "highlight", raster, "water", "-o", tmp_path / "out.tif", "--quiet"]
    began = time.perf_counter()
    running = subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while True:
        try:
            output, errors = running.communicate(timeout=30)
            break
        except subprocess.TimeoutExpired:
            chunks = sum(1 for file in store_folder.glob("*/*/scales/c/0/*/*"))
            say(f"  {side}²: {time.perf_counter() - began:.0f} s, {chunks} of {(-(-side // 384)) ** 2} chunks stored")
    assert running.returncode == 0, errors
    PEAKS[side] = int(output.rpartition("PEAK")[2]) / 1024
    record(f"highlighting {side}² pixels, {DATA_ROWS[side]} rows of them data: peak memory", PEAKS[side], "MiB")
    if side == 256:
        return
    record(f"highlighting {side}² pixels: time", time.perf_counter() - began, "s")
    if 256 in PEAKS:
        record(f"highlighting {side}² pixels: peak memory beyond that of one window", PEAKS[side] - PEAKS[256], "MiB",
               at_most=BUDGET_MIB)  # fmt: skip
    if 4000 in PEAKS and side > 4000:
        record(f"peak memory at {side}² pixels over that at 4000²", PEAKS[side] / PEAKS[4000], "×", at_most=1.2)
