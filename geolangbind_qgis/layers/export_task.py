"""The copy of a layer as a background task of QGIS."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsRasterBlockFeedback, QgsTask

from geolangbind_qgis.layers.export import ExportError, export_layer
from geolangbind_qgis.layers.export_grid import ExportGrid
from geolangbind_qgis.layers.snapshot import LayerSnapshot


class ExportTask(QgsTask):
    """Copies the pixels of a layer that only QGIS can read.

    Everything it needs is taken on the main thread before it starts; it never touches the project.
    """

    def __init__(self, snapshot: LayerSnapshot, grid: ExportGrid, path: Path) -> None:
        super().__init__(f"Fetch pixels of {snapshot.name}", QgsTask.Flag.CanCancel | QgsTask.Flag.CancelWithoutPrompt)
        self.path = path
        self.problem = ""
        self._snapshot = snapshot
        self._grid = grid
        self._feedback = QgsRasterBlockFeedback()

    def run(self) -> bool:
        """Copy the pixels, on a thread of QGIS's."""
        try:
            return export_layer(
                self._snapshot.provider,
                self._snapshot.crs,
                self._grid,
                self.path,
                progress=lambda fraction: self.setProgress(100 * fraction),
                cancelled=self.isCanceled,
                feedback=self._feedback,
            )
        except ExportError as problem:
            self.problem = str(problem)
            return False

    def cancel(self) -> None:
        """Stop, also in the middle of a block."""
        self._feedback.cancel()
        super().cancel()
