"""Overlays: the score layers of prompts, how a run changes them, and how the change is undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qgis.core import QgsProject, QgsRasterLayer

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.answer import Answer, keep_answer, keep_past_answers, past_answers, read_answer
from geolangbind_qgis.layers.extents import ExtentTuple
from geolangbind_qgis.layers.merge import covers, merge_rasters
from geolangbind_qgis.layers.missing_results import is_missing
from geolangbind_qgis.layers.open_raster import open_raster, point_to
from geolangbind_qgis.layers.placement import SOURCE, add_above_source, bring_to_top, source_of, unfold_legend
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style, read_score_style, shown_band

PROMPT = "geolangbind/prompt"
"""Custom property of a result: the prompt that it answers."""

KEPT = "geolangbind/kept"
"""Custom property of a result that the user saved: a later run leaves it alone."""


class OverlayChange:
    """Changes of one run to the overlays of a layer, which can be undone until the run has succeeded.

    The work comes in pieces, because making a layer takes QGIS up to 30 ms on the main thread: who takes the next
    piece decides what happens in between.

    Args:
        source_id: id of the layer that is searched.
        prompts: texts and colours, in the order of the raster's bands.
        threshold: score from which new overlays show.
    """

    def __init__(self, source_id: str, prompts: Sequence[tuple[str, str]], threshold: float) -> None:
        self._source_id, self._prompts, self._threshold = source_id, tuple(prompts), threshold
        self._before: dict[str, tuple[str, int]] = {}
        self._were_missing: set[str] = set()
        self.layer_ids: list[str] = []
        """The overlays, in the order of the prompts."""

    def show(self, raster: str) -> Iterator[None]:
        """Yields after each step that points an overlay to a raster; missing overlays are created."""
        project = QgsProject.instance()
        if self.layer_ids:
            for band, layer_id in enumerate(self.layer_ids, start=1):
                layer = project.mapLayer(layer_id)
                if layer is not None:
                    show_raster(layer, raster, band)
                    yield
            return
        for band, (text, colour) in reversed(list(enumerate(self._prompts, start=1))):  # the first ends up on top
            layer = find_overlay(project, self._source_id, text)
            if layer is not None:
                self._before[layer.id()] = (layer.source(), shown_band(layer))
                if is_missing(layer):
                    self._were_missing.add(layer.id())
                show_raster(layer, raster, band, colour)
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

    def keep(self, answers: Sequence[Answer]) -> Iterator[None]:
        """Yields after each step that stores an overlay's answer, merged with the older one of the same request.

        Args:
            answers: one an overlay, in the order of the prompts.
        """
        project = QgsProject.instance()
        for layer_id, answer in zip(self.layer_ids, answers):
            layer = project.mapLayer(layer_id)
            if layer is None:
                continue
            older = read_answer(layer)
            if layer_id in self._before and layer_id not in self._were_missing and older is not None:
                raster, shown = self._before[layer_id]
                older = replace(older, raster=raster.split("|", 1)[0], band=shown)
                if Path(older.raster).is_file():
                    keep_past_answers(layer, [older, *past_answers(layer)])
                merged = _merged(answer, older)
                if merged is not None:
                    answer = merged
                    show_raster(layer, answer.raster, answer.band)
            layer.setName(answer.title)
            keep_answer(layer, answer, read_score_style(layer).threshold)
            yield

    def put_back(self) -> Iterator[None]:
        """Yields after each step that restores the overlays; no other change may be in progress."""
        project = QgsProject.instance()
        project.removeMapLayers([layer_id for layer_id in self.layer_ids if layer_id not in self._before])
        yield
        for layer_id, (source, band) in self._before.items():
            layer = project.mapLayer(layer_id)
            if layer is not None:
                show_raster(layer, source, band)
                yield


def find_overlay(project: QgsProject, source_id: str, prompt: str) -> QgsRasterLayer | None:
    """Returns the overlay of a prompt on a layer from an earlier run, unless the user saved it."""
    for layer in project.mapLayers().values():
        if (
            layer.customProperty(SOURCE) == source_id
            and layer.customProperty(PROMPT) == prompt
            and not layer.customProperty(KEPT, False)
        ):
            return layer
    return None


def mark_as_answer(layer: QgsRasterLayer, prompt: str) -> None:
    """Mark a score layer of other origin as a result; its file is not managed by the plugin."""
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


def answered_together(project: QgsProject, layer: QgsRasterLayer) -> list[QgsRasterLayer]:
    """Returns the overlays whose prompts belong to the same run as the given layer, including it."""
    own = read_answer(layer)
    if own is None:
        return [layer]
    found = []
    for each in overlays_of(project, source_of(layer)):
        answer = read_answer(each)
        if each is layer or (answer is not None and answer.date == own.date and not is_missing(each)):
            found.append(each)
    return found


def show_past_answer(layer: QgsRasterLayer, index: int) -> None:
    """Show an earlier answer; the present one is added to the past answers.

    Args:
        layer: an overlay.
        index: in ``past_answers``.
    """
    past, current = past_answers(layer), read_answer(layer)
    chosen = past.pop(index)
    if current is not None:
        past.append(replace(current, raster=layer.source().split("|", 1)[0], band=shown_band(layer)))
    show_raster(layer, chosen.raster, chosen.band)
    layer.setName(chosen.title)
    keep_answer(layer, chosen)
    keep_past_answers(layer, sorted(past, key=lambda answer: answer.date, reverse=True))


def show_raster(layer: QgsRasterLayer, raster: str, band: int | None = None, colour: str | None = None) -> None:
    """Change a layer's raster and keep its style."""
    style = read_score_style(layer)
    point_to(layer, raster)
    apply_score_style(layer, ScoreStyle(style.threshold, colour or style.colour, style.opacity), band)


def _merged(answer: Answer, older: Answer) -> Answer | None:
    """Returns the answer merged with the older one; None if that adds no area or belongs to another request."""
    same = (answer.prompt, answer.exclusions, answer.model) == (older.prompt, older.exclusions, older.model)
    if not same or covers(answer.extent, Path(older.raster)):
        return None
    output = Path(answer.raster).with_name(f"{Path(answer.raster).stem}_{answer.band}_merged.vrt")
    if not merge_rasters((Path(answer.raster), answer.band), (Path(older.raster), older.band), output):
        return None
    return replace(answer, raster=str(output), band=1, extent=older.extent and _union(answer.extent, older.extent))


def _union(one: ExtentTuple | None, other: ExtentTuple | None) -> ExtentTuple | None:
    """Returns the bounding box (xmin, ymin, xmax, ymax) of both; None (everything) if one is."""
    if one is None or other is None:
        return None
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
