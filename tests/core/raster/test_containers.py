"""Archives and folders that GDAL knows as rasters are read in place."""

import tarfile
import zipfile

import numpy as np
import pytest

from core.raster.reader import open_raster
from core.spectral.recognise import recognise
from tests.core.raster.esri_grid import write_esri_grid

BANDS = ("B2", "B3", "B4")


def _band_files(make_raster, folder):
    folder.mkdir()
    for number, name in enumerate(BANDS, 1):
        values = np.full((1, 8, 8), 7000 + 1000 * number, "uint16")
        path = make_raster(values, f"LC08_L2SP_191029_20230701_20230711_02_T1_SR_{name}.TIF")
        path.rename(folder / path.name)
    return folder


@pytest.mark.parametrize("name", ["product.tar", "product.tgz", "product.tar.gz", "product.zip"])
@pytest.mark.parametrize("within", ["", "LC08_L2SP/"])
def test_a_packed_product_is_read_without_unpacking(make_raster, tmp_path, name, within):
    files = sorted(_band_files(make_raster, tmp_path / "bands").iterdir())
    packed = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(packed, "w") as archive:
            for file in files:
                archive.write(file, within + file.name)
    else:
        with tarfile.open(packed, "w" if name.endswith(".tar") else "w:gz") as archive:
            for file in files:
                archive.add(file, within + file.name)
    with open_raster(packed) as reader:
        found = recognise(reader)
        values, valid = reader.read(reader.grid.window)
    assert (found.sensor, found.band_set.names) == ("landsat8_oli", BANDS)
    assert found.scaling.name == "landsat_c2_l2"
    assert values[:, 0, 0].tolist() == [8000, 9000, 10000]
    assert valid.all()


def test_an_esri_grid_is_its_folder(tmp_path):
    heights = np.linspace(100, 900, 64 * 48).reshape(64, 48).astype("float32")
    folder = write_esri_grid(tmp_path / "dem", heights, 500000.0, 4990000.0, 25.0)
    with open_raster(folder) as reader:
        found = recognise(reader)
        values, valid = reader.read(reader.grid.window)
    assert found.sensor == "dem"
    assert reader.grid.extent == (500000.0, 4990000.0, 501200.0, 4991600.0)
    np.testing.assert_allclose(values[0], heights)
    assert valid.all()
