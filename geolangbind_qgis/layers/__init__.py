"""Map layers: what the runtime can read of them, their export, and the placement and styling of results."""
