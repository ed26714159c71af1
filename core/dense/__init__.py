"""Dense features: windows, encoding, the feature store, scores and upsampling to pixels."""
