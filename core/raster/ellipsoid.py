"""Areas and lengths on the Earth's ellipsoid, from a coordinate reference system's own figure of the Earth."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS

Doubles = NDArray[np.float64]

_SPHEROID = re.compile(r'(?:SPHEROID|ELLIPSOID)\["[^"]*",\s*([0-9.eE+]+),\s*([0-9.eE+]+)')


@dataclass(frozen=True)
class Ellipsoid:
    """A figure of the Earth.

    Attributes:
        semi_major_axis_m: equatorial radius in metres.
        flattening: 0 for a sphere.
    """

    semi_major_axis_m: float = 6378137.0
    flattening: float = 1 / 298.257223563

    @property
    def squared_eccentricity(self) -> float:
        """First eccentricity squared."""
        return self.flattening * (2.0 - self.flattening)

    def zone_m2_per_radian(self, latitude_degrees: Doubles | float) -> Doubles:
        """Return the area between the equator and a latitude, per radian of longitude, in m²; negative in the south.

        The authalic integral b²/2 · (sin φ / (1 - e² sin² φ) + artanh(e sin φ) / e), see Snyder, Map Projections
        (1987), 3-12.
        """
        sine = np.sin(np.radians(np.clip(np.asarray(latitude_degrees, dtype=np.float64), -90.0, 90.0)))
        squared = self.squared_eccentricity
        if squared == 0.0:
            return np.asarray(self.semi_major_axis_m**2 * sine)
        eccentricity = math.sqrt(squared)
        inner = sine / (1.0 - squared * sine**2) + np.arctanh(eccentricity * sine) / eccentricity
        return np.asarray(self.semi_major_axis_m**2 * (1.0 - squared) / 2.0 * inner)

    def polygon_m2(self, longitudes: Doubles, latitudes: Doubles) -> Doubles:
        """Return the area of small polygons in m², edges taken straight in (longitude, authalic) space.

        Args:
            longitudes: (..., corners) in degrees.
            latitudes: (..., corners) in degrees.
        """
        x = np.radians(longitudes)
        zone = self.zone_m2_per_radian(latitudes)
        step = np.roll(x, -1, axis=-1) - x
        step = (step + np.pi) % (2 * np.pi) - np.pi  # a pixel across the antimeridian
        return np.abs(np.sum(step * (zone + np.roll(zone, -1, axis=-1)) / 2.0, axis=-1))

    def metres_per_degree(self, latitude_degrees: float) -> tuple[float, float]:
        """Return the length in metres of one degree of longitude and one of latitude at a latitude."""
        squared = self.squared_eccentricity
        latitude = math.radians(max(-90.0, min(90.0, latitude_degrees)))
        denominator = 1.0 - squared * math.sin(latitude) ** 2
        east = math.radians(1.0) * self.semi_major_axis_m * math.cos(latitude) / math.sqrt(denominator)
        north = math.radians(1.0) * self.semi_major_axis_m * (1.0 - squared) / denominator**1.5
        return east, north


@cache
def ellipsoid_of(crs_wkt: str) -> Ellipsoid:
    """Read the ellipsoid out of a coordinate reference system; WGS 84 where it names none."""
    found = _SPHEROID.search(crs_wkt)
    if found is None:
        return Ellipsoid()
    inverse = float(found.group(2))
    return Ellipsoid(float(found.group(1)), 1.0 / inverse if inverse else 0.0)


@cache
def parsed_crs(crs_wkt: str) -> CRS:
    """Return the coordinate reference system of a WKT text; cached because parsing is slow."""
    return CRS.from_wkt(crs_wkt)


@cache
def metres_per_unit(crs_wkt: str) -> float | None:
    """Return the length of one unit of a projected reference system in metres; None for degrees and unknown units."""
    crs = parsed_crs(crs_wkt)
    if not crs.is_projected:
        return None
    return float(crs.linear_units_factor[1])


@cache
def degrees_per_unit(crs_wkt: str) -> float:
    """Return the size in degrees of one unit of a geographic reference system, 0.9 for grads; 1 for other systems."""
    crs = parsed_crs(crs_wkt)
    return math.degrees(float(crs.units_factor[1])) if crs.is_geographic else 1.0
