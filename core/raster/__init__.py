"""Rasters as windows on a grid: reading, statistics, tiling, blending, writing and turning into polygons."""

import os

os.environ.setdefault("GDAL_CACHEMAX", "256")
"""Megabytes of blocks that GDAL remembers. Its own choice, a twentieth of the computer's memory, would grow with the
computer and not with the work; this holds a row of blocks of a raster 64 000 pixels wide."""
