"""Bands, sensors, and the scaling of digital numbers to model input."""
