"""Where training batches come from: one kind of source a file."""
