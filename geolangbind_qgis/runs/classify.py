"""Classification run: from a class scheme to a land-cover layer with legend and areas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qgis.core import QgsProject, QgsRectangle
from qgis.PyQt.QtCore import QElapsedTimer, QObject, pyqtSignal

from geolangbind_qgis import settings
from geolangbind_qgis.catalogue.class_schemes import Scheme, write_scheme
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.answer import now
from geolangbind_qgis.layers.class_areas import areas_of, keep_areas
from geolangbind_qgis.layers.class_style import MapClass, apply_class_style, apply_confidence_style
from geolangbind_qgis.layers.export_grid import ExportGrid
from geolangbind_qgis.layers.extents import as_tuple
from geolangbind_qgis.layers.map_facts import MapFacts, keep_map_facts
from geolangbind_qgis.layers.open_raster import open_raster
from geolangbind_qgis.layers.placement import add_above_source, results_of, unfold_legend
from geolangbind_qgis.layers.recognition import Reading
from geolangbind_qgis.layers.results_folder import new_result
from geolangbind_qgis.layers.snapshot import LayerSnapshot
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.runs.run import Run
from geolangbind_qgis.runs.step_queue import StepQueue
from geolangbind_qgis.session import Session


@dataclass(frozen=True)
class ClassifyRequest:
    """Input of a classification, collected on the main thread.

    Attributes:
        snapshot: the layer.
        reading: how it is to be read.
        scheme: the classes.
        extent: part in the layer's CRS; None for all of it.
        resolution: pixel size of the result; None for the layer's own.
        grid: pixels to copy where only QGIS reads the layer.
        confidence: also make a layer that says how sure the model is.
    """

    snapshot: LayerSnapshot
    reading: Reading
    scheme: Scheme
    extent: QgsRectangle | None = None
    resolution: float | None = None
    grid: ExportGrid | None = None
    confidence: bool = False

    @property
    def pixels(self) -> int:
        """How many pixels are classified."""
        if self.grid is not None:
            return self.grid.width * self.grid.height
        whole, part = self.snapshot.extent, self.extent
        pixels = self.snapshot.width * self.snapshot.height
        if part is None or whole.isEmpty():
            return pixels
        return round(pixels * (part.width() / whole.width()) * (part.height() / whole.height()))


class Classifier(QObject):
    """Classifies one layer and adds the map; each run has its own instance, so that several can be queued.

    Signals:
        progressed: fraction, message, seconds left or None.
        remarked: what is to be known of a result that comes all the same, in words.
        finished: id of the map layer, list of ``ClassArea``, seconds it took.
        failed: a ``Failure``.
    """

    progressed = pyqtSignal(float, str, object)
    remarked = pyqtSignal(str)
    finished = pyqtSignal(str, list, float)
    failed = pyqtSignal(object)

    def __init__(self, session: Session, request: ClassifyRequest, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.request = request
        self._run: Run | None = None
        self._turns = StepQueue(self)
        self._clock = QElapsedTimer()

    def start(self) -> None:
        """Start the run; signals follow from the event loop."""
        client = self._session.client
        if client is None:
            self.failed.emit(Failure(tr("The runtime is not set up."), tr("Set it up in the GeoLangBind dock.")))
            return
        request = self.request
        words, folder = f"{request.snapshot.name} {request.scheme.name}", settings.results_folder()
        output = new_result(words, chosen_folder=folder)
        scheme_file = output.with_suffix(".classes.json")
        write_scheme(request.scheme, scheme_file)
        params = protocol.ClassifyParams(
            source=protocol.Source(path=request.snapshot.path, **request.reading.source_fields()),
            output=str(output),
            classes=str(scheme_file),
            model=self._session.model,
            extent=as_tuple(request.extent) if request.extent is not None and request.grid is None else None,
            resolution=request.resolution,
            confidence=request.confidence,
            device=self._session.device,
        )
        self._clock.start()
        self._run = Run(client, "classify", params, request.snapshot, request.grid, self._session.copies, self)
        self._run.progressed.connect(self.progressed)
        self._run.remarked.connect(self.remarked)
        self._run.finished.connect(self._on_result)
        self._run.failed.connect(self.failed)
        self._run.start()

    def cancel(self) -> None:
        """Request cancellation; ``failed`` follows."""
        if self._run is not None:
            self._run.cancel()

    def abandon(self) -> None:
        """Cancel without emitting a signal."""
        self._turns.clear()
        if self._run is not None:
            self._run.abandon()

    def _on_result(self, result: dict) -> None:
        self._turns.take(self._show(result))

    def _show(self, result: dict) -> Iterator[None]:
        """Add the map and, if requested, its confidence band."""
        request = self.request
        raster = str(result.get("output") or (self._run.params.output if self._run is not None else ""))
        legend = [MapClass(item.code, item.name, item.colour) for item in request.scheme.classes]
        project = QgsProject.instance()
        layer = open_raster(raster, _new_name(project, request))
        yield
        apply_class_style(layer, legend)
        areas = areas_of(result)
        keep_areas(layer, areas)
        keep_map_facts(layer, self._facts())
        if request.confidence and layer.bandCount() > 1:
            sure = open_raster(raster, tr("Confidence, % ({0})").format(request.scheme.title))
            apply_confidence_style(sure, 2)
            add_above_source(project, sure, request.snapshot.layer_id, tr("Confidence"))
            project.layerTreeRoot().findLayer(sure.id()).setItemVisibilityChecked(False)
            yield
        add_above_source(project, layer, request.snapshot.layer_id, tr("Class"))
        unfold_legend(project, layer)
        yield
        self.finished.emit(layer.id(), areas, self._clock.elapsed() / 1000)

    def _facts(self) -> MapFacts:
        request = self.request
        return MapFacts(
            scheme=request.scheme.title,
            classes=tuple(item.name for item in request.scheme.classes),
            model=self._session.model,
            image=request.snapshot.name,
            extent=as_tuple(request.extent) if request.extent is not None else None,
            date=now(),
        )


def _new_name(project: QgsProject, request: ClassifyRequest) -> str:
    """Returns the scheme's title, numbered if the layer has a map of that name."""
    name, number = tr("Land cover ({0})").format(request.scheme.title), 1
    taken = {layer.name() for layer in results_of(project, request.snapshot.layer_id)}
    while name in taken:
        number += 1
        name = tr("Land cover {0} ({1})").format(number, request.scheme.title)
    return name
