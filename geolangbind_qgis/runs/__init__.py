"""Requests to the runtime from the map window, from a layer's pixels to the result layer."""
