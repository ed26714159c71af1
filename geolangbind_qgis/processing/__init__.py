"""The plugin's jobs as Processing algorithms, one a file."""
