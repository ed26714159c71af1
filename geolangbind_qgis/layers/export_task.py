"""Export of a layer as a background task."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsRasterBlockFeedback

from geolangbind_qgis.layers.background_task import BackgroundTask
from geolangbind_qgis.layers.export import ExportError, export_layer
from geolangbind_qgis.layers.export_grid import ExportGrid
from geolangbind_qgis.layers.fetch_watch import FetchWatch, failed_in_part
from geolangbind_qgis.layers.snapshot import LayerSnapshot


class ExportTask(BackgroundTask):
    """Copies the pixels of a layer that only QGIS can read.

    Everything it needs is taken on the main thread before it starts; it never touches the project.

    Attributes:
        path: the copy.
        problem: why there is none.
        remark: what is to be known of the copy that there is.
    """

    def __init__(self, snapshot: LayerSnapshot, grid: ExportGrid, path: Path) -> None:
        super().__init__()
        self.path = path
        self.problem = ""
        self.remark = ""
        self._snapshot = snapshot
        self._grid = grid
        self._feedback = QgsRasterBlockFeedback()

    def run(self) -> bool:
        """Copy the pixels; on the task's thread."""
        with FetchWatch() as watch:
            try:
                done = export_layer(
                    self._snapshot.provider,
                    self._snapshot.crs,
                    self._grid,
                    self.path,
                    progress=lambda fraction: self.set_progress(100 * fraction),
                    cancelled=self.is_cancelled,
                    feedback=self._feedback,
                )
            except ExportError as problem:
                self.problem = f"{problem} ({watch.reason})" if watch.reason else str(problem)
                return False
        if watch.failed:
            self.remark = failed_in_part(self._snapshot.name, watch.reason)
        return done

    def cancel(self) -> None:
        """Cancel, also within a block."""
        self._feedback.cancel()
        super().cancel()
