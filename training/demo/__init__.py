"""``make demo``: words to a map and a picture of it, on a scene of our own or on any raster."""
