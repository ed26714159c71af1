"""Fine-tuning on the user's own rasters and labels."""
