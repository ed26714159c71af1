import warnings

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform as transform_coordinates
from vector_files import write_vector

from core.errors import InputError
from core.raster.grid import GridSpec
from core.raster.labels import is_vector, label_field, read_labels
from core.raster.pixel_window import PixelWindow

GRID = GridSpec(CRS.from_epsg(32633).to_wkt(), Affine(10, 0, 500000, 0, -10, 5000000), 60, 50)


def drawn_labels(path, classes=None):
    """The labels on the grid (height, width), 0 for none, and the class names."""
    labels = read_labels(path, "class", classes=classes)
    return labels.rasterised(GRID), labels.classes


@pytest.fixture
def make_vector(tmp_path):
    def make(geometries, values, name="labels.gpkg", field="class", crs="EPSG:32633", kind="Unknown"):
        return write_vector(tmp_path / name, geometries, values, field=field, crs=crs, kind=kind)

    return make


def test_polygons_lines_and_points_are_drawn(make_vector):
    path = make_vector(
        [
            shapely.box(500100, 4999800, 500200, 4999900),
            shapely.LineString([(500305, 4999995), (500305, 4999505)]),
            shapely.Point(500555, 4999555),
        ],
        ["water", "road", "tree"],
    )
    drawn, classes = drawn_labels(path)
    assert classes == ("road", "tree", "water")
    assert (drawn[10:20, 10:20] == 3).all()
    assert (drawn == 3).sum() == 100
    assert (drawn[:, 30] == 1).sum() >= 49
    assert drawn[44, 55] == 2
    assert (drawn == 2).sum() == 1


def test_labels_in_another_reference_system_land_in_the_same_place(make_vector):
    square = shapely.box(500100, 4999800, 500200, 4999900)
    here, _ = drawn_labels(make_vector([square], ["a"]))
    x, y = transform_coordinates("EPSG:32633", "EPSG:4326", *shapely.get_coordinates(square).T)
    elsewhere = make_vector([shapely.Polygon(zip(x, y, strict=True))], ["a"], "ll.geojson", crs="EPSG:4326")
    there, _ = drawn_labels(elsewhere)
    np.testing.assert_array_equal(here, there)


def test_the_first_of_several_layers_is_read_and_named(make_vector):
    path = make_vector([shapely.box(500100, 4999700, 500300, 4999900)], ["a"], "both.gpkg")
    pyogrio.raw.write(
        path, shapely.to_wkb([shapely.Point(500555, 4999555)]), [np.array(["b"], object)], ["kind"],
        layer="others", driver="GPKG", geometry_type="Point", crs="EPSG:32633",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert is_vector(path)
        labels = read_labels(path, label_field(path, None))
    assert labels.classes == ("a",)
    assert "has 2 layers; the first, both, is used" in labels.remarks[0]


def test_a_part_of_the_grid_shows_its_part(make_vector):
    labels = read_labels(make_vector([shapely.box(500100, 4999700, 500300, 4999900)], ["a"]), "class")
    whole = labels.rasterised(GRID)
    window = PixelWindow(15, 12, 20, 9)
    np.testing.assert_array_equal(labels.rasterised(GRID.subgrid(window)), whole[window.slices_in(GRID.window)])


def test_numbers_are_classes_too_and_sort_as_numbers(make_vector):
    points = [shapely.Point(500005 + 10 * index, 4999995) for index in range(3)]
    drawn, classes = drawn_labels(make_vector(points, [10.0, 2.0, 2.0]))
    assert classes == ("2", "10")
    assert drawn[0, :3].tolist() == [2, 1, 1]


def test_a_given_list_fixes_the_codes(make_vector):
    path = make_vector([shapely.Point(500005, 4999995)], ["water"])
    drawn, classes = drawn_labels(path, classes=("trees", "water"))
    assert drawn[0, 0] == 2
    assert classes == ("trees", "water")
    with pytest.raises(InputError, match=r"'water'.*not in the list"):
        drawn_labels(path, classes=("trees",))


def test_features_without_a_class_or_a_shape_are_left_out(make_vector):
    path = make_vector([shapely.Point(500005, 4999995), None, shapely.Point(500015, 4999995)], ["a", "b", ""])
    drawn, classes = drawn_labels(path)
    assert classes == ("a",)
    assert (drawn > 0).sum() == 1


def test_what_cannot_be_used_is_one_clear_error(make_vector, tmp_path):
    good = make_vector([shapely.Point(500005, 4999995)], ["a"])
    (tmp_path / "text.gpkg").write_text("nothing")
    for path, field, words in (
        (tmp_path / "gone.gpkg", "class", "no file"),
        (tmp_path / "text.gpkg", "class", "not a vector file"),
        (good, "kind", "no field 'kind'"),
        (make_vector([shapely.Point(0, 0)], [""], "empty.gpkg"), "class", "no feature with a class"),
        (make_vector([shapely.Point(0, 0)] * 300, list(range(300)), "many.gpkg"), "class", "300 different values"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            read_labels(path, field)
        assert caught.value.hint


def test_a_layer_is_chosen_as_qgis_names_it(tmp_path):
    path = tmp_path / "two.gpkg"
    for layer, name in (("first", "water"), ("second", "forest")):
        pyogrio.raw.write(
            path, shapely.to_wkb([shapely.box(500000, 4999800, 500100, 4999900)]),
            [np.array([name], object)], ["class"],
            layer=layer, geometry_type="Polygon", crs="EPSG:32633", append=path.exists(),
        )  # fmt: skip
    assert read_labels(f"{path}|layername=second", "class").classes == ("forest",)
    assert label_field(f"{path}|layername=second", None) == "class"
    with pytest.raises(InputError, match="has no layer 'third'"):
        label_field(f"{path}|layername=third", None)


def test_a_table_of_points_is_read_with_degrees_as_wgs_84(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("longitude,latitude,class\n15.0001,45.1503,Wald\n15.0002,45.1502,Gewa\u0308sser\n")
    labels = read_labels(path, label_field(path, None))
    assert labels.classes == ("Gewässer", "Wald")
    assert CRS.from_wkt(labels.crs_wkt).to_epsg() == 4326
    assert shapely.get_x(labels.geometries).tolist() == [15.0001, 15.0002]
