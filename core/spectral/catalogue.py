"""Reads ``resources/sensors.toml`` once: the tables of sensors, scaling presets and wavelength placeholders."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import tomllib

SENSORS_FILE = Path(__file__).resolve().parents[2] / "resources" / "sensors.toml"


@cache
def catalogue() -> dict[str, Any]:
    """Returns the whole of ``sensors.toml`` as plain tables (``sensors``, ``scaling``, ``placeholders``)."""
    with SENSORS_FILE.open("rb") as stream:
        return tomllib.load(stream)
