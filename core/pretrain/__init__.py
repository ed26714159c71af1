"""Training by a recipe: sources of batches, objectives, checkpoints, merging and distribution."""
