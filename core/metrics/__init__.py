"""Measures: confusion matrices, scores, intervals and areas; numpy alone."""
