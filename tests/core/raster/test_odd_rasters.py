"""Broken and odd rasters: each either works or ends in one clear error of the family, never in anything else."""

import math

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from core.errors import GeoLangBindError
from core.raster.areas import class_areas
from core.raster.grid import window_of_extent
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.raster.vectors import polygonise
from core.raster.writer import write_cog
from core.spectral.recognise import recognise


def work_through(path, folder):
    """Everything a task does with a raster, but the model; gives the error's text or None."""
    try:
        with open_raster(path) as reader:
            found = recognise(reader)
            grid = reader.grid
            window_of_extent(grid, grid.extent)
            values, valid = reader.read(PixelWindow(-3, -3, grid.width + 6, grid.height + 6), found.band_indexes)
            scaled = found.scaling.to_model(values, valid)
            assert np.isfinite(scaled).all()
            assert np.abs(scaled).max() <= 1
            assert (scaled[:, ~valid] == 0).all()
            score = np.where(valid, scaled.mean(axis=0), np.nan)[None, 3:-3, 3:-3].astype("float32")
            result = write_cog(
                folder / "out.tif", grid, "float32", math.nan, [(grid.window, score)], ["score"], {"PROMPT": "x"}
            )
            codes = np.where(valid, 1 + (scaled.mean(axis=0) > 0), 0)[None, 3:-3, 3:-3].astype("uint8")
            classes = write_cog(folder / "classes.tif", grid, "uint8", 0, [(grid.window, codes)], ["class"])
        polygonise(result, folder / "out.gpkg", threshold=0.0)
        polygonise(classes, folder / "classes.gpkg", threshold=None)
        with open_raster(classes) as reader:
            assert (reader.grid.width, reader.grid.height) == (grid.width, grid.height)
            class_areas(reader)
    except GeoLangBindError as problem:
        refusal = problem
    else:
        return None
    assert refusal.message
    assert refusal.hint, refusal.message
    assert "\n" not in str(refusal)
    return str(refusal)


dtypes = st.sampled_from(["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64", "complex64"])
contents = st.sampled_from(["noise", "zeros", "nan", "nodata", "huge", "constant", "codes"])
places = st.sampled_from(["utm", "geographic", "none", "rotated", "mercator", "pole", "upside down", "tiny", "far"])
PROFILES = {
    "utm": ("EPSG:32633", Affine(10, 0, 500000, 0, -10, 5000000)),
    "geographic": ("EPSG:4326", Affine(0.001, 0, 13, 0, -0.001, 45)),
    "none": (None, Affine.identity()),
    "rotated": ("EPSG:32633", Affine(8, 3, 500000, 3, -8, 5000000)),
    "mercator": ("EPSG:3857", Affine(10, 0, 1447153, 0, -10, 5621521)),
    "pole": ("EPSG:4326", Affine(1, 0, -180, 0, -1, 90)),
    "upside down": ("EPSG:32633", Affine(10, 0, 500000, 0, 10, 5000000)),
    "tiny": ("EPSG:32633", Affine(1e-9, 0, 500000, 0, -1e-9, 5000000)),
    "far": ("EPSG:4326", Affine(10, 0, 5000, 0, -10, 5000)),
}


