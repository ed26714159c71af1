"""One place opens rasters, so that all that a raster may be called works everywhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
THE_PLACE = Path("core/raster/gdal_open.py")
OPENS = re.compile(r"rasterio\.open\(|fiona\.open\(")
WRITES = re.compile(r"rasterio\.open\(\s*[^()]*(\([^()]*\))?[^()]*,\s*[\"']w[\"']")


@pytest.mark.parametrize("room", ["core", "training"])
def test_no_module_but_one_opens_rasters_for_reading(room):
    others = []
    for path in sorted((ROOT / room).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.relative_to(ROOT) != THE_PLACE:
            writes = {match.start() for match in WRITES.finditer(text)}
            others += [
                f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
                for match in OPENS.finditer(text)
                if match.start() not in writes
            ]
    assert others == []


def test_the_search_finds_an_opening_for_reading():
    assert OPENS.search("with rasterio.open(path) as file:")
    assert not WRITES.search("with rasterio.open(path) as file:")
    assert WRITES.search('rasterio.open(\n    path, "w", driver="GTiff")')
