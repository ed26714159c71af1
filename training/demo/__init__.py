"""``make demo``: prompts and land cover of the demo scene or of any raster, as maps and a figure."""
