"""Overlays: the score layers that answer prompts, and how a run changes them and puts them back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qgis.core import QgsProject, QgsRasterLayer

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.open_raster import open_raster, point_to
from geolangbind_qgis.layers.placement import SOURCE, add_above_source, bring_to_top, unfold_legend
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style, read_score_style

PROMPT = "geolangbind/prompt"
"""Custom property of a result: the prompt that it answers."""

KEPT = "geolangbind/kept"
"""Custom property of a result that the user saved: a later run leaves it alone."""


class OverlayChange:
    """What one run does to the overlays of a layer; until the run has ended well, it can be taken back.

    The work comes in pieces, because making a layer takes QGIS up to 30 ms on the main thread: who takes the next
    piece decides what happens in between.

    Args:
        source_id: id of the layer that is searched.
        prompts: texts and colours, in the order of the raster's bands.
        threshold: score from which new overlays show.
    """

    def __init__(self, source_id: str, prompts: Sequence[tuple[str, str]], threshold: float) -> None:
        self._source_id, self._prompts, self._threshold = source_id, tuple(prompts), threshold
        self._sources_before: dict[str, str] = {}
        self.layer_ids: list[str] = []
        """The overlays, in the order of the prompts."""

    def show(self, raster: str) -> Iterator[None]:
        """Point the overlays to a raster piece by piece, making them where they are missing."""
        project = QgsProject.instance()
        if self.layer_ids:
            for layer_id in self.layer_ids:
                layer = project.mapLayer(layer_id)
                if layer is not None:
                    _point_to(layer, raster)
                    yield
            return
        for band, (text, colour) in reversed(list(enumerate(self._prompts, start=1))):  # the first ends up on top
            layer = find_overlay(project, self._source_id, text)
            if layer is not None:
                self._sources_before[layer.id()] = layer.source()
                _point_to(layer, raster, band, colour)
                bring_to_top(project, layer)
            else:
                layer = open_raster(raster, text)
                yield
                layer.setCustomProperty(PROMPT, text)
                apply_score_style(layer, ScoreStyle(self._threshold, colour), band)
                add_above_source(project, layer, self._source_id, tr("Score"))
                unfold_legend(project, layer)
            self.layer_ids.insert(0, layer.id())
            yield

    def put_back(self) -> Iterator[None]:
        """Leave the map as it was before, piece by piece; no other change may be under way."""
        project = QgsProject.instance()
        project.removeMapLayers([layer_id for layer_id in self.layer_ids if layer_id not in self._sources_before])
        yield
        for layer_id, before in self._sources_before.items():
            layer = project.mapLayer(layer_id)
            if layer is not None:
                _point_to(layer, before)
                yield


def find_overlay(project: QgsProject, source_id: str, prompt: str) -> QgsRasterLayer | None:
    """Returns the overlay that an earlier run made for the same prompt on the same layer, unless the user saved it."""
    for layer in project.mapLayers().values():
        if (
            layer.customProperty(SOURCE) == source_id
            and layer.customProperty(PROMPT) == prompt
            and not layer.customProperty(KEPT, False)
        ):
            return layer
    return None


def mark_as_answer(layer: QgsRasterLayer, prompt: str) -> None:
    """Let the dock offer a score layer that it did not make, and leave its file alone."""
    layer.setCustomProperty(PROMPT, prompt)
    layer.setCustomProperty(KEPT, True)


def overlays_of(project: QgsProject, source_id: str) -> list[QgsRasterLayer]:
    """Returns the score layers of a source layer, in the order of the layer tree."""
    found = []
    for node in project.layerTreeRoot().findLayers():
        layer = node.layer()
        if layer is not None and layer.customProperty(SOURCE) == source_id and layer.customProperty(PROMPT):
            found.append(layer)
    return found


def _point_to(layer: QgsRasterLayer, raster: str, band: int | None = None, colour: str | None = None) -> None:
    """Let a layer show another raster with the look it has."""
    style = read_score_style(layer)
    point_to(layer, raster)
    apply_score_style(layer, ScoreStyle(style.threshold, colour or style.colour, style.opacity), band)
