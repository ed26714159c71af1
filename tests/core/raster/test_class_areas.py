import csv

import numpy as np
import pytest
from rasterio.transform import Affine

from core.errors import InputError
from core.raster.areas import class_areas, write_areas
from core.raster.pixel_areas import row_areas_hectares
from core.raster.reader import open_raster


def areas_of(path):
    with open_raster(path) as reader:
        return {area.code: area for area in class_areas(reader)}


def test_projected_areas_are_pixels_times_their_size(make_raster):
    codes = np.full((1, 700, 40), 3, "uint8")
    codes[0, :100] = 7
    codes[0, 600:] = 0
    areas = areas_of(make_raster(codes, nodata=0))
    assert set(areas) == {3, 7}
    assert areas[3].hectares == pytest.approx(500 * 40 * 0.01)
    assert areas[7].pixels == 4000
    assert areas[3].share + areas[7].share == pytest.approx(1)


def test_geographic_areas_follow_the_ellipsoid(make_raster):
    codes = np.ones((1, 180, 360), "uint8")
    codes[0, 90:] = 2
    path = make_raster(codes, crs="EPSG:4326", transform=Affine(1, 0, -180, 0, -1, 90))
    areas = areas_of(path)
    assert areas[1].hectares == pytest.approx(25503281086.2, rel=1e-9)
    assert areas[1].hectares == pytest.approx(areas[2].hectares)
    with open_raster(path) as reader:
        rows = row_areas_hectares(reader.grid)
    assert rows[0] < rows[89] / 50


def test_without_a_reference_system_pixels_still_count(make_raster):
    areas = areas_of(make_raster(np.ones((1, 5, 5), "uint8"), crs=None, transform=Affine.identity()))
    assert areas[1].pixels == 25
    assert np.isnan(areas[1].hectares)
    assert areas[1].share == 1.0


def test_a_site_s_own_reference_system_does_not_keep_pixels_from_counting(make_raster):
    areas = areas_of(make_raster(np.ones((1, 5, 5), "uint8"), crs='LOCAL_CS["site",UNIT["metre",1]]'))
    assert (areas[1].pixels, areas[1].share) == (25, 1.0)
    assert np.isnan(areas[1].hectares)


def test_an_image_is_no_map_of_classes(make_raster):
    values = np.arange(4000).reshape(1, 50, 80).astype("uint16")
    with pytest.raises(InputError, match="not a map of classes"):
        areas_of(make_raster(values))


def test_the_table_names_classes(make_raster, tmp_path):
    with open_raster(make_raster(np.ones((1, 5, 5), "uint8"))) as reader:
        write_areas(tmp_path / "areas.csv", class_areas(reader), {1: "Bäume, dicht"})
    rows = list(csv.reader((tmp_path / "areas.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["code", "class", "hectares", "percent", "pixels"]
    assert rows[1] == ["1", "Bäume, dicht", "0.2500", "100.000", "25"]


def test_unknown_hectares_are_an_empty_cell(make_raster, tmp_path):
    with open_raster(make_raster(np.ones((1, 5, 5), "uint8"), crs=None, transform=Affine.identity())) as reader:
        write_areas(tmp_path / "areas.csv", class_areas(reader), {1: "trees"})
    assert (tmp_path / "areas.csv").read_text().splitlines()[1] == "1,trees,,100.000,25"
