"""What can be asked of a raster, one task a file: pure functions over the dense features."""
