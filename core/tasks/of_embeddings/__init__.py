"""Tasks on rasters of per-pixel embeddings, without an encoder; called by the tasks of the same names."""
