"""Published networks that label real scenes for training or are distilled; labels are written to files once."""
