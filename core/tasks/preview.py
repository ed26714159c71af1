"""Coarse previews: the whole window at low resolution, before the full result is computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.context import Context
from core.protocol import ClassifyParams, HighlightParams
from core.raster.grid import extent_of_window
from core.tasks.scene import Scene, open_scene

PREVIEW_PIXELS = 256
"""Longer side of a preview in pixels: one window of the model."""
WITHOUT_PREVIEW = 768
"""Longer side in pixels of a window up to which no preview is made."""


def write_preview(
    params: HighlightParams | ClassifyParams, scene: Scene, write: Callable[[Scene, str], object], context: Context
) -> None:
    """Writes a coarse preview where one is requested and the window is large.

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
    with open_scene(params.source, extent=params.extent, resolution=resolution) as coarse:
        write(coarse, str(path))
        extent = extent_of_window(coarse.raster.grid, coarse.window)
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
