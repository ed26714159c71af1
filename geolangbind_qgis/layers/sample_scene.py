"""The bundled sample scene."""

from __future__ import annotations

from qgis.core import QgsProject, QgsRasterLayer

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.natural_colours import show_bands
from geolangbind_qgis.protocol_import import CODE_ROOT

SAMPLE_SCENE = CODE_ROOT / "resources" / "sample" / "sample_scene.tif"
"""Simulated: a place that does not exist, as Sentinel-2 L2A; ``scripts/sample_scene.py`` writes it."""

SAMPLE_PROMPT = "water"

_RED_GREEN_BLUE, _DARK_AND_BRIGHT = (4, 3, 2), (0.0, 2750.0)


def add_sample_scene(project: QgsProject) -> QgsRasterLayer:
    """Returns the layer of the sample scene in natural colours, added to a project that does not have it yet.

    Raises:
        ValueError: the file is missing; the message says so.
    """
    for layer in project.mapLayers().values():
        if isinstance(layer, QgsRasterLayer) and layer.source() == str(SAMPLE_SCENE):
            return layer
    layer = QgsRasterLayer(str(SAMPLE_SCENE), tr("Sample scene"), "gdal")
    if not layer.isValid():
        raise ValueError(tr("The plugin is incomplete: its sample scene is missing. Install it again."))
    show_bands(layer, _RED_GREEN_BLUE, [_DARK_AND_BRIGHT] * len(_RED_GREEN_BLUE))
    project.addMapLayer(layer)
    return layer
