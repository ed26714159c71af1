"""Rasters as windows on a grid: reading, statistics, tiling, blending, writing and turning into polygons."""
