"""Peak memory of a whole run, from 4 000² pixels to 64 000²."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from measure import write_raster

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import resource, sys
from core.cli.main import main
status = main(sys.argv[1:])
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(status)
"""
PEAKS: dict[int, float] = {}


@pytest.mark.parametrize(("side", "data_every"), [(4000, 4), (16000, 16), (64000, 64)])
def test_peak_memory_is_flat(side, data_every, tmp_path, store_folder, record, large):
    """Four blocks of data in each, so that the model has the same work and the raster alone grows."""
    if side > 20000 and not large:
        pytest.skip("with --large")
    raster = write_raster(tmp_path / "scene.tif", side, data_every=data_every)
    command = [sys.executable, "-c", RUN, "highlight", raster, "water", "-o", tmp_path / "out.tif", "--quiet"]
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout.rpartition("PEAK")[2]) / 1024
    PEAKS[side] = peak
    record(f"peak memory of highlighting {side}² pixels", peak, "MiB")
    if side > min(PEAKS):
        record(f"peak memory at {side}² pixels over that at {min(PEAKS)}²", peak / PEAKS[min(PEAKS)], "×", at_most=1.2)
