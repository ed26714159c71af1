"""Highlight run: from prompts to overlay layers, first a coarse preview, then the full result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsGeometry, QgsRectangle
from qgis.PyQt.QtCore import QElapsedTimer, QObject, pyqtSignal

from geolangbind_qgis import settings
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.answer import Answer, now
from geolangbind_qgis.layers.export_grid import ExportGrid
from geolangbind_qgis.layers.extents import as_tuple
from geolangbind_qgis.layers.mask import MaskTask
from geolangbind_qgis.layers.overlays import OverlayChange
from geolangbind_qgis.layers.recognition import Reading
from geolangbind_qgis.layers.results_folder import discard, new_result
from geolangbind_qgis.layers.snapshot import LayerSnapshot
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.runs.run import Run
from geolangbind_qgis.runs.step_queue import StepQueue
from geolangbind_qgis.session import Session

Places = tuple[tuple[float, float], ...]
"""Points (x, y) in the layer's CRS."""


@dataclass(frozen=True)
class Examples:
    """Positive and negative points and areas.

    Attributes:
        positives: places of what is looked for.
        negatives: places of what is not.
        areas: WKT of areas of what is looked for, in the layer's CRS.
        negative_areas: of what is not.
        text: words that must agree; None where the examples say it all.
    """

    positives: Places
    negatives: Places = ()
    areas: tuple[str, ...] = ()
    negative_areas: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True)
