"""The tables that come with the plugin: class schemes and sensors, each read in one place."""
