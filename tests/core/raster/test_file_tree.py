"""The fingerprint of a raster changes with its pixels, wherever they lie, and with nothing else."""

import shutil
import zipfile

import numpy as np
import pytest
import rasterio
import rasterio.shutil

from core.raster.reader import open_raster


def fingerprint(path):
    with open_raster(path) as reader:
        return reader.fingerprint()


def repaint(path, seed):
    """Write other pixels of the same size in place, as long as before."""
    with rasterio.open(path, "r+") as file:
        file.write(np.random.default_rng(seed).integers(0, 255, (3, 64, 64)).astype("uint8"))


@pytest.fixture
def picture(make_raster):
    return make_raster(np.random.default_rng(0).integers(0, 255, (3, 64, 64)).astype("uint8"), "picture.tif")


def virtual(source, target):
    rasterio.shutil.copy(source, target, driver="VRT")
    return target


def test_a_picture_behind_two_virtual_rasters_counts(picture, tmp_path):
    outer = virtual(virtual(picture, tmp_path / "inner.vrt"), tmp_path / "outer.vrt")
    before = fingerprint(outer)
    assert fingerprint(outer) == before
    repaint(picture, 1)
    assert fingerprint(outer) != before


def test_the_archive_around_a_picture_counts(picture, tmp_path):
    archive = tmp_path / "scene.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(picture, "scene/picture.tif")
    names = (
        archive,
        f"/vsizip/{archive}/scene/picture.tif",
        virtual(f"/vsizip/{archive}/scene/picture.tif", tmp_path / "v.vrt"),
    )
    before = [fingerprint(name) for name in names]
    repaint(picture, 1)
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(picture, "scene/picture.tif")
    assert all(now != then for now, then in zip([fingerprint(name) for name in names], before, strict=True))


def test_every_file_of_a_folder_of_bands_counts(picture, make_raster, tmp_path):
    (tmp_path / "scene").mkdir()
    for name in ("red", "nir"):
        make_raster(np.ones((1, 8, 8), "uint16"), f"scene/s_{name}.tif")
    before = fingerprint(tmp_path / "scene")
    with rasterio.open(tmp_path / "scene" / "s_nir.tif", "r+") as file:
        file.write(np.full((1, 8, 8), 2, "uint16"))
    assert fingerprint(tmp_path / "scene") != before


def test_overviews_and_masks_beside_a_picture_count(picture):
    before = fingerprint(picture)
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(picture, "r+") as file:
        file.build_overviews([2])
    assert fingerprint(picture) != before


@pytest.mark.parametrize("name", ["picture.tif.aux.xml", "picture.qml", "picture.tfw", "picture.txt"])
def test_companions_that_hold_no_pixels_do_not_count(picture, tmp_path, name):
    before = fingerprint(picture)
    content = "<PAMDataset><Metadata><MDI key='STATISTICS_MEAN'>3</MDI></Metadata></PAMDataset>"
    if name.endswith(".tfw"):
        content = "\n".join(["10", "0", "0", "-10", "500005", "4999995"])
    (tmp_path / name).write_text(content)
    assert fingerprint(picture) == before


def test_a_zarr_store_counts_by_its_chunks(tmp_path):
    from tests.core.spectral.case_rasters import zarr_heights

    path = zarr_heights(tmp_path)
    before = fingerprint(path)
    shutil.rmtree(path)
    (tmp_path / "other").mkdir()
    zarr_heights(tmp_path)
    assert fingerprint(path) != before
