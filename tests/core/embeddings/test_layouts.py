"""Embeddings are known by what their files say, and read as vectors of length 1."""

import numpy as np
import pytest
import rasterio

from core.context import Context
from core.embeddings.pixels import EmbeddingPixels
from core.errors import SensorError
from core.protocol import DescribeParams, Source
from core.raster.failures import NotARasterError
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.spectral.recognise import recognise
from core.tasks import describe
from tests.core.embeddings import made_embeddings as made


def read(path, resolution=None, **told):
    with open_raster(path, resolution=resolution) as raster:
        found = recognise(raster, **told)
        pixels = EmbeddingPixels(raster, found)
        return (found, *pixels.read(raster.grid.window))


@pytest.mark.parametrize(
    ("make", "layout", "dimensions", "cosine"),
    [
        (made.alphaearth, "alphaearth", 64, 0.999),
        (made.tessera, "tessera", 128, 0.99999),
        (made.tessera_arrays, "tessera", 128, 0.999),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_published_layout_gives_back_the_vectors(tmp_path, make, layout, dimensions, cosine):
    found, vectors, valid = read(make(tmp_path))
    truth = made.vectors(dimensions)
    assert (found.sensor, len(found.band_indexes), found.confidence) == (layout, dimensions, "certain")
    assert found.evidence
    assert valid[4:].all()
    np.testing.assert_allclose(np.linalg.norm(vectors[:, valid], axis=0), 1.0, atol=1e-5)
    assert (vectors * truth).sum(0)[valid].min() > cosine


def test_masked_pixels_hold_no_vector(tmp_path):
    for make in (made.alphaearth, made.tessera_arrays):
        _, vectors, valid = read(make(tmp_path / make.__name__))
        assert not valid[:4].any()
        assert not vectors[:, :4].any()


def test_dequantised_alphaearth_of_earth_engine_is_taken_as_it_is(tmp_path):
    path = made.write(tmp_path / "GOOGLE_SATELLITE_EMBEDDING_V1_ANNUAL_2024.tif", made.vectors(64).astype("float64"),
                      [f"A{axis:02}" for axis in range(64)])  # fmt: skip
    found, vectors, _ = read(path)
    assert (found.sensor, found.confidence) == ("alphaearth", "certain")
    np.testing.assert_allclose(vectors, made.vectors(64), atol=1e-6)


def test_codes_without_names_are_known_by_type_number_and_nodata(tmp_path):
    codes = made.quantised(made.vectors(64))
    found, *_ = read(made.write(tmp_path / "tile.tif", codes, nodata=-128))
    assert (found.sensor, found.confidence) == ("alphaearth", "likely")


def test_sixty_four_bands_of_another_kind_are_no_embeddings(tmp_path):
    values = np.random.default_rng(0).uniform(200, 4000, (64, 20, 20)).astype("uint16")
    path = made.write(tmp_path / "cube.tif", values, [f"{420 + 9 * n} nm" for n in range(64)])
    with open_raster(path) as raster:
        assert recognise(raster).embedding is None


def test_a_person_can_say_that_a_raster_holds_embeddings(tmp_path):
    path = made.write(tmp_path / "unnamed.tif", made.vectors(64))
    found, *_ = read(path, sensor="alphaearth")
    assert (found.sensor, found.confidence) == ("alphaearth", "given")


def test_some_of_the_axes_are_used_with_a_warning(tmp_path):
    path = made.write(tmp_path / "three.tif", made.vectors(64)[[0, 16, 9]], ["A00", "A16", "A09"])
    found, *_ = read(path)
    assert found.sensor == "alphaearth"
    assert "3 of the 64 axes" in found.warnings[0]


def test_a_coarser_resolution_averages_directions_not_codes(tmp_path):
    drawn = made.classes()
    path = made.alphaearth(tmp_path, made.vectors(64, drawn, noise=0.0), masked=0)
    _, coarse, valid = read(path, resolution=40.0)
    truth = made.vectors(64, drawn, noise=0.0)[:, ::4, ::4]
    assert coarse.shape == (64, 24, 24)
    assert valid.all()
    assert (coarse * truth).sum(0).min() > 0.99


def test_rows_that_run_upwards_are_read_where_they_lie(tmp_path):
    from rasterio.transform import Affine

    values = made.vectors(64)
    upwards = Affine(10, 0, 600000, 0, 10, 5040000 - 10 * made.SIDE)
    path = made.write(tmp_path / "aef.tif", made.quantised(values[:, ::-1]), [f"A{axis:02}" for axis in range(64)],
                      transform=upwards, nodata=-128)  # fmt: skip
    with open_raster(path) as raster:
        pixels = EmbeddingPixels(raster, recognise(raster))
        there = pixels.at([(600005 + 10 * 40, 5040000 - 5 - 10 * 7)])
    assert (there[0] @ values[:, 7, 40]) > 0.99


def test_arrays_that_lie_nowhere_are_refused_with_advice(tmp_path):
    path = made.tessera_arrays(tmp_path)
    (tmp_path / "global_0.1_degree_tiff_all" / "grid_16.25_45.45.tiff").unlink()
    with pytest.raises(NotARasterError, match="Nothing says where"), open_raster(path):
        pass


@pytest.mark.parametrize("content", [b"", b"no array", np.lib.format.MAGIC_PREFIX + b"\x01\x00junk"])
def test_what_is_no_array_is_refused(tmp_path, content):
    (tmp_path / "tile.npy").write_bytes(content)
    with pytest.raises(NotARasterError), open_raster(tmp_path / "tile.npy"):
        pass


def test_scales_alone_and_arrays_cut_short_are_refused(tmp_path):
    path = made.tessera_arrays(tmp_path)
    with (
        pytest.raises(NotARasterError, match="scales of a tile"),
        open_raster(path.with_name(f"{path.stem}_scales.npy")),
    ):
        pass
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(NotARasterError, match="cut short"), open_raster(path):
        pass


def test_the_doctor_explains_embeddings(tmp_path):
    found = describe.run(DescribeParams(Source(str(made.alphaearth(tmp_path)))), Context())
    assert found["sensor_title"] == "AlphaEarth satellite embeddings"
    assert found["scaling"]["name"] == "embedding"
    assert len(found["bands"]) == 64


def test_no_model_for_images_is_fed_with_embeddings(tmp_path):
    with open_raster(made.alphaearth(tmp_path)) as raster:
        found = recognise(raster)
        values, valid = raster.read(PixelWindow(0, 0, 8, 8), found.band_indexes)
    with pytest.raises(SensorError, match="no light"):
        found.scaling.to_model(values, valid)


def test_the_file_on_disk_is_not_changed_by_reading(tmp_path):
    path = made.alphaearth(tmp_path)
    before = path.read_bytes()
    read(path)
    with rasterio.open(path) as file:
        assert file.count == 64
    assert path.read_bytes() == before
