"""Widgets, dialogs and map tools; they show and ask, and leave the work to ``runs`` and ``layers``."""
