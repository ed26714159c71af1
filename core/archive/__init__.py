"""Archives: many scenes whose features are computed by many processes and searched together."""
