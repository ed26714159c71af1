"""Copies of layers that only QGIS can read, kept for the session, so that a second prompt fetches nothing."""

from __future__ import annotations

from pathlib import Path

from geolangbind_qgis.layers.export_grid import ExportGrid
from geolangbind_qgis.layers.results_folder import new_file
from geolangbind_qgis.layers.snapshot import LayerSnapshot


class LayerCopies:
    """The most recent finished copies by layer and grid."""

    def __init__(self, limit: int = 8) -> None:
        self._limit = limit
        self._paths: dict[tuple[str, ExportGrid], Path] = {}

    def find(self, snapshot: LayerSnapshot, grid: ExportGrid) -> Path | None:
        """Returns the copy of exactly these pixels; None if there is none."""
        path = self._paths.get((snapshot.layer_id, grid))
        return path if path is not None and path.is_file() else None

    def of_layer(self, layer_id: str) -> list[Path]:
        """Returns the registered copies of a layer, the newest last."""
        return [path for (found, _), path in self._paths.items() if found == layer_id]

    def new_path(self, snapshot: LayerSnapshot) -> Path:
        """Returns a path for a new copy."""
        return new_file(f"copy of {snapshot.name}")

    def add(self, snapshot: LayerSnapshot, grid: ExportGrid, path: Path) -> None:
        """Register a finished copy."""
        self._paths[snapshot.layer_id, grid] = path
        while len(self._paths) > self._limit:
            oldest = next(iter(self._paths))
            self._paths.pop(oldest).unlink(missing_ok=True)
