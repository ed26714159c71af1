"""Per-pixel embeddings of foundation models: read as unit vectors, and heads that are fitted on them in seconds."""
