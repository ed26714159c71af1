"""A coarse answer first: the whole window at few pixels, seen while the fine answer is being computed."""

from __future__ import annotations

from pathlib import Path

from core.tasks.scene import Scene

PREVIEW_PIXELS = 384
"""Longer side of a preview; windows up to twice as long are computed at once."""


def preview_resolution(scene: Scene) -> float | None:
    """Give the pixel size of a preview, in the raster's units; None where the window is small enough without one."""
    longer = max(scene.window.width, scene.window.height)
    if longer <= 2 * PREVIEW_PIXELS:
        return None
    return max(scene.raster.grid.pixel_size) * longer / PREVIEW_PIXELS


def preview_path(output: str) -> Path:
    """Give the preview's file, beside the output."""
    target = Path(output)
    return target.with_name(f"{target.stem}.preview{target.suffix or '.tif'}")


def report_nothing(fraction: float, message: str) -> None:
    """Keep the progress of a preview to itself."""
