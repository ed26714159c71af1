"""Scores and class maps turned into polygons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyogrio

from core.progress import CancelToken, Progress, no_progress
from core.protocol import PolygoniseParams
from core.raster.staging import GEOPACKAGE, output_failure, staging
from core.raster.vectors import polygonise

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
        OutputError: the GeoPackage cannot be written.
    """
    count = polygonise(
        params.raster,
        params.output,
        band=params.band,
        threshold=params.threshold,
        min_area_m2=params.min_area_m2,
        simplify_m=params.simplify_m,
        smooth=params.smooth,
        progress=progress,
        cancel=cancel,
    )
    return {"output": params.output, "polygons": count}


def write_score_polygons(
    raster: str,
    output: str,
    *,
    names: Sequence[str],
    thresholds: Sequence[float],
    min_area_m2: float,
    simplify_m: float,
    smooth: bool,
    cancel: CancelToken,
) -> int:
    """Outline every band of a score raster; several prompts become several layers of one GeoPackage.

    Each band has its own threshold.

    Returns:
        The number of polygons.

    Raises:
        OutputError: the GeoPackage cannot be written; nothing is left behind.
    """

    def outline(band: int, target: str | Path) -> int:
        return polygonise(
            raster,
            target,
            band=band,
            threshold=thresholds[band - 1],
            min_area_m2=min_area_m2,
            simplify_m=simplify_m,
            smooth=smooth,
            progress=no_progress,
            cancel=cancel,
        )

    if len(names) == 1:
        return outline(1, output)
    target = Path(output)
    with staging(target, GEOPACKAGE, [raster]) as folder:
        count = 0
        for band, name in enumerate(names, start=1):
            part = folder / "part.gpkg"
            count += outline(band, part)
            try:
                meta, _, geometry, columns = pyogrio.raw.read(part)
                pyogrio.raw.write(
                    folder / target.name,
                    geometry,
                    columns,
                    meta["fields"],
                    layer=f"{band} {name}",
                    driver="GPKG",
                    geometry_type="Polygon",
                    crs=meta["crs"],
                    append=band > 1,
                )
            except Exception as problem:  # pyogrio's errors have no public base
                raise output_failure(target, problem) from problem
            part.unlink()
    return count