class HighlightRequest:
    """Input of a highlight run, collected on the main thread.

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
        image: path of an image of the same ground, which words are answered from where the layer holds embeddings.
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
    image: str | None = None


class Highlighter(QObject):
    """Runs one request at a time and updates the overlay layers.

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
        self._request: HighlightRequest | None = None
        self._run: Run | None = None
        self._mask: MaskTask | None = None
        self._overlays: OverlayChange | None = None
        self._preview: Path | None = None
        self._result: Path | None = None
        self._suggested: list[float | None] = []
        self.answered: Any = None
        """Parameters of the latest request that was answered, with the file that was read; None before."""
        self._turns = StepQueue(self)
        self._clock = QElapsedTimer()

    @property
    def busy(self) -> bool:
        """Whether a run is in progress."""
        return self._request is not None

    @property
    def source_layer_id(self) -> str:
        """Id of the processed layer; empty if there is none."""
        return self._request.snapshot.layer_id if self._request is not None else ""

    def start(self, request: HighlightRequest) -> None:
        """Start the run; an earlier one must have ended."""
        client = self._session.client
        if client is None or self.busy:
            return
        self._request = request
        self._overlays = OverlayChange(request.snapshot.layer_id, request.prompts, request.threshold)
        self._clock.start()
        method, params = self._call(request)
        self._run = Run(client, method, params, request.snapshot, request.grid, self._session.copies, self)
        self._run.progressed.connect(self.progressed)
        self._run.remarked.connect(self.remarked)
        self._run.previewed.connect(self._on_preview)
        self._run.finished.connect(self._on_result)
        self._run.failed.connect(self._on_failed)
        self._run.start()

    def _call(self, request: HighlightRequest) -> tuple[str, Any]:
        """Returns the protocol method and its parameters."""
        common: dict[str, Any] = {
            "source": protocol.Source(path=request.snapshot.path, **request.reading.source_fields()),
            "output": str(new_result(request.prompts[0][0], chosen_folder=settings.results_folder())),
            "model": self._session.model,
            "extent": as_tuple(request.extent) if request.extent is not None and request.grid is None else None,
            "device": self._session.device,
        }
        if request.examples is not None:
            examples = asdict(request.examples)
            return "similar", protocol.SimilarParams(**examples, resolution=request.resolution, **common)
        prompts = tuple(text for text, _ in request.prompts)
        more: dict[str, Any] = {
            "negatives": request.negatives,
            "resolution": request.resolution,
            "preview": True,
            "image": request.image,
        }
        return "highlight", protocol.HighlightParams(prompts=prompts, **more, **common)

    def cancel(self) -> None:
        """Request cancellation; ``failed`` follows."""
        if self._mask is not None:
            self._mask.cancel()
        elif self._run is not None and not self._run.over:
            self._run.cancel()
        elif self._run is not None:
            self._on_failed(Failure(tr("Cancelled."), cancelled=True))

    def abandon(self) -> None:
        """Cancel at once without emitting a signal, because the project or the plugin is closed."""
        self._turns.clear()
        if self._run is not None:
            self._run.abandon()
        if self._mask is not None:
            self._mask.cancel()
        for _ in self._put_back():
            pass
        self._forget()

    def _on_preview(self, preview: dict) -> None:
        """Show the preview."""
        self._preview = Path(str(preview.get("path", "")))
        self._turns.take(self._show(self._preview))

    def _on_result(self, result: dict) -> None:
        """Show the result, clipped to polygons if requested."""
        request, run = self._request, self._run
        if request is None or run is None:
            return
        self._result = Path(str(result.get("output") or run.params.output))
        self.answered = run.params
        self._suggested = [item.get("threshold") for item in result.get("suggested_thresholds") or []]
        if request.polygons is None:
            self._turns.take(self._end())
            return
        output = new_result(request.prompts[0][0], chosen_folder=settings.results_folder())
        mask = MaskTask(self._result, output, bytes(request.polygons.asWkb()))
        mask.completed.connect(partial(self._on_cut, mask))
        mask.terminated.connect(partial(self._on_mask_failed, mask))
        self._mask = mask
        mask.start()

    def _on_cut(self, mask: MaskTask) -> None:
        """Show the clipped result, unless the run was cancelled meanwhile."""
        if self._mask is not mask or self._result is None:
            discard(mask.output)
            return
        discard(self._result)
        self._result, self._mask = mask.output, None
        self._turns.take(self._end())

    def _on_mask_failed(self, mask: MaskTask) -> None:
        discard(mask.output)
        if self._mask is mask:
            self._mask = None
            self._on_failed(Failure(mask.problem or tr("Cancelled."), cancelled=not mask.problem))

    def _end(self) -> Iterator[None]:
        """Show the result; after the last step the run has ended."""
        overlays, raster = self._overlays, self._result
        if overlays is None or raster is None:
            return
        yield from self._show(raster)
        yield from overlays.keep(self._answers(raster))
        self._forget()
        self.finished.emit(overlays.layer_ids, self._clock.elapsed() / 1000)

    def _answers(self, raster: Path) -> list[Answer]:
        """Returns the answers to store with the overlays."""
        request = self._request
        if request is None:
            return []
        suggested = [*self._suggested, *[None] * len(request.prompts)]
        date = now()  # one for all: it tells which answers belong together
        return [
            Answer(
                raster=str(raster),
                band=band,
                prompt=text,
                exclusions=request.negatives,
                model=self._session.model,
                image=request.snapshot.name,
                extent=as_tuple(request.extent) if request.extent is not None else None,
                resolution=request.resolution,
                date=date,
                threshold=request.threshold,
                suggested=suggested[band - 1],
            )
            for band, (text, _) in enumerate(request.prompts, start=1)
        ]

    def _show(self, raster: Path) -> Iterator[None]:
        """Point the overlays to a raster."""
        if self._overlays is not None:
            yield from self._overlays.show(str(raster))
            self.shown.emit(self._overlays.layer_ids)
            yield

    def _on_failed(self, failure: Failure) -> None:
        self._turns.clear()
        self._turns.take(self._fail(failure))

    def _fail(self, failure: Failure) -> Iterator[None]:
        """Restore the overlays; after the last step the run has ended."""
        yield from self._put_back()
        self._forget()
        self.failed.emit(failure)

    def _put_back(self) -> Iterator[None]:
        """Restore the overlays and delete the partial result."""
        if self._overlays is not None:
            yield from self._overlays.put_back()
        if self._result is not None:
            discard(self._result)

    def _forget(self) -> None:
        if self._preview is not None:
            self._preview.unlink(missing_ok=True)
        if self._run is not None:
            self._run.deleteLater()
        self._run, self._request, self._mask, self._overlays = None, None, None, None
        self._preview, self._result, self._suggested = None, None, []
