"""Scores and class maps turned into polygons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.context import Context
from core.protocol import HighlightParams, PolygoniseParams
from core.raster.vectors import BandPolygons, PolygonShape, write_band_polygons


def run(params: PolygoniseParams, context: Context) -> dict[str, Any]:
    """Convert scores above a threshold, or every class of a map, to polygons.

    Args:
        params: parameters of the task.
        context: reports the progress; its cancel token is looked at between strips.

    Returns:
        output, polygons (their number).

    Raises:
        InputError: the raster cannot be read.
        OutputError: the file cannot be written.
    """
    shape = replace(polygon_shape(params), classes=params.classes)
    bands = tuple((band, params.threshold) for band in params.bands or (params.band,))
    source = BandPolygons(params.raster, bands, shape=shape, context=context)
    return {"output": params.output, "polygons": write_band_polygons(source, params.output)}


def polygon_shape(params: HighlightParams | PolygoniseParams) -> PolygonShape:
    """Returns how polygons are drawn, from the parameters that both tasks have."""
    return PolygonShape(
        min_area_m2=params.min_area_m2,
        simplify_m=params.simplify_m,
        smooth=params.smooth,
        separate=params.separate,
        right_angles=params.right_angles,
        crs=params.vector_crs,
    )
