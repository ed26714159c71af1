"""Sources of training batches: one kind a file."""
