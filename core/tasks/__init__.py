"""The tasks of the runtime, one in each module: functions over the dense features of a raster."""
