"""Computes score histograms of results in the background, once for each result."""

from __future__ import annotations

from functools import partial

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.score_histogram import ScoreHistogram, ScoreHistogramTask
from geolangbind_qgis.layers.score_style import shown_band


class AreaCounter(QObject):
    """Runs one counting task for each score layer.

    Signals:
        counted: layer id and its ``ScoreHistogram``.
    """

    counted = pyqtSignal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks: dict[str, ScoreHistogramTask] = {}

    def is_counting(self, layer_id: str) -> bool:
        """Whether a layer is being counted."""
        return layer_id in self._tasks

    def count(self, layer: QgsRasterLayer) -> None:
        """Start counting a layer; a running count of the same layer is cancelled, since its raster was replaced."""
        self.drop(layer.id())
        source = QgsProject.instance().mapLayer(source_of(layer))
        task = ScoreHistogramTask(
            layer.dataProvider(),
            shown_band(layer),
            layer.crs(),
            QgsProject.instance().transformContext(),
            partial(self._on_counted, layer.id()),
            source.extent() if source is not None and source.isValid() else None,
        )
        task.completed.connect(partial(self._forget, task, layer.id()))
        task.terminated.connect(partial(self._forget, task, layer.id()))
        self._tasks[layer.id()] = task
        task.start()

    def drop(self, layer_id: str) -> None:
        """Cancel the count of a layer."""
        task = self._tasks.pop(layer_id, None)
        if task is not None:
            task.abandon()

    def abandon(self) -> None:
        """Cancel all counts."""
        for layer_id in list(self._tasks):
            self.drop(layer_id)

    def _on_counted(self, layer_id: str, histogram: ScoreHistogram) -> None:
        self.counted.emit(layer_id, histogram)

    def _forget(self, task: ScoreHistogramTask, layer_id: str) -> None:
        if self._tasks.get(layer_id) is task:
            del self._tasks[layer_id]
