"""A tile server on localhost: pictures of water and forest, and holes where it has nothing."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice
from qgis.PyQt.QtGui import QColor, QImage

TILE = 256


def _png(colour):
    image = QImage(TILE, TILE, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(data)


class TileServer:
    """Serves /z/x/y.png; tiles in ``missing`` answer 404; what was asked is kept in ``asked``."""

    def __init__(self, missing=lambda z, x, y: False):
        even, odd = _png("#1c3f6e"), _png("#2f5d2a")
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                z, x, y = (int(part.split(".")[0]) for part in self.path.strip("/").split("/"))
                asked.append((z, x, y))
                if missing(z, x, y):
                    self.send_error(404)
                    return
                body = even if x % 2 == 0 else odd
                self.send_response(200)
                self.send_header("Content-Type", "image/png")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def layer_source(self):
        port = self._server.server_port
        return f"type=xyz&url=http://127.0.0.1:{port}/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=18&zmin=0"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
