"""What a soak works on: a model in memory, scenes, labels, and what every request gives when nothing goes wrong."""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rasterio
import shapely
import torch
from model_configs import TINY_WITH_WORDS
from numpy.typing import NDArray
from painted import make_painted_model, paint, painted_labels, write_scene
from vector_files import write_vector

from core.dense.store import FeatureStore
from core.model import load_model
from core.model.weight_files import save_model
from core.raster.reader import open_raster
from core.spectral.recognise import recognise
from core.vocabulary import background_words

HEIGHT, WIDTH = 150, 210
STEPS = 6


class Models:
    """The one model, whatever it is called."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._model = make_painted_model()

    def get(self, name: str, device: str = "auto") -> Any:
        return self._model

    def forget(self) -> None:
        pass


@dataclass
class Workshop:
    """A folder to work in.

    Attributes:
        folder: everything lies here.
        models: in memory.
        expected: pixels of the results that undisturbed requests gave, by method.
    """

    folder: Path
    models: Models = field(default_factory=Models)
    expected: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        os.environ["GEOLANGBIND_CACHE"] = str(self.folder / "features")
        os.environ["GEOLANGBIND_HOME"] = str(self.folder / "home")
        (self.folder / "results").mkdir(parents=True)
        self.scene = write_scene(self.folder / "scene.tif", paint(painted_labels(HEIGHT, WIDTH)))
        self._write_labels()
        self._write_start()

    @property
    def store(self) -> FeatureStore:
        return FeatureStore(self.folder / "features")

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def copy_of_scene(self, number: int) -> Path:
        """A scene that no other trial works on."""
        return Path(shutil.copyfile(self.scene, self.folder / f"scene-{number}.tif"))

    def request(self, method: str, raster: str, output: Path) -> dict[str, Any]:
        """Parameters of a request."""
        source = {"path": raster}
        if method == "highlight":
            return {"source": source, "prompts": ["lake"], "output": str(output), "device": "cpu"}
        if method == "classify":
            return {
                "source": source,
                "classes": "lake; forest; houses",
                "output": str(output),
                "device": "cpu",
            }
        if method == "embed":
            return {"source": source, "device": "cpu"}
        return {
            "sources": [source],
            "labels": str(self.folder / "labels.gpkg"),
            "name": output.name,
            "field": "class",
            "output": str(output),
            "model": str(self.folder / "start"),
            "steps": STEPS,
            "device": "cpu",
        }

    def read_what_is_kept(self) -> None:
        """Read catalogues and the text tower, as a runtime does with its first request; makes no thread that stays."""
        with open_raster(self.scene) as reader:
            recognise(reader)
        background_words()
        load_model(self.folder / "start", device="cpu")
        threads = len(os.listdir("/proc/self/task"))
        assert threads == 1, f"{threads} threads run, which a forked process would lack"

    def _write_labels(self) -> None:
        labels = painted_labels(HEIGHT, WIDTH)
        shapes, names = [], []
        for row in range(8, HEIGHT - 12, 16):
            for col in range(8, WIDTH - 12, 16):
                block = labels[row : row + 8, col : col + 8]
                if (block == block[0, 0]).all():
                    x, y = 600000 + 10 * col, 5000000 - 10 * row
                    shapes.append(shapely.box(x, y - 80, x + 80, y))
                    names.append(("water", "woods", "town")[int(block[0, 0])])
        write_vector(self.folder / "labels.gpkg", shapes, names, kind="Polygon")

    def _write_start(self) -> None:
        from core.model import create_model

        torch.manual_seed(1)
        save_model(create_model(TINY_WITH_WORDS).eval(), self.folder / "start", {"title": "start"}, torch.float16)


class CuttingServer:
    """Serves a folder in a process of its own and breaks off answers when it is told to."""

    def __init__(self, folder: Path) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._switch = folder / "cut-after"
        self.mend()
        self._process = os.fork()
        if self._process == 0:
            with contextlib.suppress(BaseException):
                self._serve(folder)
            os._exit(0)

    def cut_after(self, count: int) -> None:
        """Let all but so many requests break off."""
        self._switch.write_text(str(count))

    def mend(self) -> None:
        """Answer whole again."""
        self._switch.write_text(str(10**9))

    def close(self) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        self._listening.close()

    def _serve(self, folder: Path) -> None:
        switch = self._switch

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, *, body: bool) -> None:
                left = int(switch.read_text() or 0)
                path = folder / self.path.lstrip("/").split("?")[0]
                if not path.is_file() or path.suffix != ".tif":
                    self.send_error(404)
                    return
                content = path.read_bytes()
                wanted = self.headers.get("Range")
                first, last = 0, len(content) - 1
                if wanted:
                    begin, _, end = wanted.removeprefix("bytes=").partition("-")
                    first, last = int(begin), min(int(end or last), last)
                part = content[first : last + 1]
                self.send_response(206 if wanted else 200)
                self.send_header("Content-Length", str(len(part)))
                self.send_header("Accept-Ranges", "bytes")
                if wanted:
                    self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
                self.end_headers()
                if body:
                    self.wfile.write(part if left > 0 else part[: len(part) // 3])
                if left <= 0:
                    self.connection.shutdown(socket.SHUT_RDWR)
                switch.write_text(str(left - 1))

            def log_message(self, *_: Any) -> None:
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = self._listening
        server.server_address = self._listening.getsockname()
        server.serve_forever()


def pixels(path: Path) -> NDArray[Any]:
    """All pixels of a raster, overviews looked at too: what is half written does not read."""
    with rasterio.open(path) as file:
        for level in range(len(file.overviews(1))):
            with rasterio.open(path, overview_level=level) as coarse:
                coarse.read()
        return file.read()
