"""Published networks that label or describe real scenes for training: run once, their answers kept as files."""
