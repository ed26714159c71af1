"""A model hub on localhost."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import ProxyHandler, build_opener


class Publisher(ThreadingHTTPServer):
    """A model hub on localhost that can misbehave.

    Attributes:
        files: content by path.
        requests: (method, path, Range header) of everything asked for.
        moved: the present path by the former one, which is answered with a redirect.
        cut_after: bytes after which the next answers break off; one entry is used up per answer.
        ignore_ranges: whether to always send whole files, as some servers do.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PublisherHandler)
        self.files: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        self.cut_after: list[int] = []
        self.ignore_ranges = False
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class PublisherHandler(BaseHTTPRequestHandler):
    server: Publisher

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body: bool):
        wanted = self.headers.get("Range")
        self.server.requests.append((self.command, self.path, wanted))
        if self.path.startswith("http://"):  # asked as a proxy
            with build_opener(ProxyHandler({})).open(self.path) as response:
                content, start = response.read(), 0
        elif self.path in self.server.moved:
            self.send_response(307)
            self.send_header("Location", self.server.moved[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        elif self.path not in self.server.files:
            self.send_error(404)
            return
        else:
            content = self.server.files[self.path]
            start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and not self.server.ignore_ranges else 0
        if start >= len(content) > 0:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("X-Linked-ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "c0ffee")
        self.end_headers()
        if body:
            cut = self.server.cut_after.pop(0) if self.server.cut_after else len(content)
            self.wfile.write(content[start : start + cut])

    def log_message(self, *_):
        pass


@contextmanager
def serving() -> Iterator[Publisher]:
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
