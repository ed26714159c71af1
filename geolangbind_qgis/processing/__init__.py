"""Processing algorithms, one in each file."""
