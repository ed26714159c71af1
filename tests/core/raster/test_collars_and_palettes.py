"""Borders that are no ground can be left out; palettes of photographs are their colours, classes are refused."""

import numpy as np
import pytest
import rasterio

from core.errors import SensorError
from core.raster.reader import MASK_COLLAR, open_raster
from core.spectral.recognise import recognise


def photograph(seed=0, side=120):
    return np.random.default_rng(seed).integers(5, 250, (3, side, side)).astype("uint8")


@pytest.mark.parametrize(("value", "colour"), [(0, "black"), (255, "white")])
def test_a_border_of_a_picture_is_offered_as_nodata(make_raster, value, colour):
    values = photograph()
    values[:, :25] = value
    path = make_raster(values, photometric="RGB")
    with open_raster(path) as reader:
        assert any(f"{colour} border" in text and "--collar mask" in text for text in recognise(reader).warnings)
        assert reader.read(reader.grid.window)[1].all()
        kept = reader.fingerprint()
    with open_raster(path, collar=MASK_COLLAR) as reader:
        assert not any("border" in text for text in recognise(reader).warnings)
        np.testing.assert_array_equal(reader.read(reader.grid.window)[1][:, 0], np.arange(120) >= 25)
        assert reader.fingerprint() != kept


def test_dark_ground_that_does_not_touch_the_edge_is_no_border(make_raster):
    values = photograph()
    values[:, 40:80, 40:80] = 0
    with open_raster(make_raster(values, photometric="RGB"), collar=MASK_COLLAR) as reader:
        assert recognise(reader).collar is None
        assert reader.read(reader.grid.window)[1].all()


def test_a_border_does_not_count_in_the_statistics(make_raster):
    values = photograph().astype("uint16") * 20 + 100
    values[:, :40] = 0
    with open_raster(make_raster(values)) as reader:
        survey = reader.survey()
    assert survey.collar is not None
    assert survey.collar.share == pytest.approx(1 / 3, abs=0.01)
    assert min(band.minimum for band in survey.bands) >= 200


def with_palette(make_raster, codes, colours, **options):
    path = make_raster(codes[None].astype("uint8"), "palette.tif", photometric="PALETTE", **options)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, colours)
    return path


def test_a_photograph_with_a_palette_is_its_colours(make_raster):
    generator = np.random.default_rng(1)
    colours = {value: (*generator.integers(0, 256, 3).tolist(), 255) for value in range(256)}
    codes = generator.integers(0, 256, (80, 80))
    codes[:10] = 7
    with open_raster(with_palette(make_raster, codes, colours, nodata=7)) as reader:
        values, valid = reader.read(reader.grid.window)
        found = recognise(reader)
    table = np.array([colours[value][:3] for value in range(256)])
    np.testing.assert_array_equal(values[:, valid], table[codes[valid]].T)
    np.testing.assert_array_equal(valid, codes != 7)
    assert (found.sensor, found.scaling.name) == ("aerial_rgb", "uint8")


def test_a_palette_of_classes_is_refused_with_a_word(make_raster):
    codes = np.random.default_rng(2).integers(1, 9, (40, 40))
    colours = {value: (value * 20, 255 - value * 20, 0, 255) for value in range(10)}
    path = with_palette(make_raster, codes, colours)
    with open_raster(path) as reader, pytest.raises(SensorError, match="is a map of classes"):
        recognise(reader)
    with open_raster(path) as reader:
        assert recognise(reader, sensor="thermal").sensor == "thermal"
