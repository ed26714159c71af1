"""Polygons as people hand them in: objects, right angles, attributes, formats and reference systems."""

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import shapely
from rasterio.crs import CRS
from rasterio.features import rasterize
from rasterio.transform import Affine
from shapely import affinity

from core.errors import InputError
from core.raster.coco import without_holes
from core.raster.dates import acquisition_date
from core.raster.grid import GridSpec
from core.raster.objects import object_numbers
from core.raster.right_angles import dominant_direction, right_angled, touching_groups
from core.raster.vectors import BandPolygons, PolygonShape, polygonise, write_band_polygons
from core.raster.writer import write_cog

UTM = CRS.from_epsg(32633).to_wkt()
PIXELS = Affine(10, 0, 0, 0, -10, 0)
GRID = GridSpec(UTM, Affine(2, 0, 500000, 0, -2, 5000000), 120, 100)
L_HOUSE = shapely.Polygon([(20, 20), (50, 20), (50, 32), (34, 32), (34, 55), (20, 55)])


def polygons_of(path, layer=None):
    meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer)
    return shapely.from_wkb(wkb), dict(zip(meta["fields"], columns, strict=True)), meta


def drawn(shapes, value=1.0, size=(100, 120)):
    """Pixels of shapes in pixel coordinates."""
    return rasterize([(shape, value) for shape in shapes], size, dtype="float32")


def outline_of_pixels(shape):
    from rasterio.features import shapes

    mask = drawn([shape])
    found = [shapely.Polygon(o["coordinates"][0]) for o, _ in shapes(mask.astype("int32"), mask=mask > 0)]
    return max(found, key=lambda polygon: polygon.area)


def write_scores(path, bands, names, tags=None, grid=GRID):
    write_cog(path, grid, "float32", math.nan, [(grid.window, np.stack(bands).astype("float32"))], names, tags)
    return path


@pytest.fixture
def scores(tmp_path):
    """Two ponds that touch and a shed, of an image with a date."""
    pond = np.zeros((100, 120), "float32")
    rows, columns = np.mgrid[:100, :120]
    for col in (30, 50):
        distance = np.hypot(rows - 40, columns - col)
        pond = np.maximum(pond, np.where(distance < 12, 1 - 0.03 * distance, 0))
    shed = drawn([affinity.rotate(shapely.box(70, 60, 100, 80), 20)], 0.8)
    tags = {"SOURCE": "S2A_MSIL2A_20240612T100031.tif"}
    return write_scores(tmp_path / "scores.tif", [pond, shed], ["pond", "shed"], tags)


def test_a_polygon_says_its_scores_prompt_image_and_date(tmp_path, scores):
    polygonise(scores, tmp_path / "p.gpkg", band=2, threshold=0.5)
    _, fields, _ = polygons_of(tmp_path / "p.gpkg")
    assert fields["score_mean"].tolist() == pytest.approx([0.8])
    assert fields["score_max"].tolist() == pytest.approx([0.8])
    assert fields["prompt"].tolist() == fields["name"].tolist() == ["shed"]
    assert fields["class"].tolist() == [None]
    assert fields["image"].tolist() == ["S2A_MSIL2A_20240612T100031.tif"]
    assert fields["date"].tolist() == ["2024-06-12"]


def test_scores_are_summed_up_over_strips(tmp_path, monkeypatch, scores):
    found = []
    for pixels in (10**9, 1):
        monkeypatch.setattr("core.raster.vectors._STRIP_PIXELS", pixels)
        polygonise(scores, tmp_path / "p.gpkg", threshold=0.5)
        _, fields, _ = polygons_of(tmp_path / "p.gpkg")
        found.append([*fields["score_mean"].tolist(), *fields["score_max"].tolist()])
    assert found[0] == pytest.approx(found[1])
    assert 0.5 < found[0][0] < found[0][1] == pytest.approx(1.0)


