"""One request from the map window: export of pixels if necessary, request to the runtime, delivery of the result."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.copies import LayerCopies
from geolangbind_qgis.layers.export_grid import ExportGrid
from geolangbind_qgis.layers.export_task import ExportTask
from geolangbind_qgis.layers.readable import ReadBy
from geolangbind_qgis.layers.results_folder import discard
from geolangbind_qgis.layers.snapshot import LayerSnapshot
from geolangbind_qgis.runs.failure import Failure, failure_of

_SHARE_OF_EXPORT = 0.4


class Run(QObject):
    """Sends one request about one layer.

    Signals:
        progressed: fraction done, what is being done, seconds left (None where unknown).
        previewed: parameters of a ``preview`` notification.
        remarked: what is to be known of a result that comes all the same, in words.
        finished: the runtime's result.
        failed: a ``Failure``.

    Args:
        client: the runtime client.
        method: method of the protocol.
        params: its parameters; ``source.path`` is filled in here where QGIS copies the pixels first.
        snapshot: the layer as it was when the user pressed Run.
        grid: pixels to copy; needed where only QGIS can read the layer.
        copies: copies made earlier.
        parent: owner.
    """

    progressed = pyqtSignal(float, str, object)
    previewed = pyqtSignal(dict)
    remarked = pyqtSignal(str)
    finished = pyqtSignal(dict)
    failed = pyqtSignal(object)

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - RuntimeClient
        method: str,
        params: Any,  # noqa: ANN401 - a dataclass of the protocol
        snapshot: LayerSnapshot,
        grid: ExportGrid | None,
        copies: LayerCopies,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.snapshot = snapshot
        self.method = method
        self.params = params
        self._client = client
        self._grid = grid
        self._copies = copies
        self._export: ExportTask | None = None
        self._handle: Any = None
        self._faulty_copy: Path | None = None
        self._over = False

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self._over

    def start(self) -> None:
        """Start the run; signals follow from the event loop."""
        if self.snapshot.read_by is ReadBy.QGIS and self._grid is not None:
            found = self._copies.find(self.snapshot, self._grid)
            if found is None:
                self._start_export(self._grid)
                return
            self._use_copy(str(found))
        self._ask()

    def cancel(self) -> None:
        """Cancel the run; ``failed`` follows with a cancelled failure."""
        if self._over:
            return
        if self._handle is not None:
            self._handle.cancel()
        elif self._export is not None:
            self._export.cancel()

    def abandon(self) -> None:
        """Cancel without emitting a signal."""
        self.cancel()
        self._over = True

    def _start_export(self, grid: ExportGrid) -> None:
        """Export the pixels in the background."""
        task = ExportTask(self.snapshot, grid, self._copies.new_path(self.snapshot))
        self._export = task
        task.progressed.connect(self._on_export_progress)
        task.completed.connect(self._on_exported)
        task.terminated.connect(self._on_export_failed)
        task.start()

    def _on_export_progress(self, percent: float) -> None:
        self._report(_SHARE_OF_EXPORT * percent / 100, tr("Fetching pixels"), None)

    def _on_exported(self) -> None:
        """Continue with the exported copy."""
        task, self._export = self._export, None
        if task is None or self._over or self._grid is None:
            return
        if task.remark:
            self._faulty_copy = task.path  # the next run asks the server again
            self.remarked.emit(task.remark)
        else:
            self._copies.add(self.snapshot, self._grid, task.path)
        self._use_copy(str(task.path))
        self._ask()

    def _on_export_failed(self) -> None:
        """Emit why the export failed."""
        task, self._export = self._export, None
        problem = task.problem if task is not None else ""
        self._fail(Failure(problem or tr("Cancelled."), "", cancelled=not problem))

    def _use_copy(self, path: str) -> None:
        source = dataclasses.replace(self.params.source, path=path)
        self.params = dataclasses.replace(self.params, source=source)

    def _ask(self) -> None:
        """Send the request."""
        self._handle = self._client.request(
            self.method,
            self.params,
            on_result=self._on_result,
            on_error=lambda error: self._fail(failure_of(error)),
            on_progress=self._on_progress,
            on_preview=self._on_preview,
        )

    def _on_progress(self, *report: Any) -> None:  # noqa: ANN401 - fraction, message, seconds left
        fraction, message, seconds_left = (*report, None, None)[:3]
        if self.snapshot.read_by is ReadBy.QGIS:
            fraction = _SHARE_OF_EXPORT + (1 - _SHARE_OF_EXPORT) * fraction
        self._report(fraction, message or "", seconds_left)

    def _report(self, fraction: float, message: str, seconds_left: float | None) -> None:
        if not self._over:
            self.progressed.emit(float(fraction), message, seconds_left)

    def _on_preview(self, preview: dict) -> None:
        if not self._over:
            self.previewed.emit(preview)

    def _on_result(self, result: dict) -> None:
        self._drop_faulty_copy()
        if self._over:
            self._clear_away()
            return
        self._over = True
        self.finished.emit(result)

    def _fail(self, failure: Failure) -> None:
        self._drop_faulty_copy()
        if not self._over:
            self._over = True
            self.failed.emit(failure)
        self._clear_away()

    def _drop_faulty_copy(self) -> None:
        """Delete a copy so that no other run uses it."""
        if self._faulty_copy is not None:
            discard(self._faulty_copy)
            self._faulty_copy = None

    def _clear_away(self) -> None:
        """Delete the files of a failed run; no slot of ``failed`` uses them."""
        output = getattr(self.params, "output", None)
        if output:
            discard(output)
