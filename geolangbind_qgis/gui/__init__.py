"""Widgets, dialogs and map tools. They display and collect input; ``runs`` and ``layers`` do the work."""
