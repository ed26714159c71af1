"""The tasks on rasters of per-pixel embeddings, which go past the encoder; chosen by the task of the same name."""
