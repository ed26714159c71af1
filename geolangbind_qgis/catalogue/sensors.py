"""Names of sensors and scaling presets with titles in the user's language, to correct what was recognised.

Read with a regular expression, because QGIS's Python may be older than the one that brought a TOML reader.
"""

from __future__ import annotations

import re

from geolangbind_qgis.protocol_import import CODE_ROOT
from geolangbind_qgis.runtime.translation import message_text

_ENTRY = re.compile(r'^\[(sensors|embeddings|scaling)\.(\w+)\]\s*\ntitle\s*=\s*"([^"]*)"', re.MULTILINE)


def sensor_titles() -> dict[str, str]:
    """Returns the titles of sensors by name, in the order of the table; layouts of embeddings come last."""
    return _titles("sensors") | embedding_titles()


def embedding_titles() -> dict[str, str]:
    """Returns the titles of the layouts of per-pixel embeddings by name; they are listed with the sensors."""
    return _titles("embeddings")


def scaling_titles() -> dict[str, str]:
    """Returns the titles of scaling presets by name, in the order of the table."""
    return _titles("scaling")


def _titles(section: str) -> dict[str, str]:
    try:
        text = (CODE_ROOT / "resources" / "sensors.toml").read_text(encoding="utf-8")
    except OSError:
        return {}
    return {name: message_text(title) for kind, name, title in _ENTRY.findall(text) if kind == section}
