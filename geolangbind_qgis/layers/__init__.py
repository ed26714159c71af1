"""What a map layer is to the runtime, how it is handed over, and how results are placed and styled."""
