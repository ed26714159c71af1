"""Pixels have the size on the ground that their reference system's unit gives them."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from core.raster.grid import GridSpec
from core.raster.pixel_areas import pixel_size_m, row_areas_hectares


def grid(epsg: int, size: float, top: float) -> GridSpec:
    return GridSpec(CRS.from_epsg(epsg).to_wkt(), Affine(size, 0, 0, 0, -size, top), 12, 10)


def test_a_system_in_grads_measures_as_the_same_one_in_degrees():
    """NTF (Paris) counts in grads of 0.9 degrees, NTF in degrees; both lie on one ellipsoid."""
    grads, degrees = grid(4807, 0.01, 52.0), grid(4275, 0.009, 46.8)
    np.testing.assert_allclose(row_areas_hectares(grads), row_areas_hectares(degrees), rtol=1e-6)
    assert pixel_size_m(grads) == pytest.approx(pixel_size_m(degrees), rel=1e-6)


def test_a_system_in_feet_measures_as_the_same_one_in_metres():
    """EPSG:2263 is New York's plane in US survey feet, EPSG:32118 in metres."""
    foot = 1200 / 3937
    feet, metres = grid(2263, 100.0, 200_000.0), grid(32118, 100.0 * foot, 200_000.0 * foot)
    np.testing.assert_allclose(row_areas_hectares(feet), row_areas_hectares(metres), rtol=1e-6)
    assert pixel_size_m(feet) == pytest.approx(pixel_size_m(metres), rel=1e-6)
