import math
import os
import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from core.errors import CancelledError, OutputError
from core.progress import CancelToken
from core.raster.grid import GridSpec
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.raster.staging import output_failure
from core.raster.writer import read_class_names, write_cog

GRID = GridSpec(CRS.from_epsg(32633).to_wkt(), Affine(10, 0, 500000, 0, -10, 5000000), 1300, 900)
ROTATED = GridSpec(CRS.from_epsg(4326).to_wkt(), Affine(0.001, 0.0002, 13, 0.0002, -0.001, 45), 130, 90)


def scores(grid, bands=2, seed=0):
    return np.random.default_rng(seed).random((bands, grid.height, grid.width)).astype("float32")


def blocks_of(values, grid, size=256, order=1):
    windows = list(grid.window.blocks(size, size))[::order]
    for window in windows:
        rows, cols = window.slices_in(grid.window)
        yield window, values[:, rows, cols]


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("grid", [GRID, ROTATED], ids=["projected", "rotated geographic"])
@pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
def test_what_is_written_is_read_back_on_the_same_grid(tmp_path, grid, order):
    values = scores(grid)
    values[:, :20, :30] = np.nan
    path = write_cog(
        tmp_path / "s.tif", grid, "float32", math.nan, blocks_of(values, grid, 100, order), ["water", "trees"],
        {"PROMPT": "water|trees", "MODEL": "geolb-tiny"},
    )  # fmt: skip
    with open_raster(path) as reader:
        back, valid = reader.read(reader.grid.window)
        assert reader.grid.transform == grid.transform
        assert CRS.from_wkt(reader.grid.crs_wkt) == CRS.from_wkt(grid.crs_wkt)
        assert reader.info.descriptions == ("water", "trees")
        assert reader.info.tags["PROMPT"] == "water|trees"
    np.testing.assert_array_equal(back, values)
    assert not valid[:20, :30].any()
    assert left_behind(tmp_path) == ["s.tif"]


def test_the_file_is_a_cloud_optimised_geotiff_with_overviews(tmp_path):
    path = write_cog(tmp_path / "s.tif", GRID, "float32", math.nan, blocks_of(scores(GRID), GRID), ["a", "b"])
    with rasterio.open(path) as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.block_shapes[0] == (512, 512)
        assert dataset.overviews(1) == [2, 4]
        assert dataset.compression.name == "deflate"


def test_scores_of_a_view_have_no_overviews_and_classes_have(tmp_path):
    view = GRID.subgrid(PixelWindow(0, 0, 1000, 800))
    drawn = write_cog(tmp_path / "s.tif", view, "float32", math.nan, blocks_of(scores(view), view), ["a", "b"])
    codes = np.full((1, 800, 1000), 10, "uint8")
    mapped = write_cog(tmp_path / "c.tif", view, "uint8", 0, blocks_of(codes, view), ["c"], None, None, {10: "Trees"})
    with rasterio.open(drawn) as first, rasterio.open(mapped) as second:
        assert first.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert first.overviews(1) == []
        assert second.overviews(1) != []


def test_overviews_of_scores_are_means_and_of_classes_the_most_frequent(tmp_path):
    codes = np.full((1, 900, 1300), 10, "uint8")
    codes[0, ::2, ::2] = 90
    classes = write_cog(
        tmp_path / "c.tif", GRID, "uint8", 0, blocks_of(codes, GRID), ["class"], None, None, {10: "a", 90: "b"}
    )
    means = write_cog(tmp_path / "s.tif", GRID, "float32", math.nan, blocks_of(codes, GRID), ["score"])
    with rasterio.open(classes, overview_level=0) as dataset:
        assert np.unique(dataset.read(1)).tolist() == [10]
    with rasterio.open(means, overview_level=0) as dataset:
        assert np.unique(dataset.read(1)).tolist() == [30]


