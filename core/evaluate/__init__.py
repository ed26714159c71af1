"""Evaluation: zero-shot classification, dense parsing, retrieval, and agreement with spectral indices."""
