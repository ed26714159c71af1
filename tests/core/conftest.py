"""Rasters that tests make for themselves, and the real scenes where they are present."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import settings
from model_configs import TINY_WITH_WORDS
from rasterio.transform import Affine

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

SCENES = Path(__file__).resolve().parents[3] / "shared" / "data" / "scenes"


@pytest.fixture
def scenes():
    """The folder of real scenes; skips where it is absent."""
    if not SCENES.is_dir():
        pytest.skip("the real scenes of ../shared/data are not here")
    return SCENES


@pytest.fixture
def make_raster(tmp_path):
    """Write an array (C, H, W) as a raster and give its path; other keywords go to rasterio."""

    def make(values, name="raster.tif", *, names=None, tags=None, band_tags=None, **profile):
        values = np.asarray(values)
        options = {
            "driver": "GTiff",
            "crs": "EPSG:32633",
            "transform": Affine(10, 0, 500000, 0, -10, 5000000),
        } | profile
        path = tmp_path / name
        count, height, width = values.shape
        with rasterio.open(
            path, "w", count=count, height=height, width=width, dtype=values.dtype.name, **options
        ) as dataset:
            dataset.write(values)
            dataset.update_tags(**(tags or {}))
            for number, band_name in enumerate(names or (), 1):
                dataset.set_band_description(number, band_name)
            for number, entries in enumerate(band_tags or (), 1):
                dataset.update_tags(number, **entries)
        return path

    return make


@pytest.fixture(scope="session")
def tiny_config():
    """The configuration of a model small enough to learn in a second."""
    return TINY_WITH_WORDS


@pytest.fixture(scope="session")
def painted_model():
    """The model that sees the painted covers; see ``painted``."""
    from painted import make_painted_model  # imports torch, which many tests do without

    return make_painted_model()
