"""What a band is, which sensors exist, and how digital numbers become model input."""
