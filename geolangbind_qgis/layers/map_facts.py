"""Provenance of a land-cover map, stored with its layer, in its notes and in its metadata."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from qgis.core import QgsMapLayer

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.answer import extent_text, local_time
from geolangbind_qgis.layers.layer_notes import write_notes

_FACTS = "geolangbind/map_facts"


@dataclass(frozen=True)
class MapFacts:
    """Provenance of a land-cover map.

    Attributes:
        scheme: title of the class scheme.
        classes: names of its classes.
        model: name of the model.
        image: name of the layer that was classified.
        extent: classified part (xmin, ymin, xmax, ymax) in the layer's CRS; None for the whole layer.
        date: when, in ISO 8601, in universal time.
    """

    scheme: str
    classes: tuple[str, ...]
    model: str
    image: str
    extent: tuple[float, float, float, float] | None
    date: str

    def lines(self) -> list[tuple[str, str]]:
        """Returns titles and values for display."""
        return [
            (tr("Classes"), f"{self.scheme}: {', '.join(self.classes)}"),
            (tr("Image"), self.image),
            (tr("Model"), self.model),
            (tr("Extent"), extent_text(self.extent)),
            (tr("Date"), local_time(self.date)),
        ]


def keep_map_facts(layer: QgsMapLayer, facts: MapFacts) -> None:
    """Store the provenance of a map with its layer, in the project too."""
    layer.setCustomProperty(_FACTS, json.dumps(asdict(facts), ensure_ascii=False))
    history = f"{local_time(facts.date)}: GeoLangBind, {facts.model}"
    write_notes(layer, layer.name(), facts.lines(), [facts.scheme, *facts.classes], history)


def read_map_facts(layer: QgsMapLayer) -> MapFacts | None:
    """Returns the provenance of a map; None if it is unknown."""
    try:
        body: dict[str, Any] = json.loads(str(layer.customProperty(_FACTS, "null")))
        extent = body.get("extent")
        return MapFacts(
            scheme=str(body["scheme"]),
            classes=tuple(map(str, body["classes"])),
            model=str(body["model"]),
            image=str(body["image"]),
            extent=tuple(extent) if extent is not None else None,
            date=str(body["date"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
