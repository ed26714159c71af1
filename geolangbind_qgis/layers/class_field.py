"""Choice of the field of a vector layer that holds the class."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsVectorLayer

_LIKELY_NAMES = ("class", "label", "landcover", "class_name", "category", "name")


def likely_field(layer: QgsMapLayer | None) -> str:
    """Returns the field that most likely holds the class: by its name, else the only field there is, else none."""
    if not isinstance(layer, QgsVectorLayer):
        return ""
    names = [field.name() for field in layer.fields()]
    by_lower_name = {name.lower(): name for name in reversed(names)}
    likely = next((by_lower_name[name] for name in _LIKELY_NAMES if name in by_lower_name), "")
    others = [name for name in names if name.lower() not in ("fid", "id", "ogc_fid")]
    return likely or (others[0] if len(others) == 1 else "")
