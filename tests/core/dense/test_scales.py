"""Pictures finer than a model's coarsest scale are encoded at coarser pixel sizes as well, and stored apart."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import torch
from model_configs import EFFICIENT
from rasterio.transform import from_origin

from core.dense.encode import DenseEncoder
from core.dense.scales import averaged_scales, scales_of
from core.model.geolangbind import create_model
from core.raster.grid import GridSpec
from core.spectral.bands import Band, BandSet

RGB = BandSet.of(Band(name, wavelength) for name, wavelength in (("R", 0.665), ("G", 0.56), ("B", 0.49)))


def grid_of(pixel: float, crs: str | None = "EPSG:32632", north: float = 5_000_000.0) -> GridSpec:
    with rasterio.io.MemoryFile() as memory:
        profile = {
            "driver": "GTiff", "dtype": "uint8", "count": 1, "height": 300, "width": 300,
            "transform": from_origin(600_000, north, pixel, pixel), "crs": crs,
        }  # fmt: skip
        with memory.open(**profile) as file:
            return GridSpec(file.crs.to_wkt() if file.crs else None, file.transform, file.width, file.height)


@pytest.mark.parametrize(
    ("pixel", "scales"), [(0.02, (1, 2, 4, 8)), (0.075, (1, 2, 4)), (0.15, (1, 2)), (0.3, (1,)), (10.0, (1,))]
)
def test_the_pixel_size_determines_the_scales(pixel, scales):
    assert scales_of(grid_of(pixel), 0.3) == scales


def test_pixels_of_web_maps_are_measured_on_the_ground():
    assert scales_of(grid_of(0.298, "EPSG:3857", north=10_000.0), 0.3) == (1,)
    assert scales_of(grid_of(0.298, "EPSG:3857", north=9_000_000.0), 0.3) == (1, 2)


@pytest.mark.parametrize(("crs", "coarsest"), [(None, 0.3), ("EPSG:32632", 0.0)])
def test_without_a_pixel_size_or_where_the_model_does_not_ask_for_it_there_is_one_scale(crs, coarsest):
    assert scales_of(grid_of(0.05, crs), coarsest) == (1,)


def test_features_are_the_mean_over_the_scales():
    images = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))

    def cells(values: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(values, 4)

    found = averaged_scales(cells, images, (1, 2))
    coarser = torch.nn.functional.avg_pool2d(images, 8)
    expected = (cells(images) + torch.nn.functional.interpolate(coarser, scale_factor=2, mode="bilinear")) / 2
    torch.testing.assert_close(found, expected)
    assert torch.equal(averaged_scales(cells, images, (1,)), cells(images))


def test_an_encoder_has_the_scales_of_its_picture_and_a_label_of_its_own():
    torch.manual_seed(3)
    model = create_model({**EFFICIENT, "multi_scale_m": 0.3})
    fine, coarse = (DenseEncoder.on(model, RGB, grid_of(pixel)) for pixel in (0.1, 1.0))
    assert fine.label != coarse.label
    image = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(2)) * 2 - 1
    assert fine.encode(image).shape == coarse.encode(image).shape
    assert not np.allclose(fine.encode(image).numpy(), coarse.encode(image).numpy())
