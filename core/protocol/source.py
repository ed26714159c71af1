"""Sources: rasters with the user's settings of their bands."""

from __future__ import annotations

from dataclasses import dataclass

from .parameters import parameter

Extent = tuple[float, float, float, float]
"""(xmin, ymin, xmax, ymax) in the coordinate reference system of the source raster."""


@dataclass(frozen=True)
class Source:
    """A raster and the user's settings of its bands; settings of None are recognised."""

    path: str = parameter(help="file, folder, VRT, NetCDF or http(s) address of a COG", metavar="raster")
    sensor: str | None = parameter(None, help="name in resources/sensors.toml; recognised where left out")
    bands: tuple[int, ...] | None = parameter(None, help="band numbers, from 1", metavar="4,3,2", comma_separated=True)
    wavelengths_um: tuple[float, ...] | None = parameter(
        None,
        help="centre wavelength of each band in µm",
        option="--wavelengths",
        metavar="0.665,…",
        comma_separated=True,
        above=0.0,
    )
    scaling: str | None = parameter(None, help="scaling preset; recognised where left out")
    collar: str = parameter(
        "keep",
        help="whether a border of one exact value is data (keep) or nodata (mask)",
        choices=("keep", "mask"),
    )
