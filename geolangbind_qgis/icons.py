"""The plugin's icons: line drawings in a mid tone that is visible on light and dark themes."""

from __future__ import annotations

from qgis.PyQt.QtGui import QIcon

from geolangbind_qgis.protocol_import import CODE_ROOT

ICONS_FOLDER = CODE_ROOT / "resources" / "icons"


def icon(name: str) -> QIcon:
    """Returns an icon of ``resources/icons`` by its file name without ending."""
    return QIcon(str(ICONS_FOLDER / f"{name}.svg"))
