"""The command line in this process, with the painted model in place of a trained one."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from painted import PaintedModel, paint, painted_labels, write_scene

from core.cli.main import main


class Outcome(NamedTuple):
    """What a command left behind: exit status, what it printed, and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / "features"))
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))
    return tmp_path / "features"


@pytest.fixture
def command(capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, painted_model: PaintedModel) -> Callable:
    """Runs ``core`` with arguments."""
    monkeypatch.setattr("core.model.zoo.load_model", lambda *given, **options: painted_model)

    def run(*arguments: object) -> Outcome:
        capfd.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capfd.readouterr()
        return Outcome(status, out, err)

    return run


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "scene.tif", paint(painted_labels()))


class RangeHandler(http.server.BaseHTTPRequestHandler):
    """Serves one folder with byte ranges, as cloud storage does."""

    folder: Path

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        file = self.folder / Path(self.path).name
        if not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes()
        first, last = 0, len(content) - 1
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes="):
            start, _, end = asked[6:].partition("-")
            first, last = int(start), min(int(end or last), last)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        if body:
            self.wfile.write(content[first : last + 1])


@pytest.fixture
def range_server(tmp_path: Path) -> Iterator[str]:
    """The address of a server of ``tmp_path``."""
    handler = type("Handler", (RangeHandler,), {"folder": tmp_path})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
