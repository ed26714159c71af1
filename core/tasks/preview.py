"""Coarse previews: the whole window at low resolution, before the full result is computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.context import Context
from core.protocol import ClassifyParams, HighlightParams
from core.raster.grid import extent_of_window, window_of_extent
from core.raster.reader import open_raster
from core.tasks.scene import Scene

PREVIEW_PIXELS = 192
"""Longer side of a preview in pixels: less than a window of the model, since who looks on waits for it."""
WITHOUT_PREVIEW = 768
"""Longer side in pixels of a window up to which no preview is made."""


def write_preview(
    params: HighlightParams | ClassifyParams, scene: Scene, write: Callable[[Scene, str], object], context: Context
) -> None:
    """Writes a coarse preview where one is requested and the window is large; its features are not stored.

    Args:
        params: parameters of the task.
        scene: at its full resolution.
        write: computes the result for a scene and writes it to a path.
        context: called with the step's name and with the file as ``preview`` {path, extent, stage}.
    """
    resolution = _preview_resolution(scene) if params.preview else None
    if resolution is None:
        return
    context.progress(0.0, "Making a coarse answer first")
    path = _preview_path(params.output)
    source = params.source
    with open_raster(source.path, resolution=resolution, collar=source.collar) as raster:
        part = raster.part(window_of_extent(raster.grid, params.extent))
        # What lies around the part is not looked at: the fewer pixels, the sooner the answer.
        write(Scene(part, scene.recognition, part.grid.window, stored=False), str(path))
        extent = extent_of_window(part.grid, part.grid.window)
    context.notify("preview", {"path": str(path), "extent": list(extent), "stage": "coarse"})


def _preview_resolution(scene: Scene) -> float | None:
    """Returns the pixel size of a preview, in the raster's units; None where the window is small enough without one."""
    longer = max(scene.window.width, scene.window.height)
    if longer <= WITHOUT_PREVIEW:
        return None
    return max(scene.raster.grid.pixel_size) * longer / PREVIEW_PIXELS


def _preview_path(output: str) -> Path:
    """Returns the preview's file, beside the output."""
    target = Path(output)
    return target.with_name(f"{target.stem}.preview{target.suffix or '.tif'}")
