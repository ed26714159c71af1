"""``make demo RASTER=… PROMPT=…``: files, a picture, and one line where the raster is none."""

from __future__ import annotations

import pytest
import rasterio
from painted import paint, painted_labels, write_scene

from training.demo.command import main


@pytest.mark.parametrize("prompt", ["lake, town", "lake; town"])
def test_a_raster_of_ones_own_gives_scores_a_map_and_a_picture(tmp_path, monkeypatch, prompt):
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / "features"))
    raster = write_scene(tmp_path / "coast.tif", paint(painted_labels(150, 210)))
    assert main([str(raster), "--prompt", prompt, "-o", str(tmp_path / "demo")]) == 0
    with rasterio.open(tmp_path / "demo" / "coast_scores.tif") as scores:
        assert scores.descriptions == ("lake", "town")
        assert scores.shape == (150, 210)
    names = {file.name for file in (tmp_path / "demo").iterdir()}
    assert {"coast.png", "coast_land_cover.tif", "coast_areas.csv"} <= names


def test_a_file_that_is_no_raster_is_one_line(tmp_path, capsys):
    (tmp_path / "notes.tif").write_text("not a raster", encoding="utf-8")
    assert main([str(tmp_path / "notes.tif"), "-o", str(tmp_path / "demo")]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "notes.tif" in said
    assert list((tmp_path / "demo").iterdir()) == []
