"""Times as medians, the processor's own limits, and rasters of any size."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.transform import from_origin
from rasterio.windows import Window
from torch.utils.flop_counter import FlopCounterMode

MATMUL_SIDE = 4096
REPEATS = 5


def median_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median time of ``work``, after one run that does not count."""
    seconds(work)
    return statistics.median(seconds(work) for _ in range(repeats))


def seconds(work: Callable[[], object]) -> float:
    """The time of ``work``, a graphics card's share of it included."""
    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def flops(work: Callable[[], object]) -> int:
    """Floating point operations of ``work``: two a multiplication with its addition."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


@torch.inference_mode()
def matmul_flops_per_second(dtype: torch.dtype, device: torch.device) -> float:
    """What a large matrix product reaches on this device."""
    one, other = (torch.randn(MATMUL_SIDE, MATMUL_SIDE, dtype=dtype, device=device) for _ in range(2))
    return 2 * MATMUL_SIDE**3 / median_seconds(lambda: one @ other)


def write_raster(path: Path, side: int, *, rows: slice | None = None) -> Path:
    """Write ``side``² RGB pixels of 10 m.

    Args:
        path: where.
        side: pixels.
        rows: those that hold data, multiples of 512; the rest is nodata that takes no space. None for all.
    """
    generator = np.random.default_rng(side)
    rows = rows or slice(0, side)
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": 3, "height": side, "width": side, "nodata": 0,
        "crs": "EPSG:32632", "transform": from_origin(600000, 5000000, 10, 10), "tiled": True,
        "blockxsize": 512, "blockysize": 512, "sparse_ok": True, "interleave": "pixel", "bigtiff": "IF_SAFER",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.colorinterp = tuple(rasterio.enums.ColorInterp[name] for name in ("red", "green", "blue"))
        for row in range(rows.start, rows.stop, 512):
            for col in range(0, side, 512):
                height, width = min(512, side - row), min(512, side - col)
                coarse = generator.integers(20, 235, (3, 9, 9)).astype(np.float32)
                values = np.kron(coarse, np.ones((1, 64, 64), np.float32))[:, :height, :width]
                values += generator.standard_normal((3, height, width), np.float32) * 6
                file.write(values.clip(1, 255).astype(np.uint8), window=Window(col, row, width, height))
    return path
