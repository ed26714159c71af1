"""A small random model and a raster with structure: what a feature store keeps does not depend on what was learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
import torch.nn.functional as F
from model_configs import SMALL
from rasterio.transform import from_origin
from small_model import model

from core.context import Context
from core.dense.features import DenseFeatures, open_features
from core.dense.store import FeatureStore
from core.model.geolangbind import GeoLangBind
from core.raster.reader import open_raster
from core.spectral.bands import Band, BandSet
from core.spectral.scaling import Scaling, scaling_preset

__all__ = ["model"]

RGB = BandSet.of(
    [Band("red", 0.665, kind="display"), Band("green", 0.56, kind="display"), Band("blue", 0.49, kind="display")]
)


@dataclass(frozen=True)
class Reading:
    """The part of a recognition that features need."""

    band_indexes: tuple[int, ...]
    band_set: BandSet
    scaling: Scaling


@pytest.fixture(scope="session")
def texts() -> torch.Tensor:
    return F.normalize(torch.randn(5, SMALL["embed_dim"], generator=torch.Generator().manual_seed(2)), dim=1)


@pytest.fixture
def write_raster(tmp_path: Path) -> Callable[..., Path]:
    def write(
        height: int = 700, width: int = 900, name: str = "scene.tif", hole: tuple[slice, slice] | None = None
    ) -> Path:
        generator = np.random.default_rng(3)
        coarse = generator.uniform(20, 235, (3, height // 40 + 2, width // 40 + 2))
        values = np.kron(coarse, np.ones((1, 40, 40)))[:, :height, :width] + generator.normal(0, 8, (3, height, width))
        values = values.clip(1, 255).astype(np.uint8)
        if hole is not None:
            values[:, hole[0], hole[1]] = 0
        path = tmp_path / name
        profile = {
            "driver": "GTiff", "dtype": "uint8", "count": 3, "height": height, "width": width, "nodata": 0,
            "crs": "EPSG:32632", "transform": from_origin(600000, 5000000, 10, 10), "tiled": True,
        }  # fmt: skip
        with rasterio.open(path, "w", **profile) as file:
            file.write(values)
        return path

    return write


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "cache")


@pytest.fixture
def open_dense(model: GeoLangBind) -> Callable[..., object]:
    @contextmanager
    def opened(
        path: Path,
        store: FeatureStore | None = None,
        *,
        resolution: float | None = None,
        context: Context | None = None,
        bands: tuple[int, ...] = (1, 2, 3),
        head: str | None = None,
    ) -> Iterator[DenseFeatures]:
        band_set = BandSet(tuple(RGB.bands[band - 1] for band in bands))
        scaling = scaling_preset("uint8").scaling(band_set)
        with open_raster(path, resolution=resolution) as raster:
            yield open_features(
                model, raster, Reading(bands, band_set, scaling), store=store, context=context, head=head
            )

    return opened