def test_a_class_map_gives_its_confidence_as_the_score(tmp_path):
    classes = np.where(np.arange(120)[None] < 60, 1, 2).repeat(100, axis=0).astype("uint8")
    certain = np.where(classes == 1, 90, 40).astype("uint8")
    names = {1: "water", 2: "field"}
    blocks = [(GRID.window, np.stack([classes, certain]))]
    write_cog(tmp_path / "c.tif", GRID, "uint8", 0, blocks, ["class", "confidence"], None, None, names)
    polygonise(tmp_path / "c.tif", tmp_path / "p.gpkg", threshold=None)
    _, fields, _ = polygons_of(tmp_path / "p.gpkg")
    found = dict(zip(fields["class"].tolist(), fields["score_mean"].tolist(), strict=True))
    assert found == pytest.approx({"water": 0.9, "field": 0.4})
    assert set(fields["prompt"]) == {None}


def test_only_the_classes_that_are_wanted_become_polygons(tmp_path):
    classes = np.where(np.arange(120)[None] < 60, 1, 2).repeat(100, axis=0).astype("uint8")
    write_cog(tmp_path / "c.tif", GRID, "uint8", 0, [(GRID.window, classes[None])], ["class"], None, None, {1: "Water"})
    shape = PolygonShape(classes=("water",))
    assert polygonise(tmp_path / "c.tif", tmp_path / "p.gpkg", threshold=None, shape=shape) == 1


def test_objects_that_touch_are_separated_and_share_their_border(tmp_path, scores):
    assert polygonise(scores, tmp_path / "one.gpkg", threshold=0.5) == 1
    assert polygonise(scores, tmp_path / "two.gpkg", threshold=0.5, shape=PolygonShape(separate=True)) == 2
    one, two = polygons_of(tmp_path / "one.gpkg")[0], polygons_of(tmp_path / "two.gpkg")[0]
    assert shapely.area(two).sum() == pytest.approx(shapely.area(one).sum())
    assert two[0].intersection(two[1]).length > 20
    assert min(shapely.area(two)) > 0.45 * one[0].area


def test_an_even_region_stays_one_object_and_a_dip_between_peaks_makes_two():
    inside = np.zeros((40, 80), bool)
    inside[8:32, 8:72] = True
    even = np.where(inside, 0.8, 0.0)
    columns = np.arange(80)[None]
    dip = np.where(inside, 0.55 + 0.4 * np.abs(columns - 40) / 32, 0.0)
    assert object_numbers(even, inside).max() == 1
    found = object_numbers(dip, inside)
    assert sorted(np.unique(found[inside]).tolist()) == [1, 2]
    assert len({found[20, 12], found[20, 68]}) == 2
    assert (found[~inside] == 0).all()


def test_objects_smaller_than_asked_join_their_neighbours():
    rows, columns = np.mgrid[:60, :90]
    large, small = np.hypot(rows - 30, columns - 30) < 20, np.hypot(rows - 30, columns - 57) < 9
    inside = large | small
    scores = np.where(inside, 0.9, 0.0)
    assert len(np.unique(object_numbers(scores, inside)[inside])) == 2
    assert len(np.unique(object_numbers(scores, inside, least_pixels=400)[inside])) == 1


@pytest.mark.parametrize("degrees", [0, 7, 15, 22, 30, 40])
@pytest.mark.parametrize(("house", "corners"), [(shapely.box(20, 25, 55, 45), 4), (L_HOUSE, 6)], ids=["box", "L"])
def test_a_house_gets_its_own_corners_back_at_any_angle(house, corners, degrees):
    true = affinity.rotate(house, degrees, origin=(40, 40))
    ((found,),) = right_angled([outline_of_pixels(true)], 1.5, 0.5)
    assert len(found.exterior.coords) - 1 == corners
    assert found.intersection(true).area / found.union(true).area > 0.96
    ring = shapely.get_coordinates(found.exterior)[:-1]
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    assert np.abs((before * after).sum(axis=1)) == pytest.approx(np.zeros(corners), abs=1e-6)


@pytest.mark.parametrize("degrees", [3, 18, -33])
def test_the_direction_of_most_sides_is_found(degrees):
    shape = outline_of_pixels(affinity.rotate(shapely.box(20, 25, 60, 45), degrees))
    assert math.degrees(dominant_direction([shape], 1.5)) == pytest.approx(degrees, abs=1.0)


