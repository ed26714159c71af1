"""Areas of a map's classes, stored with its layer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from qgis.core import QgsMapLayer

_AREAS = "geolangbind/areas"


@dataclass(frozen=True)
class ClassArea:
    """Area of one class.

    Attributes:
        name: of the class.
        colour: "#rrggbb".
        hectares: None where the map has no reference system.
        share: percent of what was classified.
    """

    name: str
    colour: str
    hectares: float | None
    share: float


def areas_of(result: Mapping[str, Any]) -> list[ClassArea]:
    """Returns the areas in the runtime's result, the largest first; classes that do not occur are left out."""
    found = [
        ClassArea(
            str(item["name"]),
            str(item["colour"]),
            None if item.get("hectares") is None else float(item["hectares"]),
            100 * float(item["share"]),
        )
        for item in result.get("classes") or []
        if item.get("share")
    ]
    return sorted(found, key=lambda area: -area.share)


def keep_areas(layer: QgsMapLayer, areas: list[ClassArea]) -> None:
    """Store the areas with the map's layer, in the project too."""
    layer.setCustomProperty(_AREAS, json.dumps([asdict(area) for area in areas], ensure_ascii=False))


def read_areas(layer: QgsMapLayer) -> list[ClassArea]:
    """Returns the areas stored with a layer; empty if there are none."""
    try:
        return [ClassArea(**item) for item in json.loads(str(layer.customProperty(_AREAS, "[]")))]
    except (TypeError, ValueError):
        return []
