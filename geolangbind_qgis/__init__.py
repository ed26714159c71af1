"""GeoLangBind for QGIS: text-prompted segmentation and land-cover classification of raster layers."""

from __future__ import annotations

from typing import Any


def classFactory(iface: Any) -> Any:  # noqa: ANN401 - QGIS's name, QGIS's interface
    """Returns the plugin object that QGIS loads."""
    from geolangbind_qgis.plugin import GeoLangBindPlugin

    return GeoLangBindPlugin(iface)
