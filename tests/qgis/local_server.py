"""A web server on localhost that answers by a function and remembers what it was asked."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Question:
    """What a client asks.

    Attributes:
        method: "GET" or "HEAD".
        path: of the address, without the query.
        query: parameters by their names in upper case, as OGC services take them.
        headers: of the request.
    """

    method: str
    path: str
    query: dict
    headers: dict


@dataclass(frozen=True)
class Answer:
    """What the server says; for HEAD without the body."""

    body: bytes = b""
    kind: str = "text/plain"
    status: int = 200
    headers: tuple = ()


class LocalServer:
    """Answers until it is closed; ``asked`` holds all questions."""

    def __init__(self, answer):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                url = urlsplit(self.path)
                query = {name.upper(): value for name, value in parse_qsl(url.query, keep_blank_values=True)}
                question = Question(self.command, url.path, query, dict(self.headers))
                asked.append(question)
                found = answer(question)
                with suppress(ConnectionError):  # nobody waits any more
                    self.send_response(found.status)
                    for name, value in (("Content-Type", found.kind), *found.headers):
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(found.body)))
                    self.end_headers()
                    if self.command == "GET":
                        self.wfile.write(found.body)

            def do_HEAD(self):
                self.do_GET()

            def log_message(self, *_):
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
