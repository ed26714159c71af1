"""Rasters of rising values, and reading all of one."""

from __future__ import annotations

import numpy as np

from core.raster.reader import open_raster


def ramp(count=3, height=50, width=70, dtype="uint16"):
    values = np.arange(count * height * width).reshape(count, height, width)
    return (values % (240 if dtype == "uint8" else 5000) + 1).astype(dtype)


def whole(path, **options):
    with open_raster(path, **options) as reader:
        return reader.read(reader.grid.window)
