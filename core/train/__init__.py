"""Training: recipes, sources of batches, objectives and the loop that runs them."""
