"""Calibration of the embedded model's prompts on ground that its training leaves out."""
