"""Label parameters of the algorithms: a layer, and the name of its class field."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayer, QgsProcessingAlgorithm, QgsProcessingContext, QgsProcessingParameterString

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.class_field import likely_field
from geolangbind_qgis.layers.label_file import label_file

FIELD = "FIELD"


def add_class_field(algorithm: QgsProcessingAlgorithm) -> None:
    """Declare the field's name as text, for a layer that may as well be a raster.

    A ``QgsProcessingParameterField`` would offer a list, but QGIS 3.22 ends with a crash in
    ``QgsProcessingFieldWidgetWrapper::setParentLayerWrapperValue`` when the algorithm's window opens while its parent
    holds a raster layer.
    """
    text = tr("Field with the class (empty: the one that is called class, or the only one)")
    algorithm.addParameter(QgsProcessingParameterString(FIELD, text, optional=True))


def labels_and_field(
    algorithm: QgsProcessingAlgorithm, name: str, parameters: dict[str, Any], context: QgsProcessingContext
) -> tuple[str, str | None]:
    """Returns a file with the labels of the layer that ``name`` holds, and its field; call on the main thread.

    Raises:
        ValueError: the layer cannot serve; the message names the reason.
    """
    layer: QgsMapLayer | None = algorithm.parameterAsLayer(parameters, name, context)
    field = algorithm.parameterAsString(parameters, FIELD, context).strip() or likely_field(layer)
    return label_file(layer, field, context.transformContext()), field or None
