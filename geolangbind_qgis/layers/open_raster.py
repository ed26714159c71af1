"""Opens result rasters, and changes the source of layers, without blocking the main thread."""

from __future__ import annotations

from qgis.core import QgsRasterLayer, QgsSingleBandGrayRenderer


def open_raster(path: str, name: str) -> QgsRasterLayer:
    """Returns the layer of a raster file, without a style.

    A layer that has no renderer yet is given one by QGIS, whose stretch needs a histogram of the pixels: 25 to 80 ms
    on the main thread, for a look that is replaced at once. One that has a renderer keeps it and opens in 2 ms.

    Args:
        path: what GDAL opens.
        name: of the layer.
    """
    layer = QgsRasterLayer()
    layer.setName(name)
    layer.setRenderer(QgsSingleBandGrayRenderer(None, 1))
    layer.setDataSource(path, name, "gdal", False)
    return layer


def point_to(layer: QgsRasterLayer, path: str) -> None:
    """Change a layer's source to another file of the same area; its CRS stays, since the user may have set it."""
    crs = layer.crs()
    layer.setDataSource(path, layer.name(), "gdal")
    if crs.isValid():  # a layer whose file was missing has none
        layer.setCrs(crs)
