"""The parameter that names a layer's field with the class."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterString


def class_field_parameter(name: str, text: str) -> QgsProcessingParameterString:
    """Make the parameter: the field's name as text, for a layer that may as well be a raster.

    A ``QgsProcessingParameterField`` would offer a list, but QGIS 3.22 ends with a crash in
    ``QgsProcessingFieldWidgetWrapper::setParentLayerWrapperValue`` when the algorithm's window opens while its parent
    holds a raster layer.
    """
    return QgsProcessingParameterString(name, text, optional=True)
