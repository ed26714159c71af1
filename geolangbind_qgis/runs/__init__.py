"""Work asked of the runtime from the map window, from the layer's pixels to the layer of results."""
