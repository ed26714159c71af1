"""Copies of layers that only QGIS can read, made block by block into a GeoTIFF for the runtime."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeedback,
    QgsRasterBlock,
    QgsRasterBlockFeedback,
    QgsRasterDataProvider,
    QgsRasterFileWriter,
)
from qgis.PyQt.QtCore import QByteArray

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.export_grid import ExportGrid

RENDERED_NODATA = 0
"""Nodata of rendered copies; pixels that are truly black are written as 1."""


class ExportError(Exception):
    """A layer that could not be copied; the message is shown to the user."""


def export_layer(
    provider: QgsRasterDataProvider,
    crs: QgsCoordinateReferenceSystem,
    grid: ExportGrid,
    path: Path,
    *,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    feedback: QgsRasterBlockFeedback | None = None,
) -> bool:
    """Write the grid's pixels to a tiled GeoTIFF; runs on any thread with a provider of its own.

    Pictures (tile servers, WMS) give three 8-bit bands; all else keeps its bands and data type. Where the source has
    nothing (missing tiles, transparency, nodata), the copy has nodata.

    Args:
        provider: a clone of the layer's provider for this copy alone.
        crs: system of the grid.
        grid: the pixels to write.
        path: the file; written under another name first, so that it is whole or absent.
        progress: called with the fraction done.
        cancelled: called between blocks.
        feedback: for the cancellation of a block that is being fetched.

    Returns:
        False where it was cancelled; then no file is left.

    Raises:
        ExportError: the file cannot be written, or nothing could be fetched.
    """
    if feedback is not None:
        _know_virtuals(feedback)
    picture = _is_picture(provider)
    bands = 3 if picture else provider.bandCount()
    data_type = Qgis.DataType.Byte if picture else _widest(provider)
    unfinished = path.with_name(path.stem + ".unfinished.tif")
    writer = QgsRasterFileWriter(str(unfinished))
    writer.setOutputFormat("GTiff")
    writer.setCreateOptions(["TILED=YES", "COMPRESS=DEFLATE", "BIGTIFF=IF_SAFER"])
    target = writer.createMultiBandRaster(data_type, grid.width, grid.height, grid.extent, crs, bands)
    if target is None or not target.isValid():
        raise ExportError(tr("{0} cannot be written. Check the free space and rights of its folder.").format(path))
    done = False
    try:
        target.setEditable(True)
        nodata = float(RENDERED_NODATA) if picture else _nodata(provider, data_type)
        for band in range(1, bands + 1):
            target.setNoDataValue(band, nodata)
        total, anything = grid.width * grid.height, 0
        written = 0
        for column, row, width, height, box in grid.blocks():
            if cancelled():
                return False
            if picture:
                layers = _picture_bands(provider.block(1, box, width, height, feedback))
            else:
                layers = [
                    _values(provider.block(band, box, width, height, feedback), data_type, nodata)
                    for band in range(1, bands + 1)
                ]
            for band, values in enumerate(layers, start=1):
                block = QgsRasterBlock(data_type, width, height)
                block.setData(QByteArray(values.tobytes()))
                if not target.writeBlock(block, band, column, row):
                    raise ExportError(tr("{0} cannot be written. Check the free space of its disk.").format(path))
            anything = anything or int((layers[0] != nodata).any())
            written += width * height
            progress(written / total)
        if cancelled():
            return False
        if not anything:
            raise ExportError(
                tr("The server gave no picture of this area. Check the connection, or move to another place.")
            )
        done = True
    finally:
        target.setEditable(False)
        del target
        if not done:
            with suppress(OSError):
                unfinished.unlink()
    try:
        unfinished.replace(path)
    except OSError as problem:
        raise ExportError(tr("{0} cannot be written: {1}.").format(path, problem.strerror)) from problem
    return True


def _know_virtuals(feedback: QgsRasterBlockFeedback) -> None:
    """Have sip cache, at a safe moment, that Python overrides neither ``connectNotify`` nor ``disconnectNotify``.

    Otherwise it looks when a download ends that the feedback was connected to: in ``~QObject``, where Qt holds a lock
    of the download and sip waits for Python's. A main thread in Python code that emits signals meanwhile (closing the
    project, removing a layer) waits for the one and holds the other, and QGIS stands still for good.
    """
    other = QgsFeedback()
    feedback.canceled.connect(other.cancel)
    feedback.canceled.disconnect(other.cancel)


def _is_picture(provider: QgsRasterDataProvider) -> bool:
    """Whether the provider returns rendered colours instead of measured values."""
    return provider.dataType(1) in (Qgis.DataType.ARGB32, Qgis.DataType.ARGB32_Premultiplied)


def _picture_bands(block: QgsRasterBlock) -> list[numpy.ndarray]:
    """Returns the red, green and blue bands (h, w) uint8 of a rendered image; transparent pixels are nodata."""
    shape = (block.height(), block.width())
    data = bytes(block.data())
    if len(data) != shape[0] * shape[1] * 4:
        return [numpy.full(shape, RENDERED_NODATA, dtype=numpy.uint8)] * 3
    pixels = numpy.frombuffer(data, dtype="<u4").reshape(shape)  # QRgb: 0xAARRGGBB
    valid = (pixels >> 24) >= 128
    bands = []
    for shift in (16, 8, 0):
        values = ((pixels >> shift) & 0xFF).astype(numpy.uint8)
        bands.append(numpy.where(valid, numpy.maximum(values, 1), RENDERED_NODATA).astype(numpy.uint8))
    return bands


_NUMPY_TYPES = {
    Qgis.DataType.Byte: numpy.uint8,
    Qgis.DataType.UInt16: numpy.uint16,
    Qgis.DataType.Int16: numpy.int16,
    Qgis.DataType.UInt32: numpy.uint32,
    Qgis.DataType.Int32: numpy.int32,
    Qgis.DataType.Float32: numpy.float32,
    Qgis.DataType.Float64: numpy.float64,
}


def _widest(provider: QgsRasterDataProvider) -> Qgis.DataType:
    """Returns a data type that holds the values of every band."""
    kinds = [provider.dataType(band) for band in range(1, provider.bandCount() + 1)]
    if any(kind not in _NUMPY_TYPES for kind in kinds):
        raise ExportError(tr("This layer has complex numbers, which have no picture. Convert it to amplitude first."))
    common = numpy.result_type(*(_NUMPY_TYPES[kind] for kind in kinds))
    held = {numpy.dtype(kind): name for name, kind in _NUMPY_TYPES.items()}
    return held.get(common, Qgis.DataType.Float64)  # no GeoTIFF of QGIS's holds 64-bit whole numbers


def _nodata(provider: QgsRasterDataProvider, data_type: Qgis.DataType) -> float:
    """Returns the source's own nodata value if the type holds it, else the limit of the type's range.

    Of unsigned whole numbers that is the highest: zero is a valid measurement.
    """
    kind: numpy.dtype[Any] = numpy.dtype(_NUMPY_TYPES[data_type])
    if provider.sourceHasNoDataValue(1):
        own = float(provider.sourceNoDataValue(1))
        if kind.kind == "f" or (own.is_integer() and numpy.iinfo(kind).min <= own <= numpy.iinfo(kind).max):
            return own
    if kind.kind == "f":
        return -9999.0
    return float(numpy.iinfo(kind).max if kind.kind == "u" else numpy.iinfo(kind).min)


def _values(block: QgsRasterBlock, data_type: Qgis.DataType, nodata: float) -> numpy.ndarray:
    """Returns a block's values (h, w) in the target's type, with one nodata value for whatever the source lacks.

    A valid value that equals it is written as its neighbour, so that no measurement becomes a gap.
    """
    kind: numpy.dtype[Any] = numpy.dtype(_NUMPY_TYPES[data_type])
    shape = (block.height(), block.width())
    own = _NUMPY_TYPES.get(block.dataType())
    data = bytes(block.data())
    if own is None or len(data) != shape[0] * shape[1] * numpy.dtype(own).itemsize:
        return numpy.full(shape, nodata, dtype=kind)
    read = numpy.frombuffer(data, dtype=own).reshape(shape)
    missing = numpy.isnan(read) if read.dtype.kind == "f" else numpy.zeros(shape, dtype=bool)
    if block.hasNoDataValue():
        missing |= read == block.noDataValue()
    values = read.astype(kind)
    values[~missing & (values == kind.type(nodata))] = _neighbour(nodata, kind)
    values[missing] = kind.type(nodata)
    return values


def _neighbour(value: float, kind: numpy.dtype) -> float:
    """Returns the adjacent representable number towards zero; 1 for zero."""
    if kind.kind == "f":
        return float(numpy.nextafter(kind.type(value), kind.type(0 if value else 1)))
    return value - 1 if value > 0 else value + 1
