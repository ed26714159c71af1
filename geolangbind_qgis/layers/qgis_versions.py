"""Calls whose names differ between QGIS 3.22 and newer versions, where the old names raise deprecation warnings."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from qgis.core import (
    Qgis,
    QgsEditFormConfig,
    QgsMapLayerProxyModel,
    QgsRasterRenderer,
    QgsVectorLayer,
)


def layer_filters(*kinds: str) -> Any:  # noqa: ANN401 - flags of either enum
    """Returns the combined flags for ``QgsMapLayerComboBox.setFilters``.

    Args:
        kinds: names as in ``RasterLayer`` or ``PolygonLayer``.
    """
    if hasattr(Qgis, "LayerFilters"):
        return Qgis.LayerFilters(reduce(or_, (getattr(Qgis.LayerFilter, kind) for kind in kinds)))
    return reduce(or_, (getattr(QgsMapLayerProxyModel.Filter, kind) for kind in kinds))


def band_of(renderer: QgsRasterRenderer) -> int:
    """Returns the band, from 1, of a single-band renderer."""
    return renderer.inputBand() if hasattr(renderer, "inputBand") else renderer.band()


def suppress_form(layer: QgsVectorLayer) -> None:
    """Suppress the attribute form after a feature was digitised."""
    config = layer.editFormConfig()
    newer = getattr(Qgis, "AttributeFormSuppression", None)
    config.setSuppress(QgsEditFormConfig.FeatureFormSuppress.SuppressOn if newer is None else newer.On)
    layer.setEditFormConfig(config)
