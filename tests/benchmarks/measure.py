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
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def flops(work: Callable[[], object]) -> int:
    """Floating point operations of ``work``: two a multiplication with its addition."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


@torch.inference_mode()
def matmul_flops_per_second(dtype: torch.dtype) -> float:
    """What a large matrix product reaches on this processor."""
    one, other = (torch.randn(MATMUL_SIDE, MATMUL_SIDE, dtype=dtype) for _ in range(2))
    return 2 * MATMUL_SIDE**3 / median_seconds(lambda: one @ other)


def write_raster(path: Path, side: int, *, data_every: int = 0) -> Path:
    """Write ``side``² RGB pixels of 10 m.

    Args:
        path: where.
        side: pixels.
        data_every: 0 for data everywhere; else one block of 512² in so many, along both axes, the rest nodata.
    """
    generator = np.random.default_rng(side)
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": 3, "height": side, "width": side, "nodata": 0,
        "crs": "EPSG:32632", "transform": from_origin(600000, 5000000, 10, 10), "tiled": True,
        "blockxsize": 512, "blockysize": 512, "sparse_ok": True, "interleave": "pixel", "bigtiff": "IF_SAFER",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.colorinterp = tuple(rasterio.enums.ColorInterp[name] for name in ("red", "green", "blue"))
        for row in range(0, side, 512):
            for col in range(0, side, 512):
                if data_every and (row // 512 % data_every or col // 512 % data_every):
                    continue
                height, width = min(512, side - row), min(512, side - col)
                coarse = generator.integers(20, 235, (3, 9, 9)).astype(np.float32)
                values = np.kron(coarse, np.ones((1, 64, 64), np.float32))[:, :height, :width]
                values += generator.normal(0, 6, (3, height, width)).astype(np.float32)
                file.write(values.clip(1, 255).astype(np.uint8), window=Window(col, row, width, height))
    return path
