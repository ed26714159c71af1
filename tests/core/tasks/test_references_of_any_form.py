"""References and labels are taken in every form in which a raster may be named."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from core.context import Context
from core.finetune.labels import open_labels
from core.protocol import AccuracyParams
from core.raster.reader import open_raster
from core.tasks import accuracy

PLACE = {"crs": "EPSG:32633", "transform": Affine(10, 0, 500000, 0, -10, 5000000)}


def codes():
    values = np.ones((1, 50, 60), "uint8")
    values[:, 25:] = 2
    return values


@pytest.fixture
def map_of_codes(make_raster):
    return make_raster(codes(), "map.tif", nodata=0, tags={"CLASS_1": "water", "CLASS_2": "crops"})


def envi(tmp_path):
    with rasterio.open(
        tmp_path / "ref.dat", "w", driver="ENVI", count=1, height=50, width=60, dtype="uint8", **PLACE
    ) as file:
        file.write(codes())
    return tmp_path / "ref.hdr"


def folder(tmp_path):
    (tmp_path / "reference").mkdir()
    with rasterio.open(
        tmp_path / "reference" / "ref.tif", "w", driver="GTiff", count=1, height=50, width=60, dtype="uint8", **PLACE
    ) as file:
        file.write(codes())
    return tmp_path / "reference"


def virtual(tmp_path):
    return f"vrt://{folder(tmp_path) / 'ref.tif'}?bands=1"


@pytest.mark.parametrize("make", [envi, folder, virtual], ids=lambda make: make.__name__)
def test_a_reference_raster_may_be_a_header_a_folder_or_anything_gdal_opens(tmp_path, map_of_codes, make):
    found = accuracy.run(AccuracyParams(str(map_of_codes), str(make(tmp_path))), Context())
    assert found["overall"] == 1.0
    assert found["samples"] == 3000


@pytest.mark.parametrize("make", [envi, folder], ids=lambda make: make.__name__)
def test_labels_may_be_a_header_or_a_folder(tmp_path, make, map_of_codes):
    with (
        open_labels(str(make(tmp_path)), names={"1": "water", "2": "crops"}) as labels,
        open_raster(map_of_codes) as raster,
    ):
        drawn = labels.read(raster.grid, raster.grid.window)
    assert labels.classes == ("water", "crops")
    np.testing.assert_array_equal(drawn, codes()[0].astype(int) - 1)


def test_classes_that_the_reference_calls_otherwise_are_mapped(tmp_path, map_of_codes):
    values = codes() + 40
    with rasterio.open(
        tmp_path / "other.tif", "w", driver="GTiff", count=1, height=50, width=60, dtype="uint8", **PLACE
    ) as file:
        file.write(values)
    params = AccuracyParams(str(map_of_codes), str(tmp_path / "other.tif"), names={"41": "water", "42": "crops"})
    assert accuracy.run(params, Context())["overall"] == 1.0
