"""Every raster of the table is recognised rightly, from its description alone."""

from dataclasses import replace

import pytest
from affine import Affine
from rasterio.crs import CRS

from core.errors import SensorError
from core.raster.grid import GridSpec
from core.raster.raster_info import RasterInfo
from core.raster.statistics import BandStatistics
from core.spectral.recognise import recognise_description
from tests.core.spectral.descriptions import DESCRIPTIONS, REFUSED

UTM = CRS.from_epsg(32633).to_wkt()
SCALING_WARNINGS = ("check the scaling", "own range", "darker than land", "1000 is added", "does not fit the rest")


def described(row):
    """Make the info and the statistics of a row."""
    said = dict(row.said)
    names = tuple(None if name == "-" else name for name in row.names.split(","))
    count, size, dtype = len(names), said.pop("size", 10.0), said.pop("dtype", "uint16")
    distinct = said.pop("distinct", 999)
    grid = GridSpec(UTM, Affine(size, 0, 5e5, 0, -size, 5e6), 100, 100)
    info = RasterInfo(
        path=row.path, grid=grid, count=count, dtypes=(dtype,) * count, nodata=(None,) * count, descriptions=names,
        units=(None,) * count, scales=(1.0,) * count, offsets=(0.0,) * count, colour_roles=("undefined",) * count,
        tags={}, band_tags=({},) * count, driver="GTiff", files=(), has_palette=False,
    )  # fmt: skip
    middle = float(round((row.low + row.high) / 2)) if distinct < 999 else (row.low + row.high) / 2
    band = BandStatistics(float(row.low), float(row.high), middle, middle, row.low, row.high, distinct, 1.0)
    return replace(info, **said), dict.fromkeys(range(1, count + 1), band)


def test_there_are_a_hundred_descriptions_and_no_two_are_the_same():
    assert len({str(row) for row in DESCRIPTIONS}) == len(DESCRIPTIONS) >= 100


@pytest.mark.parametrize("row", DESCRIPTIONS, ids=str)
def test_a_raster_is_recognised_by_all_evidence_in_its_description(row):
    found = recognise_description(*described(row))
    assert (found.sensor, found.scaling.name) == (row.sensor, row.scaling)
    assert found.evidence or found.reasons
    if row.fed:
        assert found.band_set.names == tuple(row.fed.split())
    if row.warns:
        assert any(row.warns in warning for warning in found.warnings), found.warnings
    else:
        assert not [text for text in found.warnings if any(words in text for words in SCALING_WARNINGS)]


@pytest.mark.parametrize(("row", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_no_image_is_refused_with_a_word(row, words):
    with pytest.raises(SensorError, match=words):
        recognise_description(*described(row))
