"""Fine-tuning on a person's own rasters and labels."""