def test_class_names_and_colours_travel_inside(tmp_path):
    names = {10: "Trees & shrubs", 20: "Wasser <tief>"}
    codes = np.full((1, 900, 1300), 10, "uint8")
    path = write_cog(
        tmp_path / "c.tif", GRID, "uint8", 0, blocks_of(codes, GRID), ["class"], {"MODEL": "m"},
        {10: "#006400", 20: (0, 0, 255)}, names,
    )  # fmt: skip
    with rasterio.open(path) as dataset:
        assert read_class_names(dataset.tags()) == names
        assert dataset.colormap(1)[10] == (0, 100, 0, 255)
        assert dataset.colormap(1)[20] == (0, 0, 255, 255)
        assert dataset.colorinterp[0].name == "palette"
    assert "<Category>Trees &amp; shrubs</Category>" in (tmp_path / "c.tif.aux.xml").read_text()


def test_a_second_band_does_not_cost_the_colours(tmp_path):
    both = np.stack([np.full((900, 1300), 10, "uint8"), np.full((900, 1300), 77, "uint8")])
    path = write_cog(
        tmp_path / "c.tif", GRID, "uint8", 0, blocks_of(both, GRID), ["class", "confidence"], None,
        {10: "#006400"}, {10: "Trees"},
    )  # fmt: skip
    with rasterio.open(path) as dataset:
        assert dataset.colormap(1)[10] == (0, 100, 0, 255)
        assert dataset.read(2).max() == 77


def test_writing_again_leaves_no_names_of_before(tmp_path):
    codes = np.full((1, 900, 1300), 10, "uint8")
    write_cog(tmp_path / "c.tif", GRID, "uint8", 0, blocks_of(codes, GRID), ["c"], None, None, {10: "Trees"})
    write_cog(tmp_path / "c.tif", GRID, "uint8", 0, blocks_of(codes, GRID), ["c"])
    assert left_behind(tmp_path) == ["c.tif"]


def test_pixels_no_block_covers_are_nodata(tmp_path):
    part = [(PixelWindow(0, 0, 100, 100), np.ones((1, 100, 100), "float32"))]
    with open_raster(write_cog(tmp_path / "s.tif", GRID, "float32", math.nan, part, ["a"])) as reader:
        assert reader.read(reader.grid.window)[1].sum() == 10000


def test_blocks_may_reach_over_the_edge(tmp_path):
    block = [(PixelWindow(-5, -5, 2000, 2000), np.ones((1, 2000, 2000), "float32"))]
    with open_raster(write_cog(tmp_path / "s.tif", GRID, "float32", math.nan, block, ["a"])) as reader:
        assert reader.read(reader.grid.window)[1].all()


def test_a_stop_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "s.tif"
    path.write_text("the old result")
    token = CancelToken()

    def blocks():
        for number, block in enumerate(blocks_of(scores(GRID), GRID)):
            if number == 3:
                token.cancel()
            token.raise_if_cancelled()
            yield block

    with pytest.raises(CancelledError):
        write_cog(path, GRID, "float32", math.nan, blocks(), ["a", "b"])
    assert path.read_text() == "the old result"
    assert left_behind(tmp_path) == ["s.tif"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing/s.tif", "no folder"), ("s.jpg", "must end in .tif"), ("folder.tif", "is a folder")],
)
def test_a_target_that_cannot_be_is_refused_before_any_work(tmp_path, name, words):
    (tmp_path / "folder.tif").mkdir()

    def never():
        pytest.fail("no block may be computed")
        yield

    with pytest.raises(OutputError, match=words) as caught:
        write_cog(tmp_path / name, GRID, "float32", math.nan, never(), ["a"])
    assert caught.value.hint


def test_the_input_is_not_overwritten(make_raster):
    path = make_raster(np.ones((1, 5, 5), "uint8"))
    with pytest.raises(OutputError, match="input itself"):
        write_cog(path, GRID, "float32", math.nan, iter(()), ["a"], sources=[str(path)])