def pixels(dtype, content, shape, rng):
    kind = np.dtype(dtype)
    if content == "noise":
        values = rng.normal(500, 400, shape)
    elif content == "zeros":
        values = np.zeros(shape)
    elif content == "nan":
        values = np.full(shape, np.nan if kind.kind in "fc" else 0)
    elif content == "nodata":
        values = np.full(shape, 1.0)
    elif content == "huge":
        values = np.full(shape, 3e38 if kind.kind in "fc" else np.iinfo(kind).max)
    elif content == "constant":
        values = np.full(shape, 77)
    else:
        values = rng.integers(0, 5, shape)
    limits = np.iinfo(kind) if kind.kind in "iu" else None
    with np.errstate(all="ignore"):
        return (np.clip(values, limits.min, limits.max) if limits else values).astype(kind)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    dtypes,
    contents,
    places,
    st.integers(1, 14),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([None, 0, 1, -9999, math.nan]),
    st.integers(0, 3),
)
def test_any_raster_works_or_is_refused_in_plain_words(
    tmp_path, dtype, content, place, count, height, width, nodata, seed
):
    kind = np.dtype(dtype)
    if (
        nodata is not None
        and kind.kind in "iu"
        and not (math.isfinite(nodata) and np.iinfo(kind).min <= nodata <= np.iinfo(kind).max)
    ):
        nodata = None
    crs, transform = PROFILES[place]
    values = pixels(dtype, content, (count, height, width), np.random.default_rng(seed))
    path = tmp_path / "in.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=dtype, nodata=nodata, crs=crs,
        transform=transform,
    ) as dataset:  # fmt: skip
        dataset.write(values)
    work_through(path, tmp_path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_bytes_that_are_cut_off_or_flipped_never_end_in_anything_else(tmp_path, data):
    path = tmp_path / "whole.tif"
    if not path.exists():
        values = np.random.default_rng(0).integers(0, 4000, (4, 60, 60)).astype("uint16")
        with rasterio.open(
            path, "w", driver="GTiff", count=4, height=60, width=60, dtype="uint16", compress="deflate",
            crs="EPSG:32633", transform=Affine(10, 0, 500000, 0, -10, 5000000),
        ) as dataset:  # fmt: skip
            dataset.write(values)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    else:
        for _ in range(data.draw(st.integers(1, 8))):
            content[data.draw(st.integers(0, min(len(content) - 1, 1200)))] = data.draw(st.integers(0, 255))
    broken = tmp_path / "broken.tif"
    broken.write_bytes(bytes(content))
    work_through(broken, tmp_path)


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        (np.full((3, 20, 20), np.nan, "float32"), {}, "no data"),
        (np.zeros((3, 20, 20), "uint8"), {"nodata": 0}, "no data"),
        (np.ones((1, 5, 5), "complex64"), {}, "complex"),
        (np.ones((23, 5, 5), "uint16"), {}, "cannot be told"),
        (np.full((1, 1, 1), 7, "uint8"), {}, None),
        (np.full((4, 1, 300), 7, "uint8"), {}, None),
        (np.ones((3, 20, 20), "uint8"), {"crs": None, "transform": Affine.identity()}, None),
    ],
    ids=["not a number", "nodata everywhere", "complex", "no meaning", "one pixel", "one row", "no place on Earth"],
)
def test_odd_rasters_end_as_expected(make_raster, tmp_path, values, options, words):
    outcome = work_through(make_raster(values, **options), tmp_path)
    assert (outcome is None) if words is None else (words in outcome)


def test_a_raster_without_bands_is_refused(tmp_path):
    (tmp_path / "empty.vrt").write_text('<VRTDataset rasterXSize="10" rasterYSize="10"></VRTDataset>')
    assert "no bands" in work_through(tmp_path / "empty.vrt", tmp_path)


def test_a_vrt_in_a_circle_is_refused(tmp_path):
    text = (
        '<VRTDataset rasterXSize="10" rasterYSize="10"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{tmp_path / "circle.vrt"}</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    (tmp_path / "circle.vrt").write_text(text)
    assert work_through(tmp_path / "circle.vrt", tmp_path)


def test_an_impossibly_large_raster_can_still_be_looked_at(tmp_path):
    path = tmp_path / "huge.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=200_000, height=150_000, count=3, dtype="uint8", sparse_ok=True, tiled=True,
        bigtiff="yes", crs="EPSG:32633", transform=Affine(1, 0, 500000, 0, -1, 5000000), photometric="MINISBLACK",
    ):  # fmt: skip
        pass
    with open_raster(path) as reader:
        assert recognise(reader).band_set.names == ("red", "green", "blue")
        assert reader.read(PixelWindow(199_990, 149_990, 20, 20))[1].sum() == 100
