"""Words rank the places of an archive, from what is stored."""

from __future__ import annotations

import json
from pathlib import Path

import pyogrio
import pytest
from painted import PaintedModel

from core.archive.embed import embed_archive
from core.archive.find import find_places, write_places
from core.archive.scenes import scenes_of
from core.cli.main import main
from core.dense.store import FeatureStore
from core.model import load_model
from core.model.model_cache import ModelCache
from core.protocol import Source


@pytest.fixture
def painted(painted_model, model_folder, monkeypatch) -> PaintedModel:
    """The painted model with its words, which one on disk has not, for what embeds in this process."""
    painted_model.compute = load_model(str(model_folder), device="cpu").compute
    monkeypatch.setattr("core.archive.parts._models", lambda: ModelCache(load=lambda name, device: painted_model))
    return painted_model


@pytest.fixture
def embedded(archive, jobs_of, painted) -> list[Source]:
    scenes = scenes_of(str(archive))
    embed_archive(jobs_of(*scenes))
    return [Source(scene) for scene in scenes]


@pytest.fixture
def find(painted, cache):
    def search(sources: list[Source], text: str, **options: object):
        return find_places(sources, text, painted, FeatureStore(cache), **options)

    return search


def test_lakes_are_found_where_they_are(embedded, find):
    found = find(embedded, "lake", top=6)
    assert [Path(place.raster).name for place in found.places[:2]] != ["middle.tif"] * 2
    best = found.places[0]
    assert best.score > 0.5
    assert "middle" not in best.raster
    left = 600000 if "west" in best.raster else 600000 + 8400
    column, row = (best.x - left) / 10, (5000000 - best.y) / 10
    assert (row - 150) ** 2 / 90**2 + (column - 130) ** 2 / 70**2 < 1
    assert [place.score for place in found.places] == sorted((place.score for place in found.places), reverse=True)


@pytest.mark.parametrize(("worth", "asked"), [(0, True), (2**60, False)])
def test_a_long_search_asks_for_compiled_kernels(embedded, find, monkeypatch, worth, asked):
    calls = []
    monkeypatch.setattr("core.archive.find.WORTH_COMPILING", worth)
    monkeypatch.setattr("core.archive.find.KERNELS.prepare_beside", lambda: calls.append(1))
    find(embedded, "lake")
    assert bool(calls) == asked


def test_the_top_places_are_the_top_of_all_places(embedded, find):
    everything = find(embedded, "houses", top=10**6).places
    assert len(everything) > 20
    assert find(embedded, "houses", top=5).places == everything[:5]


def test_only_what_is_stored_is_read_and_all_of_it(embedded, find, cache):
    found = find(embedded, "forest")
    assert (found.scenes, len(found.failed), found.not_embedded) == (3, 1, [])
    cells = 150 * 210 * 3
    assert found.bytes == cells * (32 + 4 + 4)


def test_a_raster_that_changed_counts_as_not_embedded(embedded, find, archive):
    scene = archive / "a" / "west.tif"
    scene.write_bytes(scene.read_bytes() + b"\0")
    found = find(embedded, "lake")
    assert found.not_embedded == [str(scene)]
    assert found.scenes == 2


def test_places_become_polygons_on_the_globe(embedded, find, tmp_path):
    found = find(embedded, "lake", top=4)
    write_places(tmp_path / "places.gpkg", found.places)
    meta, _, geometry, columns = pyogrio.raw.read(tmp_path / "places.gpkg")
    assert meta["crs"] == "EPSG:4326"
    assert len(geometry) == 4
    assert list(columns[list(meta["fields"]).index("rank")]) == [1, 2, 3, 4]
    west, south, east, north = pyogrio.read_bounds(tmp_path / "places.gpkg")[1][:, 0]
    assert west < found.places[0].longitude < east
    assert south < found.places[0].latitude < north
    assert 10.2 < west < 10.5
    assert 45.0 < south < 45.2


def test_the_command_embeds_an_archive_and_finds_in_it(archive, model_folder, painted, tmp_path, capfd, monkeypatch):
    assert main(["embed", str(archive), "--model", str(model_folder), "--device", "cpu", "--json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert list(report["failed"]) == [str(archive / "b" / "broken.tif")]
    assert report["chunks_computed"] > 0
    monkeypatch.setattr("core.model.load_model", lambda *given, **options: painted)
    output = tmp_path / "places.gpkg"
    main(["find", "lake", str(archive), "-o", str(output), "--top", "3", "--json"])
    found = json.loads(capfd.readouterr().out)
    assert len(found["places"]) == 3
    assert pyogrio.read_info(output)["features"] == 3
    assert main(["find", "lake", str(archive / "b" / "broken.tif"), "--json"]) == 1
    assert "core embed" in capfd.readouterr().err
