"""From prompts to overlay layers: coarse ones first, then the fine ones in their place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsGeometry, QgsProject, QgsRasterLayer, QgsRectangle
from qgis.PyQt.QtCore import QElapsedTimer, QObject, pyqtSignal

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.export_grid import ExportGrid
from geolangbind_qgis.layers.extents import as_tuple
from geolangbind_qgis.layers.mask import MaskTask
from geolangbind_qgis.layers.open_raster import open_raster
from geolangbind_qgis.layers.placement import SOURCE, add_above_source
from geolangbind_qgis.layers.recognition import Reading
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style, read_score_style
from geolangbind_qgis.layers.snapshot import LayerSnapshot
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.runs.results_folder import discard, new_file
from geolangbind_qgis.runs.run import Run
from geolangbind_qgis.session import Session

PROMPT = "geolangbind/prompt"
"""Custom property of a result: the prompt that it answers."""

KEPT = "geolangbind/kept"
"""Custom property of a result that the user saved: a later run leaves it alone."""


Places = tuple[tuple[float, float], ...]
"""Points (x, y) in the layer's CRS."""


@dataclass(frozen=True)
class Examples:
    """Places pointed at instead of words.

    Attributes:
        positives: of what is looked for.
        negatives: of what is not.
        text: words that must agree; None where the examples say it all.
    """

    positives: Places
    negatives: Places = ()
    text: str | None = None


@dataclass(frozen=True)
class HighlightWish:
    """What the user asked for, taken on the main thread.

    Attributes:
        snapshot: the layer.
        reading: how it is to be read.
        prompts: texts and their colours.
        negatives: texts that pull scores down.
        extent: part in the layer's CRS; None for all of it.
        polygons: results are cut to these, in the layer's CRS; None for the whole extent.
        resolution: pixel size of the result; None for the layer's own.
        grid: pixels to copy where only QGIS reads the layer.
        threshold: score from which new layers show.
        examples: places to go by; ``prompts`` then is the name and colour of the one layer that comes of them.
    """

    snapshot: LayerSnapshot
    reading: Reading
    prompts: tuple[tuple[str, str], ...]
    negatives: tuple[str, ...] = ()
    extent: QgsRectangle | None = None
    polygons: QgsGeometry | None = None
    resolution: float | None = None
    grid: ExportGrid | None = None
    threshold: float = 0.5
    examples: Examples | None = None


