"""Class schemes and sensors that are bundled with the plugin."""
