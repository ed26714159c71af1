"""The scene simulator: procedural landscapes with known truth, seen by any sensor."""
