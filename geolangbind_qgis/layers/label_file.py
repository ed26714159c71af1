"""Export of a label layer to a file that the runtime can read."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsCoordinateTransformContext,
    QgsMapLayer,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.readable import ReadBy
from geolangbind_qgis.layers.results_folder import new_file
from geolangbind_qgis.layers.snapshot import take_snapshot

_WHOLE_NUMBERS = tuple(
    getattr(Qgis.DataType, name)
    for name in ("Byte", "UInt16", "Int16", "UInt32", "Int32", "Int8")
    if hasattr(Qgis.DataType, name)
)


def label_file(layer: QgsMapLayer, field: str, context: QgsCoordinateTransformContext) -> str:
    """Returns a file with the layer's labels; call on the main thread.

    A vector layer is written out with its filter, unsaved edits and the class alone. A raster layer is taken as it is.

    Args:
        layer: points, lines, polygons, or a raster of class codes.
        field: attribute with the class; not used for rasters.
        context: of the project.

    Raises:
        ValueError: the layer cannot serve as labels; the message says why.
    """
    if isinstance(layer, QgsRasterLayer):
        snapshot = take_snapshot(layer)
        if snapshot.read_by is not ReadBy.RUNTIME:
            raise ValueError(tr("{0} is not stored in a file. Save it first.").format(layer.name()))
        return snapshot.path
    if not isinstance(layer, QgsVectorLayer):
        raise ValueError(tr("Choose a layer with labels."))
    if layer.geometryType() == QgsWkbTypes.GeometryType.NullGeometry:
        raise ValueError(tr("{0} is a table without geometries.").format(layer.name()))
    index = layer.fields().indexOf(field)
    if index < 0:
        raise ValueError(tr("Choose the field of {0} that holds the class.").format(layer.name()))
    path = str(new_file("labels", ".gpkg"))
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = "labels"
    options.attributes = [index]
    problem, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(layer, path, context, options)
    if problem != QgsVectorFileWriter.WriterError.NoError:
        raise ValueError(message or tr("{0} cannot be read.").format(layer.name()))
    return path


def may_hold_labels(layer: QgsMapLayer) -> bool:
    """Whether a layer may hold labels: points, lines or polygons, or one band of whole numbers that is no score."""
    if isinstance(layer, QgsVectorLayer):
        return layer.geometryType() not in (
            QgsWkbTypes.GeometryType.NullGeometry,
            QgsWkbTypes.GeometryType.UnknownGeometry,
        )
    if not isinstance(layer, QgsRasterLayer) or not layer.isValid() or layer.bandCount() != 1:
        return False
    return layer.dataProvider().dataType(1) in _WHOLE_NUMBERS


def class_names(text: str) -> dict[str, str]:
    """Returns the names by code of a text such as "1=water; 2=trees".

    Raises:
        ValueError: a part is not of that form.
    """
    names = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        code, mark, words = part.partition("=")
        if not mark or not code.strip() or not words.strip():
            raise ValueError(tr("Names of classes are written as in 1=water; 2=trees."))
        names[code.strip()] = words.strip()
    return names
