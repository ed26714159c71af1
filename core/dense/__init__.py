"""Language-aligned features for every place of a raster: dense heads, windows, the store, and the way to pixels."""
