"""Archives are read in place and write nothing; documents lead to no private files; caches of others run nothing."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import threading
import zipfile

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile

from core.archive import scenes
from core.archive.scenes import scenes_of
from core.dense import compiled
from core.errors import InputError
from core.platform_folders import is_private
from core.raster import listing
from core.raster.listing import list_archive, list_folder
from core.raster.reader import open_raster


def geotiff() -> bytes:
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=8, height=8, count=1, dtype="uint8") as file:
            file.write(np.ones((1, 8, 8), np.uint8))
        return memory.read()


def everything_below(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_an_archive_whose_names_lead_out_of_it_writes_nothing(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    path = inside / "product.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("../../escaped.tif", geotiff())
        packed.writestr("/tmp/absolute.tif", geotiff())
        packed.writestr("image.tif", geotiff())
    before = everything_below(tmp_path)
    try:
        with open_raster(path) as raster:
            assert raster.grid.width == 8
    except InputError:
        pass
    assert everything_below(tmp_path) == before
    assert not (tmp_path.parent / "escaped.tif").exists()


def test_a_name_that_leads_out_of_an_archive_opens_no_file_outside(tmp_path):
    (tmp_path / "secret.tif").write_bytes(geotiff())
    folder = tmp_path / "a"
    folder.mkdir()
    path = folder / "product.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("../../secret.tif", b"not the file outside")
        packed.writestr("b.txt", b"")
    source = list_archive(path).source("../../secret.tif")
    with pytest.raises(rasterio.RasterioIOError), rasterio.open(source):
        pass


def test_a_text_that_unpacks_to_gigabytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "LARGEST_TEXT", 1000)
    path = tmp_path / "product.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("MTD.xml", b"x" * 100_000)
    with pytest.raises(InputError, match="too large for a text"):
        list_archive(path).text("MTD.xml")
    (tmp_path / "MTD.xml").write_bytes(b"x" * 100_000)
    with pytest.raises(InputError, match="too large for a text"):
        list_folder(tmp_path).text("MTD.xml")


class Endless(http.server.BaseHTTPRequestHandler):
    """Answers with a document that has no end."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x" * 10_000)

    def log_message(self, *_):
        pass


def test_a_document_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, "LARGEST_TEXT", 100_000)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(InputError, match="too large for a list"):
            scenes_of(f"http://127.0.0.1:{server.server_port}/item.json")
        server.shutdown()
    (tmp_path / "item.json").write_bytes(b"x" * 200_000)
    with pytest.raises(InputError, match="too large for a list"):
        scenes_of(str(tmp_path / "item.json"))


@pytest.mark.parametrize("href", ["file:///etc/hostname.tif", "/etc/hostname.tif", "/vsizip//home/a.zip/b.tif"])
def test_a_document_on_a_server_may_not_name_files_of_this_computer(href, monkeypatch):
    item = {"type": "Feature", "id": "a", "assets": {"image": {"href": href, "type": "image/tiff"}}}
    monkeypatch.setattr(scenes, "_text", lambda place: json.dumps(item))
    with pytest.raises(InputError, match="local file"):
        scenes_of("https://stac.example.org/item.json")


def test_a_local_document_names_local_files_as_ever(tmp_path):
    (tmp_path / "a.tif").write_bytes(geotiff())
    item = {"type": "Feature", "id": "a", "assets": {"image": {"href": "a.tif", "type": "image/tiff"}}}
    (tmp_path / "item.json").write_text(json.dumps(item))
    assert scenes_of(str(tmp_path / "item.json")) == (str(tmp_path / "a.tif"),)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows keeps caches in the user's own profile")
def test_compiled_code_is_not_loaded_from_a_folder_that_others_can_write_to(tmp_path, monkeypatch):
    folder = tmp_path / "kernels"
    assert is_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert not is_private(folder)
    monkeypatch.setattr(compiled, "cache_base", lambda: tmp_path)
    assert not compiled._writable(compiled.kernel_folder())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows keeps caches in the user's own profile")
def test_compiled_code_is_not_loaded_from_another_users_folder(tmp_path, monkeypatch):
    own = tmp_path / "kernels"
    own.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(own)
    assert not is_private(link)
    monkeypatch.setattr(os, "getuid", lambda: own.stat().st_uid + 1)
    assert not is_private(own)
