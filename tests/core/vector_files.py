"""Vector files with one attribute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely


def write_vector(
    path: Path,
    geometries: Sequence[shapely.Geometry],
    values: Sequence[Any],
    *,
    field: str = "class",
    crs: str | None = "EPSG:32632",
    kind: str = "Unknown",
) -> Path:
    """Write geometries with one attribute each; the file's ending says the format.

    Args:
        path: file to write.
        geometries: of any kind, which ``kind`` names where the format holds one kind alone.
        values: of the attribute.
        field: its name.
        crs: of the coordinates.
        kind: "Point", "Polygon", … or "Unknown".
    """
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(geometries, object)),
        [np.array(values)],
        np.array([field], object),
        geometry_type=kind,
        crs=crs,
    )
    return path
