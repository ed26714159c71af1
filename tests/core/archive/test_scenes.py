"""Folders, STAC documents and lists say what an archive is made of."""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.archive.scenes import is_archive, scenes_of
from core.errors import InputError


def item(name: str, **assets: dict) -> dict:
    return {"type": "Feature", "stac_version": "1.0.0", "id": name, "assets": assets}


def image(href: str, *roles: str) -> dict:
    return {"href": href, "type": "image/tiff; application=geotiff", "roles": list(roles)}


def names(found: tuple[str, ...]) -> list[str]:
    return [Path(path).name for path in found]


def test_a_folder_gives_the_rasters_of_all_folders_below_it(archive):
    (archive / ".hidden").mkdir()
    (archive / ".hidden" / "part.tif").write_bytes(b"")
    assert names(scenes_of(str(archive))) == ["middle.tif", "west.tif", "broken.tif", "east.tif"]


def test_a_list_gives_its_lines_beside_itself(archive):
    text = archive / "scenes.txt"
    text.write_text("# scenes\na/west.tif\n\nhttps://example.org/cog.tif\na/west.tif\n")
    assert scenes_of(str(text)) == (str(archive / "a" / "west.tif"), "https://example.org/cog.tif")


def test_an_item_collection_gives_one_image_an_item(archive):
    document = archive / "items.json"
    one = item("one", thumbnail=image("t.tif", "thumbnail"), B04=image("b4.tif", "data"), visual=image("a/west.tif"))
    two = item("two", cog=image("b/east.tif", "data"), other=image("t.tif", "overview"))
    one["assets"]["visual"]["roles"] = ["data"]
    document.write_text(json.dumps({"type": "FeatureCollection", "features": [one, two]}))
    assert names(scenes_of(str(document))) == ["west.tif", "east.tif"]
    assert names(scenes_of(str(document.parent / "items.json"), asset=None)) == ["west.tif", "east.tif"]


def test_a_catalogue_is_followed_and_circles_end(archive):
    (archive / "one.json").write_text(json.dumps(item("one", data=image("west.tif"))))
    links = [
        {"rel": "item", "href": "one.json"},
        {"rel": "child", "href": "catalog.json"},
        {"rel": "self", "href": "x"},
    ]
    (archive / "catalog.json").write_text(json.dumps({"type": "Catalog", "links": links}))
    assert scenes_of(str(archive / "catalog.json")) == (str(archive / "west.tif"),)


def test_an_item_of_many_images_asks_which(archive):
    document = archive / "one.json"
    document.write_text(json.dumps(item("one", B04=image("b4.tif"), B03=image("b3.tif"))))
    with pytest.raises(InputError, match="--asset: B04, B03"):
        scenes_of(str(document))
    assert names(scenes_of(str(document), asset="B03")) == ["b3.tif"]
    with pytest.raises(InputError, match="no asset B9"):
        scenes_of(str(document), asset="B9")


@pytest.mark.parametrize("content", ["nonsense", "[]", '{"type": "Feature"}', '{"type": "other"}'])
def test_what_is_no_stac_is_one_plain_sentence(archive, content):
    (archive / "x.json").write_text(content)
    with pytest.raises(InputError):
        scenes_of(str(archive / "x.json"))


def test_one_scene_is_no_archive(archive, tmp_path):
    assert is_archive(str(archive))
    assert is_archive(str(archive / "list.txt"))
    assert not is_archive(str(archive / "a" / "west.tif"))
    assert not is_archive(str(tmp_path / "missing.tif"))
    (tmp_path / "empty").mkdir()
    assert not is_archive(str(tmp_path / "empty"))
    with pytest.raises(InputError, match="no raster"):
        scenes_of(str(tmp_path / "empty"))


@pytest.fixture
def published(archive):
    """A catalogue on a server of this machine; gives its folder and its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(archive))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield archive, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_catalogue_on_a_server_is_read_there_and_its_images_keep_their_addresses(published):
    folder, address = published
    (folder / "one.json").write_text(json.dumps(item("one", data=image("a/west.tif"))))
    links = [{"rel": "item", "href": "one.json"}, {"rel": "item", "href": f"{address}/two.json"}]
    (folder / "two.json").write_text(json.dumps(item("two", data=image("https://example.org/x.tif?sig=1"))))
    (folder / "catalog.json").write_text(json.dumps({"type": "Catalog", "links": links}))
    found = (f"{address}/a/west.tif", "https://example.org/x.tif?sig=1")
    assert is_archive(f"{address}/catalog.json")
    assert scenes_of(f"{address}/catalog.json") == found
    assert scenes_of(str(folder / "catalog.json")) == (str(folder / "a" / "west.tif"), found[1])


def test_absolute_links_into_the_place_of_publication_lead_to_the_copy_beside(archive):
    (archive / "one.json").write_text(json.dumps(item("one", data=image("a/west.tif"))))
    links = [
        {"rel": "self", "href": "https://unreachable.invalid/stac/catalog.json"},
        {"rel": "item", "href": "https://unreachable.invalid/stac/one.json"},
    ]
    (archive / "catalog.json").write_text(json.dumps({"type": "Catalog", "links": links}))
    assert names(scenes_of(str(archive / "catalog.json"))) == ["west.tif"]


def test_a_server_that_does_not_have_the_document_is_named(published):
    _, address = published
    with pytest.raises(InputError, match="cannot be read from its server"):
        scenes_of(f"{address}/nothing.json")
