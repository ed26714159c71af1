"""Recipes, data preparation and the scene simulator: everything that makes the embedded model again."""