def test_overviews_of_the_file_that_was_there_before_are_not_taken_for_the_new_one(tmp_path):
    path = tmp_path / "s.tif"
    small = GridSpec(GRID.crs_wkt, GRID.transform, 900, 600)
    profile = {"driver": "GTiff", "width": 450, "height": 300, "count": 1, "dtype": "float32"}
    with rasterio.open(tmp_path / "s.tif.ovr", "w", **profile) as old:
        old.write(np.zeros((1, 300, 450), "float32"))
    write_cog(path, small, "float32", math.nan, blocks_of(np.ones((1, 600, 900), "float32"), small), ["a"])
    with rasterio.open(path) as file:
        assert (file.read(1, out_shape=(300, 450)) == 1).all()
    assert left_behind(tmp_path) == ["s.tif"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="may not be written"):
        write_cog(folder / "s.tif", GRID, "float32", math.nan, iter(()), ["a"])


def test_a_disk_with_hardly_any_room_is_called_full_whatever_gdal_says(tmp_path, monkeypatch):
    class ReasonError(Exception):
        errno = 1  # GDAL's number for any error of a driver; of an OSError it would mean "not permitted"

    assert "may not be" not in output_failure(tmp_path / "s.tif", ReasonError("Write error at scanline 0")).message
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=4096))
    assert "disk is full" in output_failure(tmp_path / "s.tif", ReasonError("Write error at scanline 0")).message


WRITE_ON_A_FULL_DISK = """
import math, resource, sys
import numpy as np
sys.path.insert(0, sys.argv[3])
from core.errors import OutputError
from affine import Affine
from core.raster.grid import GridSpec
from core.raster.writer import write_cog
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
grid = GridSpec(None, Affine(1, 0, 0, 0, -1, 0), 1500, 1500)
values = np.random.default_rng(0).random((1, 1500, 1500)).astype("float32")
blocks = [(w, values[:, w.row:w.row_stop, w.col:w.col_stop]) for w in grid.window.blocks(512, 512)]
try:
    write_cog(sys.argv[1], grid, "float32", math.nan, blocks, ["a"])
except OutputError as problem:
    print("OutputError", problem)
else:
    print("written")
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")
def test_a_full_disk_is_an_error_wherever_it_strikes_and_leaves_nothing(tmp_path):
    """The limit on file size stands in for a disk that fills up: in the first file, an overview, the last byte."""
    root = Path(__file__).resolve().parents[3]

    def outcome(limit):
        done = subprocess.run(
            [sys.executable, "-c", WRITE_ON_A_FULL_DISK, str(tmp_path / "s.tif"), str(limit), str(root)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert outcome(1 << 30) == "written"
    whole = (tmp_path / "s.tif").stat().st_size
    (tmp_path / "s.tif").unlink()
    for limit in (1 << 12, whole // 2, whole - 100_000, whole - 1000, whole - 1):
        said = outcome(limit)
        assert said.startswith("OutputError"), f"a limit of {limit} of {whole} bytes"
        assert "may not be written" not in said, said
        assert left_behind(tmp_path) == []


def test_memory_does_not_grow_with_the_raster(tmp_path):
    """Peak memory of a child process that writes 144 megapixels in strips."""
    code = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[3])!r})
import numpy as np
from affine import Affine
from core.raster.grid import GridSpec
from core.raster.writer import write_cog
import rasterio
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def write(side):
    grid = GridSpec(None, Affine(1, 0, 0, 0, -1, 0), side, side)
    strips = ((w, np.full((1, w.height, w.width), w.row % 7, "uint8")) for w in grid.window.blocks(side, 512))
    with rasterio.Env(GDAL_CACHEMAX=64): write_cog(sys.argv[1], grid, "uint8", 255, strips, ["a"])
write(1000); before = peak()
write(12000); print(peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "s.tif")], capture_output=True, text=True, check=True, timeout=300
    )
    assert float(done.stdout) < 120, "megabytes more than for a small raster; the raster alone has 137"
