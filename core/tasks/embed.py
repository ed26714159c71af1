"""Computes dense features before the first prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.context import Context
from core.dense.cache import open_cache
from core.errors import OutputError
from core.protocol import EmbedParams
from core.raster.failures import without_password
from core.tasks.scene import open_scene

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind


def run(params: EmbedParams, context: Context) -> dict[str, Any]:
    """Compute and store the features of a raster, or of a part of it; stored ones are not computed again.

    Args:
        params: parameters of the task.
        context: reports progress; cancellation is checked between two batches; finished chunks are kept.

    Returns:
        raster, store (folder of the entry), chunks, chunks_computed, bytes, sensor, model.

    Raises:
        OutputError: the store cannot be written.
        GeoLangBindError: the raster or the model cannot be used.
    """
    with open_scene(params.source, extent=params.extent) as scene:
        context.progress(0.0, "Loading the model")
        model: GeoLangBind = context.models.get(params.model, params.device)
        features = scene.features(model, context=context)
        cells = features.plan.cells(scene.window)
        wanted, missing = features.layout.chunks_in(cells), features.missing(cells)
        features.compute(
            cells, lambda done, of: context.progress(done / of, f"Embedding {without_password(params.source.path)}")
        )
        if features.folder is None:
            raise OutputError(
                f"The feature store at {open_cache().root} cannot be written, so nothing was kept.",
                hint="Free some space, or name another folder with GEOLANGBIND_CACHE.",
            )
        context.progress(1.0, f"Embedding {without_password(params.source.path)}")
        return {
            "raster": params.source.path,
            "store": str(features.folder),
            "chunks": len(wanted),
            "chunks_computed": len(missing),
            "bytes": sum(file.stat().st_size for file in features.folder.rglob("*") if file.is_file()),
            "sensor": scene.recognition.sensor,
            "model": params.model,
        }
