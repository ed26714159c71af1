"""A search of a STAC API is an archive: a small API on localhost, asked by pystac-client."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("pystac_client")

from core.archive.scenes import is_archive, scenes_of
from core.errors import InputError, UsageError

CONFORMS = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/item-search",
    "https://api.stacspec.org/v1.0.0/item-search#query",
]
PAGE = 2


def item(number: int, href: str) -> dict:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"item-{number}",
        "geometry": None,
        "properties": {"datetime": "2024-07-01T00:00:00Z"},
        "links": [],
        "assets": {
            "thumbnail": {"href": "small.jpg", "type": "image/jpeg", "roles": ["thumbnail"]},
            "visual": {"href": href, "type": "image/tiff; application=geotiff", "roles": ["data"]},
        },
    }


@pytest.fixture
def api():
    """The address of an API with three items, two a page, and what was asked of it."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            here = f"http://127.0.0.1:{self.server.server_address[1]}"
            links = [
                {"rel": "self", "href": here, "type": "application/json"},
                {"rel": "root", "href": here, "type": "application/json"},
                {"rel": "search", "href": f"{here}/search", "type": "application/geo+json", "method": "POST"},
            ]
            self.answer(
                {
                    "type": "Catalog",
                    "stac_version": "1.0.0",
                    "id": "small",
                    "description": "a small API",
                    "conformsTo": CONFORMS,
                    "links": links,
                }
            )

        def do_POST(self):
            here = f"http://127.0.0.1:{self.server.server_address[1]}"
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            start = int(body.get("token", 0))
            items = self.server.items[start : start + PAGE]
            links = []
            if start + PAGE < len(self.server.items):
                following = {**body, "token": start + PAGE}
                links = [{"rel": "next", "href": f"{here}/search", "method": "POST", "body": following}]
            self.answer({"type": "FeatureCollection", "features": items, "links": links})

        def answer(self, document: dict) -> None:
            content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.items = [item(number, f"https://images.example.org/{number}.tif") for number in range(3)]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server, f"stac+http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_search_gives_the_images_of_all_pages(api):
    _, address, asked = api
    search = f"{address}?collections=sentinel-2-l2a&bbox=7,45,8,46&datetime=2024-06-01/2024-08-31&cloud=20"
    assert is_archive(search)
    assert scenes_of(search) == tuple(f"https://images.example.org/{number}.tif" for number in range(3))
    assert asked[0]["collections"] == ["sentinel-2-l2a"]
    assert asked[0]["bbox"] == [7, 45, 8, 46]
    assert asked[0]["query"] == {"eo:cloud_cover": {"lte": 20}}
    assert len(asked) == 2


def test_a_search_stops_at_its_limit(api):
    _, address, _ = api
    assert len(scenes_of(f"{address}?limit=1")) == 1


def test_an_item_that_names_a_local_file_is_refused(api):
    server, address, _ = api
    server.items = [item(0, "/etc/hostname.tif")]
    with pytest.raises(InputError, match="local file"):
        scenes_of(address)


def test_a_search_without_a_hit_is_an_empty_archive(api):
    server, address, _ = api
    server.items = []
    with pytest.raises(InputError, match="There is no raster"):
        scenes_of(address)


@pytest.mark.parametrize("query", ["colour=red", "bbox=a,b", "limit=many"])
def test_a_search_that_says_something_else_is_wrong_usage(api, query):
    _, address, _ = api
    with pytest.raises(UsageError, match="STAC search"):
        scenes_of(f"{address}?{query}")


def test_a_server_that_is_no_stac_api_is_reported():
    with pytest.raises(InputError, match="does not answer as a STAC API"):
        scenes_of("stac+http://127.0.0.1:9/nothing")
