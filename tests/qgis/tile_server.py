"""A tile server on localhost: pictures of water and forest, and holes where it has nothing."""

from __future__ import annotations

from local_server import Answer, LocalServer
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


class TileServer(LocalServer):
    """Serves /z/x/y.png; tiles in ``missing`` answer 404."""

    def __init__(self, missing=lambda z, x, y: False):
        even, odd = _png("#1c3f6e"), _png("#2f5d2a")

        def answer(question):
            z, x, y = (int(part.split(".")[0]) for part in question.path.strip("/").split("/"))
            if missing(z, x, y):
                return Answer(status=404)
            return Answer(even if x % 2 == 0 else odd, "image/png")

        super().__init__(answer)

    @property
    def layer_source(self):
        return f"type=xyz&url=http://{self.address}/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=18&zmin=0"
