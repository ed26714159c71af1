"""Scores and class maps turned into polygons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.progress import CancelToken, Progress
from core.protocol import PolygoniseParams
from core.raster.vectors import BandPolygons, PolygonShape, write_band_polygons

if TYPE_CHECKING:
    from core.model.model_cache import ModelCache


def run(
    params: PolygoniseParams,
    *,
    progress: Progress,
    cancel: CancelToken,
    notify: Callable[[str, dict[str, Any]], None] | None = None,
    models: ModelCache | None = None,
) -> dict[str, Any]:
    """Outline where a score reaches a threshold, or every class of a map.

    Args:
        params: what is asked for.
        progress: told the fraction done.
        cancel: looked at between strips.
        notify: not used.
        models: not used.

    Returns:
        output, polygons (their number).

    Raises:
        InputError: the raster cannot be read.
        OutputError: the file cannot be written.
    """
    shape = PolygonShape(
        min_area_m2=params.min_area_m2,
        simplify_m=params.simplify_m,
        smooth=params.smooth,
        separate=params.separate,
        right_angles=params.right_angles,
        classes=params.classes,
        crs=params.vector_crs,
    )
    bands = tuple((band, params.threshold) for band in params.bands or (params.band,))
    source = BandPolygons(params.raster, bands, shape=shape, progress=progress, cancel=cancel)
    return {"output": params.output, "polygons": write_band_polygons(source, params.output)}
