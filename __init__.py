"""The plugin folder as QGIS sees it: the packaged plugin's root, whose code lies in ``geolangbind_qgis``.

The zip keeps the checkout's layout, so the plugin finds ``core`` and ``resources`` the same way in both.
The sub-folder is added to this package's own search path, so ``geolangbind_qgis.gui`` is found without ``sys.path``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

__path__.append(str(Path(__file__).resolve().parent / "geolangbind_qgis"))


def classFactory(iface: Any) -> Any:  # noqa: N802, ANN401 - QGIS's name, QGIS's interface
    """Returns the plugin object that QGIS loads."""
    from .plugin import GeoLangBindPlugin

    return GeoLangBindPlugin(iface)