def test_terraced_houses_keep_the_borders_they_share():
    true = [affinity.rotate(shapely.box(10 + 16 * k, 30, 26 + 16 * k, 50), 18, origin=(50, 40)) for k in range(4)]
    numbers = rasterize([(house, k + 1) for k, house in enumerate(true)], (100, 120), dtype="int32")
    from rasterio.features import shapes

    pixels = {int(k): shapely.Polygon(o["coordinates"][0]) for o, k in shapes(numbers, mask=numbers > 0)}
    found = [part for (part,) in right_angled([pixels[k] for k in range(1, 5)], 1.5, 0.5)]
    for left, right in itertools.pairwise(found):
        assert left.intersection(right).area == pytest.approx(0, abs=1e-6)
        assert left.boundary.intersection(right.boundary.buffer(1e-6)).length > 18
    assert shapely.union_all(found).area == pytest.approx(shapely.area(found).sum(), rel=1e-6)
    assert [len(house.exterior.coords) - 1 for house in found] == [4, 4, 4, 4]


def test_only_polygons_that_share_a_side_belong_together():
    boxes = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(2, 1, 3, 2), shapely.box(9, 9, 10, 10)]
    assert sorted(touching_groups(boxes)) == [[0, 1], [2], [3]]


def test_separated_houses_with_right_angles_reach_the_file(tmp_path):
    houses = [affinity.rotate(shapely.box(10 + 20 * k, 30, 28 + 20 * k, 50), 12, origin=(50, 40)) for k in range(3)]
    path = write_scores(tmp_path / "s.tif", [drawn(houses, 0.9)], ["house"])
    assert polygonise(path, tmp_path / "h.gpkg", shape=PolygonShape(right_angles=True)) == 3
    found, fields, _ = polygons_of(tmp_path / "h.gpkg")
    assert [len(house.exterior.coords) - 1 for house in found] == [4, 4, 4]
    assert fields["area_ha"] == pytest.approx(shapely.area(found) / 1e4)


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson", ".fgb"])
def test_every_format_holds_the_same_polygons_and_attributes(tmp_path, scores, ending):
    target = tmp_path / f"öfen{ending}"
    assert polygonise(scores, target, band=2) == 1
    found, fields, meta = polygons_of(target)
    assert fields["prompt"].tolist() == ["shed"]
    assert [str(day) for day in fields["date"]] == ["2024-06-12"]
    assert fields["score_mean"].tolist() == pytest.approx([0.8], abs=1e-6)
    here = CRS.from_user_input(meta["crs"])
    assert here.to_epsg() == (4326 if ending == ".geojson" else 32633)
    west = found[0].bounds[0]
    assert (west > 500_000) == (ending != ".geojson")
    assert fields["area_ha"][0] == pytest.approx(600 * 4 / 1e4, rel=0.03)
    assert {item.name for item in tmp_path.iterdir() if item.name.startswith(".")} == set()
    assert (tmp_path / "polygons.gpkg").exists() is False


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson", ".fgb", ".json"])
def test_a_raster_without_a_reference_system_gives_polygons_in_every_format(tmp_path, ending):
    scores = [drawn([shapely.box(20, 20, 60, 60)], 0.75)]
    path = write_scores(tmp_path / "s.tif", scores, ["yard"], grid=replace(GRID, crs_wkt=None, transform=PIXELS))
    target = tmp_path / f"yards{ending}"
    assert polygonise(path, target) == 1
    if ending == ".json":
        assert len(json.loads(target.read_text())["annotations"]) == 1
    else:
        (yard,), fields, _ = polygons_of(target)
        assert yard.bounds == (200, -600, 600, -200)
        assert fields["prompt"].tolist() == ["yard"]


def test_polygons_are_written_in_the_reference_system_asked_for(tmp_path, scores):
    polygonise(scores, tmp_path / "p.gpkg", band=2)
    polygonise(scores, tmp_path / "q.gpkg", band=2, shape=PolygonShape(crs="EPSG:3857"))
    (here,), fields, _ = polygons_of(tmp_path / "p.gpkg")
    (there,), fields_there, meta = polygons_of(tmp_path / "q.gpkg")
    assert CRS.from_user_input(meta["crs"]).to_epsg() == 3857
    assert there.area > 1.8 * here.area  # Mercator at 45 degrees
    assert fields_there["area_ha"] == pytest.approx(fields["area_ha"])  # on the ground, all the same
    with pytest.raises(InputError, match="no coordinate reference system"):
        polygonise(scores, tmp_path / "r.gpkg", shape=PolygonShape(crs="EPSG:no"))


