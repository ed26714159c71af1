import math

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.crs import CRS
from rasterio.features import shapes
from rasterio.transform import Affine

import core.raster.vectors as vectors
from core.context import Context
from core.errors import CancelledError, InputError, OutputError
from core.progress import CancelToken
from core.raster.grid import GridSpec
from core.raster.outlines import Strip, outlines
from core.raster.pixel_areas import row_areas_hectares
from core.raster.pixel_window import PixelWindow
from core.raster.vectors import PolygonShape, polygonise
from core.raster.writer import write_cog

UTM = CRS.from_epsg(32633).to_wkt()


def polygons_of(path):
    meta, _, wkb, columns = pyogrio.raw.read(path)
    return shapely.from_wkb(wkb), dict(zip(meta["fields"], columns, strict=True)), meta


def smooth_classes(height=240, width=320, seed=0):
    """Blobs of five classes."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(np.random.default_rng(seed).normal(size=(height, width)), 6)
    return (1 + np.digitize(field, np.quantile(field, [0.2, 0.4, 0.6, 0.8]))).astype("uint8")[None]


def strips_of(codes, rows):
    height, width = codes.shape
    for row in range(0, height, rows):
        part = codes[row : row + rows]
        yield Strip(PixelWindow(0, row, width, len(part)), part.astype(np.int32), part > 0)


small_maps = arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.integers(0, 2))


@given(small_maps, st.integers(1, 6))
def test_strips_give_the_outlines_of_the_whole(codes, rows):
    found = [(outline.code, outline.polygon) for outline in outlines(strips_of(codes, rows))]
    areas = sorted((code, polygon.area) for code, polygon in found)
    whole = list(shapes(codes.astype(np.int32), mask=codes > 0, connectivity=4))
    expected = sorted((int(code), shapely.Polygon(o["coordinates"][0], o["coordinates"][1:]).area) for o, code in whole)
    assert areas == expected
    assert len(found) == len(whole)
    for code in (1, 2):
        together = shapely.union_all([polygon for item, polygon in found if item == code])
        truth = shapely.union_all(
            [shapely.box(col, row, col + 1, row + 1) for row, col in zip(*np.nonzero(codes == code), strict=True)]
        )
        assert together.symmetric_difference(truth).area == 0


@pytest.mark.parametrize(
    "grid",
    [
        GridSpec(UTM, Affine(10, 0, 500000, 0, -10, 5000000), 320, 240),
        GridSpec(CRS.from_epsg(4326).to_wkt(), Affine(0.0002, 0, 13, 0, -0.0001, 46), 320, 240),
        GridSpec(UTM, Affine(8, 3, 500000, 3, -8, 5000000), 320, 240),
    ],
    ids=["projected", "geographic", "rotated"],
)
def test_polygons_have_the_area_of_their_pixels(tmp_path, grid):
    score = np.where(smooth_classes() >= 4, 0.9, 0.1).astype("float32")
    write_cog(tmp_path / "s.tif", grid, "float32", math.nan, [(grid.window, score)], ["water"])
    count = polygonise(tmp_path / "s.tif", tmp_path / "s.gpkg", threshold=0.5)
    polygons, fields, meta = polygons_of(tmp_path / "s.gpkg")
    truth = ((score[0] >= 0.5).sum(axis=1) * row_areas_hectares(grid)).sum()
    assert len(polygons) == count > 3
    assert fields["area_ha"].sum() == pytest.approx(truth, rel=1e-9)
    assert set(fields["name"]) == {"water"}
    assert shapely.is_valid(polygons).all()
    assert CRS.from_user_input(meta["crs"]) == CRS.from_wkt(grid.crs_wkt)
    xmin, ymin, xmax, ymax = shapely.total_bounds(polygons)
    assert shapely.box(*grid.extent).buffer(1e-6).contains(shapely.box(xmin, ymin, xmax, ymax))


def test_seams_leave_no_trace(tmp_path, monkeypatch):
    grid = GridSpec(UTM, Affine(10, 0, 500000, 0, -10, 5000000), 320, 240)
    write_cog(tmp_path / "c.tif", grid, "uint8", 0, [(grid.window, smooth_classes())], ["class"])
    found = []
    for pixels in (10**9, 1):
        monkeypatch.setattr(vectors, "_STRIP_PIXELS", pixels)
        polygonise(tmp_path / "c.tif", tmp_path / "c.gpkg", threshold=None)
        found.append(sorted(shapely.to_wkt(shapely.normalize(polygons_of(tmp_path / "c.gpkg")[0]))))
    assert found[0] == found[1]


def test_small_polygons_go_and_small_holes_are_filled(tmp_path):
    grid = GridSpec(UTM, Affine(10, 0, 500000, 0, -10, 5000000), 40, 40)
    score = np.zeros((1, 40, 40), "float32")
    score[0, 5:25, 5:25] = 1
    score[0, 10:12, 10:12] = 0  # a hole of 400 m²
    score[0, 16:20, 16:20] = 0  # a hole of 1600 m²
    score[0, 30:32, 30:32] = 1  # 400 m²
    write_cog(tmp_path / "s.tif", grid, "float32", math.nan, [(grid.window, score)], ["a"])
    assert polygonise(tmp_path / "s.tif", tmp_path / "s.gpkg", shape=PolygonShape(min_area_m2=1000)) == 1
    polygons, fields, _ = polygons_of(tmp_path / "s.gpkg")
    assert len(polygons[0].interiors) == 1
    assert fields["area_ha"][0] == pytest.approx(4.0 - 0.16)


def test_simplifying_moves_outlines_by_no_more_than_asked(tmp_path):
    grid = GridSpec(UTM, Affine(10, 0, 500000, 0, -10, 5000000), 320, 240)
    score = np.where(smooth_classes() >= 4, 0.9, 0.1).astype("float32")
    write_cog(tmp_path / "s.tif", grid, "float32", math.nan, [(grid.window, score)], ["a"])
    polygonise(tmp_path / "s.tif", tmp_path / "raw.gpkg")
    polygonise(tmp_path / "s.tif", tmp_path / "simple.gpkg", shape=PolygonShape(simplify_m=15))
    raw, simple = polygons_of(tmp_path / "raw.gpkg")[0], polygons_of(tmp_path / "simple.gpkg")[0]
    assert len(shapely.get_coordinates(simple)) < 0.6 * len(shapely.get_coordinates(raw))
    moved = shapely.hausdorff_distance(shapely.union_all(raw).boundary, shapely.union_all(simple).boundary)
    assert moved <= 15.01


def test_smooth_outlines_have_no_right_angles(tmp_path):
    grid = GridSpec(UTM, Affine(10, 0, 500000, 0, -10, 5000000), 320, 240)
    score = np.where(smooth_classes() >= 4, 0.9, 0.1).astype("float32")
    write_cog(tmp_path / "s.tif", grid, "float32", math.nan, [(grid.window, score)], ["a"])
    polygonise(tmp_path / "s.tif", tmp_path / "s.gpkg", shape=PolygonShape(smooth=True))
    largest = max(polygons_of(tmp_path / "s.gpkg")[0], key=lambda polygon: polygon.area)
    points = shapely.get_coordinates(largest.exterior)[:-1]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turn = np.arctan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], (before * after).sum(axis=1))
    assert np.quantile(np.abs(np.degrees(turn)), 0.99) < 60


def test_slivers_of_a_region_that_fell_apart_are_left_out(tmp_path, monkeypatch):
    """What crosses itself once it is straightened becomes several polygons, most of them tiny."""
    grid = GridSpec(UTM, Affine(10, 0, 500000, 0, -10, 5000000), 320, 240)
    score = np.full((1, 240, 320), 0.1, "float32")
    score[:, 50:80, 60:100] = 0.9
    write_cog(tmp_path / "s.tif", grid, "float32", math.nan, [(grid.window, score)], ["a"])
    plain = vectors.simplified
    monkeypatch.setattr(vectors, "simplified", lambda *given: [*plain(*given), shapely.box(0, 0, 6, 7)])
    polygonise(tmp_path / "s.tif", tmp_path / "s.gpkg", shape=PolygonShape(min_area_m2=5000, smooth=True))
    hectares = polygons_of(tmp_path / "s.gpkg")[1]["area_ha"]
    assert len(hectares) == 1
    assert hectares[0] > 9


@pytest.mark.parametrize("options", [{}, {"simplify_m": 25}, {"smooth": True}, {"smooth": True, "min_area_m2": 3000}])
def test_classes_neither_overlap_nor_gape(tmp_path, options):
    grid = GridSpec(UTM, Affine(10, 0, 500000, 0, -10, 5000000), 320, 240)
    names = {code: f"class {code}" for code in range(1, 6)}
    write_cog(tmp_path / "c.tif", grid, "uint8", 0, [(grid.window, smooth_classes())], ["class"], None, None, names)
    polygonise(tmp_path / "c.tif", tmp_path / "c.gpkg", threshold=None, shape=PolygonShape(**options))
    polygons, fields, _ = polygons_of(tmp_path / "c.gpkg")
    together = shapely.union_all(polygons)
    extent = shapely.box(*grid.extent)
    assert shapely.is_valid(polygons).all()
    assert shapely.area(polygons).sum() == pytest.approx(together.area, rel=1e-9)
    assert set(fields["name"]) == set(names.values())
    if "min_area_m2" not in options:
        assert together.area == pytest.approx(extent.area, rel=1e-3)
        assert sum(len(part.interiors) for part in shapely.get_parts(together)) == 0


def test_nothing_above_the_threshold_gives_an_empty_layer(tmp_path, make_raster):
    path = make_raster(np.zeros((1, 20, 20), "float32"))
    assert polygonise(path, tmp_path / "none.gpkg", threshold=0.5) == 0
    assert pyogrio.read_info(tmp_path / "none.gpkg")["features"] == 0


def test_pixels_without_data_are_outside(tmp_path, make_raster):
    values = np.ones((1, 20, 20), "float32")
    values[0, :, 10:] = np.nan
    polygonise(make_raster(values), tmp_path / "o.gpkg", threshold=0.5)
    assert polygons_of(tmp_path / "o.gpkg")[1]["area_ha"].tolist() == pytest.approx([2.0])


def test_metres_mean_nothing_without_a_reference_system(tmp_path, make_raster):
    path = make_raster(np.ones((1, 20, 20), "float32"), crs=None, transform=Affine.identity())
    with pytest.raises(InputError, match="metres mean nothing"):
        polygonise(path, tmp_path / "o.gpkg", shape=PolygonShape(min_area_m2=10))
    assert polygonise(path, tmp_path / "o.gpkg") == 1


def test_a_band_out_of_range_and_a_wrong_ending_are_refused(tmp_path, make_raster):
    path = make_raster(np.ones((1, 20, 20), "float32"))
    with pytest.raises(InputError, match="no band 3"):
        polygonise(path, tmp_path / "o.gpkg", band=3)
    with pytest.raises(OutputError, match=r"must end in .gpkg"):
        polygonise(path, tmp_path / "o.txt")


def test_a_stop_leaves_nothing(tmp_path, make_raster):
    path = make_raster(np.ones((1, 20, 20), "float32"))
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        polygonise(path, tmp_path / "o.gpkg", context=Context(cancel=token))
    assert sorted(item.name for item in tmp_path.iterdir()) == [path.name]


def test_progress_reaches_the_end(tmp_path, make_raster):
    told = []
    polygonise(
        make_raster(np.ones((1, 20, 20), "float32")),
        tmp_path / "o.gpkg",
        context=Context(lambda fraction, message: told.append(fraction)),
    )
    assert told[-1] == 1.0