class Highlighter(QObject):
    """Runs one wish at a time and keeps the overlay layers.

    Signals:
        progressed: fraction, message, seconds left or None.
        shown: ids of the layers, after each preview and after the end.
        remarked: what is to be known of a result that comes all the same, in words.
        finished: ids of the layers and the seconds it took.
        failed: a ``Failure``.
    """

    progressed = pyqtSignal(float, str, object)
    remarked = pyqtSignal(str)
    shown = pyqtSignal(list)
    finished = pyqtSignal(list, float)
    failed = pyqtSignal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._wish: HighlightWish | None = None
        self._run: Run | None = None
        self._mask: MaskTask | None = None
        self._layer_ids: list[str] = []
        self._preview: Path | None = None
        self._sources_before: dict[str, str] = {}
        self._clock = QElapsedTimer()

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self._wish is not None

    @property
    def source_layer_id(self) -> str:
        """Id of the layer being worked on, empty where none is."""
        return self._wish.snapshot.layer_id if self._wish is not None else ""

    def start(self, wish: HighlightWish) -> None:
        """Begin; an earlier run must be over."""
        client = self._session.client
        if client is None or self.busy:
            return
        self._wish, self._layer_ids, self._sources_before = wish, [], {}
        self._clock.start()
        method, params = self._request(wish)
        self._run = Run(client, method, params, wish.snapshot, wish.grid, self._session.copies, self)
        self._run.progressed.connect(self.progressed)
        self._run.remarked.connect(self.remarked)
        self._run.previewed.connect(self._on_preview)
        self._run.finished.connect(self._on_result)
        self._run.failed.connect(self._on_failed)
        self._run.start()

    def _request(self, wish: HighlightWish) -> tuple[str, Any]:
        """Give the method of the protocol and its parameters."""
        common = {
            "source": protocol.Source(path=wish.snapshot.path, **wish.reading.source_fields()),
            "output": str(new_file(wish.prompts[0][0])),
            "model": self._session.model,
            "extent": as_tuple(wish.extent) if wish.extent is not None and wish.grid is None else None,
            "device": self._session.device,
        }
        if wish.examples is not None:
            return "similar", protocol.SimilarParams(**asdict(wish.examples), resolution=wish.resolution, **common)
        prompts = tuple(text for text, _ in wish.prompts)
        more = {"negatives": wish.negatives, "resolution": wish.resolution, "preview": True}
        return "highlight", protocol.HighlightParams(prompts=prompts, **more, **common)

    def cancel(self) -> None:
        """Ask for a stop; ``failed`` follows."""
        if self._mask is not None:
            self._mask.cancel()
        elif self._run is not None:
            self._run.cancel()

    def abandon(self) -> None:
        """Stop in silence, because the project or the plugin goes away."""
        if self._run is not None:
            self._run.abandon()
        if self._mask is not None:
            self._mask.cancel()
        self._put_back()
        self._forget()

    def _on_preview(self, preview: dict) -> None:
        """Show the coarse answer."""
        self._preview = Path(str(preview.get("path", "")))
        self._show(str(self._preview))

    def _on_result(self, result: dict) -> None:
        """Show the fine answer, cut to polygons where that was asked for."""
        wish, run = self._wish, self._run
        if wish is None or run is None:
            return
        raster = str(result.get("output") or run.params.output)
        if wish.polygons is None:
            self._end(raster)
            return
        path = new_file(wish.prompts[0][0])
        self._mask = MaskTask(Path(raster), path, bytes(wish.polygons.asWkb()))
        self._mask.taskCompleted.connect(lambda: self._on_cut(raster, str(path)))
        self._mask.taskTerminated.connect(lambda: self._on_mask_failed(raster))
        QgsApplication.taskManager().addTask(self._mask)

    def _on_cut(self, whole: str, cut: str) -> None:
        self._end(cut)
        discard(whole)

    def _on_mask_failed(self, whole: str) -> None:
        if self._mask is not None:
            problem = self._mask.problem
            self._on_failed(Failure(problem or tr("Cancelled."), cancelled=not problem))
        discard(whole)

    def _end(self, raster: str) -> None:
        if self._wish is None:
            return
        self._show(raster)
        layer_ids = self._layer_ids
        self._forget()
        self.finished.emit(layer_ids, self._clock.elapsed() / 1000)

    def _on_failed(self, failure: Failure) -> None:
        self._put_back()
        self._forget()
        self.failed.emit(failure)

    def _put_back(self) -> None:
        """Leave the map as it was before."""
        project = QgsProject.instance()
        for layer_id in self._layer_ids:
            layer = project.mapLayer(layer_id)
            before = self._sources_before.get(layer_id)
            if layer is not None and before is not None:
                _point_to(layer, before)
            elif layer is not None:
                project.removeMapLayer(layer_id)

    def _forget(self) -> None:
        if self._preview is not None:
            self._preview.unlink(missing_ok=True)
        if self._run is not None:
            self._run.deleteLater()
        self._run, self._wish, self._mask, self._layer_ids, self._preview = None, None, None, [], None

    def _show(self, raster: str) -> None:
        """Point the overlay layers to a raster, making them where they are missing."""
        wish = self._wish
        if wish is None:
            return
        project = QgsProject.instance()
        if self._layer_ids:
            for layer_id in self._layer_ids:
                layer = project.mapLayer(layer_id)
                if layer is not None:
                    _point_to(layer, raster)
        else:
            numbered = list(enumerate(wish.prompts, start=1))
            for band, (text, colour) in reversed(numbered):  # each goes to the top, so the first ends up there
                self._layer_ids.insert(0, self._overlay(project, wish, raster, band, text, colour))
        self.shown.emit(self._layer_ids)

    def _overlay(self, project: QgsProject, wish: HighlightWish, raster: str, band: int, text: str, colour: str) -> str:
        """Give the layer of a prompt: the one of an earlier run where there is one, else a new one."""
        earlier = find_overlay(project, wish.snapshot.layer_id, text)
        if earlier is not None:
            self._sources_before[earlier.id()] = earlier.source()
            _point_to(earlier, raster, band, colour)
            return earlier.id()
        layer = open_raster(raster, text)
        layer.setCustomProperty(PROMPT, text)
        apply_score_style(layer, ScoreStyle(wish.threshold, colour), band)
        add_above_source(project, layer, wish.snapshot.layer_id)
        return layer.id()


def find_overlay(project: QgsProject, source_id: str, prompt: str) -> QgsRasterLayer | None:
    """Give the overlay that an earlier run made for the same prompt on the same layer, unless the user saved it."""
    for layer in project.mapLayers().values():
        if (
            layer.customProperty(SOURCE) == source_id
            and layer.customProperty(PROMPT) == prompt
            and not layer.customProperty(KEPT, False)
        ):
            return layer
    return None


def overlays_of(project: QgsProject, source_id: str) -> list[QgsRasterLayer]:
    """Give the score layers of a source layer, in the order of the layer tree."""
    found = []
    for node in project.layerTreeRoot().findLayers():
        layer = node.layer()
        if layer is not None and layer.customProperty(SOURCE) == source_id and layer.customProperty(PROMPT):
            found.append(layer)
    return found


def _point_to(layer: QgsRasterLayer, raster: str, band: int | None = None, colour: str | None = None) -> None:
    """Let a layer show another raster with the look it has."""
    style = read_score_style(layer)
    layer.setDataSource(raster, layer.name(), "gdal")
    apply_score_style(layer, ScoreStyle(style.threshold, colour or style.colour, style.opacity), band)