def test_several_prompts_are_layers_where_there_are_layers_and_one_table_elsewhere(tmp_path, scores):
    source = BandPolygons(scores, ((1, 0.5), (2, 0.5)))
    assert write_band_polygons(source, tmp_path / "p.gpkg") == 2
    assert [name for name, _ in pyogrio.list_layers(tmp_path / "p.gpkg")] == ["1 pond", "2 shed"]
    assert write_band_polygons(source, tmp_path / "p.geojson") == 2
    assert polygons_of(tmp_path / "p.geojson")[1]["prompt"].tolist() == ["pond", "shed"]


def test_coco_labels_lie_in_pixels_and_have_no_holes(tmp_path):
    ring = shapely.box(20, 20, 60, 60).difference(shapely.box(30, 30, 40, 40))
    path = write_scores(tmp_path / "s.tif", [drawn([ring], 0.75)], ["yard"], {"SOURCE": "town.tif"})
    assert polygonise(path, tmp_path / "labels.json", shape=PolygonShape(crs="EPSG:4326")) == 1
    labels = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    (image,), (category,), (label,) = labels["images"], labels["categories"], labels["annotations"]
    assert (image["file_name"], image["width"], image["height"]) == ("town.tif", 120, 100)
    assert category["name"] == "yard"
    assert label["bbox"] == [20, 20, 40, 40]
    assert label["area"] == pytest.approx(1500)
    assert label["score"] == pytest.approx(0.75)
    rings = [shapely.Polygon(np.reshape(points, (-1, 2))) for points in label["segmentation"]]
    assert shapely.union_all(rings).symmetric_difference(ring).area == pytest.approx(0, abs=1e-6)


def test_a_polygon_with_many_holes_is_cut_into_whole_ones():
    holes = [shapely.box(x, y, x + 1, y + 2) for x in range(1, 12, 3) for y in range(1, 12, 4)]
    polygon = shapely.box(0, 0, 14, 14).difference(shapely.union_all(holes))
    parts = without_holes(polygon)
    assert all(not part.interiors for part in parts)
    assert shapely.union_all(parts).symmetric_difference(polygon).area == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("tags", "name", "day"),
    [
        ({}, "S2A_MSIL2A_20240612T100031_N0510.tif", "2024-06-12"),
        ({}, "20230105093000_planet.tif", "2023-01-05"),
        ({}, "LC09_L2SP_191028_20231015_20231017_02_T1", "2023-10-15"),
        ({"ACQUISITION_DATE": "2021-03-04T10:00:00Z"}, "S2A_20240612.tif", "2021-03-04"),
        ({"TIFFTAG_DATETIME": "2020:01:31 10:00:00"}, "ortho.tif", "2020-01-31"),
        ({}, "tile_20241399.tif", ""),
        ({}, "parcel_3202401015.tif", ""),
        ({}, "scene.tif", ""),
    ],
)
def test_the_day_of_an_image_is_read_from_its_metadata_or_its_name(tags, name, day):
    assert acquisition_date(tags, name) == day


def test_right_angles_in_degrees_are_right_on_the_ground(tmp_path):
    grid = GridSpec(CRS.from_epsg(4326).to_wkt(), Affine(0.00003, 0, 13, 0, -0.00002, 60), 120, 100)
    path = write_scores(tmp_path / "s.tif", [drawn([shapely.box(20, 30, 60, 60)], 0.9)], ["house"], grid=grid)
    polygonise(path, tmp_path / "h.gpkg", shape=PolygonShape(right_angles=True))
    (house,), _, _ = polygons_of(tmp_path / "h.gpkg")
    assert len(house.exterior.coords) == 5
    west, _, _, north = house.bounds
    expected = (13 + 20 * 0.00003, 60 - 30 * 0.00002)
    assert (west, north) == pytest.approx(expected, abs=1e-5)
