"""Open image-text models in open_clip's layout, used with their own weights and their own fixed bands."""
