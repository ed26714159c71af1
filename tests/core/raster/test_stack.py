"""Bands put together from several files keep what each says of itself."""

import itertools

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from core.errors import InputError
from core.raster.reader import open_raster

TYPES = ("uint8", "int16", "uint16", "int32", "uint32", "float32")


def extremes(dtype):
    limits = np.finfo(dtype) if dtype.startswith("float") else np.iinfo(dtype)
    return np.array([[[limits.min, limits.max], [0, 40]]]).astype(dtype)


@pytest.mark.parametrize(("one", "other"), itertools.combinations(TYPES, 2))
def test_values_of_mixed_types_are_kept(make_raster, tmp_path, one, other):
    (tmp_path / "scene").mkdir()
    make_raster(extremes(one), "scene/a_first.tif")
    make_raster(extremes(other), "scene/a_second.tif")
    with open_raster(tmp_path / "scene") as reader:
        values, valid = reader.read(reader.grid.window)
    assert valid.all()
    np.testing.assert_array_equal(values, np.concatenate([extremes(one), extremes(other)]).astype(values.dtype))
    assert float(values[0].max()) == float(extremes(one).max())
    assert float(values[1].max()) == float(extremes(other).max())


def test_names_and_metadata_with_quotes_and_brackets_are_kept(make_raster, tmp_path):
    (tmp_path / "scene").mkdir()
    said = 'he said "B04" & <left> it\'s'
    for name in ("red", "nir"):
        path = make_raster(np.ones((1, 4, 4), "uint16"), f'scene/it\'s a "1" & <2>_{name}.tif')
        with rasterio.open(path, "r+") as file:
            file.update_tags(**{'key "1" <2>': said})
            file.update_tags(1, note=f"{said} {name}")
    with open_raster(tmp_path / "scene") as reader:
        assert reader.info.tags['key "1" <2>'] == said
        assert [tags["note"] for tags in reader.info.band_tags] == [f"{said} nir", f"{said} red"]
        assert reader.info.descriptions == ("nir", "red")


def test_scale_offset_unit_wavelength_and_nodata_of_each_member_are_kept(make_raster, tmp_path):
    (tmp_path / "scene").mkdir()
    for name, scale, offset, unit, nodata in (("a", 1e-4, -0.1, "1", 0), ("b", 0.01, 273.15, "K", -99)):
        path = make_raster(np.full((1, 5, 5), 7, "int16"), f"scene/s_{name}.tif", nodata=nodata)
        with rasterio.open(path, "r+") as file:
            file.scales, file.offsets, file.units = (scale,), (offset,), (unit,)
            file.update_tags(1, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=str(1 + nodata))
            file.update_tags(SENSOR="OLI", BAND=name)
    with open_raster(tmp_path / "scene") as reader:
        info = reader.info
    assert info.scales == (1e-4, 0.01)
    assert info.offsets == (-0.1, 273.15)
    assert info.units == ("1", "K")
    assert info.nodata == (0, -99)
    assert [tags["CENTRAL_WAVELENGTH_UM"] for tags in info.band_tags] == ["1", "-98"]
    assert info.tags["SENSOR"] == "OLI"
    assert [tags["BAND"] for tags in info.band_tags] == ["a", "b"]


def test_masks_and_alpha_of_the_members_make_the_mask_of_the_whole(make_raster, tmp_path):
    (tmp_path / "scene").mkdir()
    mask = np.full((6, 8), 255, "uint8")
    mask[:, :3] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        path = make_raster(np.full((1, 6, 8), 9, "uint16"), "scene/s_red.tif")
        with rasterio.open(path, "r+") as file:
            file.write_mask(mask)
    both = np.stack([np.full((6, 8), 9, "uint16"), mask.astype("uint16") * 257])
    make_raster(both, "scene/s_nir.tif", photometric="MINISBLACK", alpha="YES")
    with open_raster(tmp_path / "scene") as reader:
        _, valid = reader.read(reader.grid.window)
    np.testing.assert_array_equal(valid, mask > 0)


def test_tiles_side_by_side_are_refused_as_one_image(make_raster, tmp_path):
    (tmp_path / "tiles").mkdir()
    for number in range(4):
        place = Affine(10, 0, 300000 + 100 * number, 0, -10, 5000000)
        make_raster(np.ones((1, 10, 10), "float32"), f"tiles/dgm_{number}.tif", transform=place)
    with (
        pytest.raises(InputError, match="cover different ground: they are tiles or scenes"),
        open_raster(tmp_path / "tiles"),
    ):
        pass


def test_a_panchromatic_band_does_not_set_the_grid(make_raster, tmp_path):
    (tmp_path / "scene").mkdir()
    for name, size in (("B3", 30), ("B4", 30), ("B8", 15)):
        pixels = 600 // size
        place = Affine(size, 0, 300000, 0, -size, 5000000)
        make_raster(np.ones((1, pixels, pixels), "uint16"), f"scene/LC08_{name}.TIF", transform=place)
    with open_raster(tmp_path / "scene") as reader:
        assert reader.info.descriptions == ("B3", "B4", "B8")
        assert reader.grid.pixel_size == (30, 30)
