"""Rasters with a colour palette: photographs are expanded to red, green and blue, class maps stay as they are."""

from __future__ import annotations

from contextlib import ExitStack
from xml.etree import ElementTree

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from core.raster.failures import read_failure
from core.raster.gdal_open import GDAL_FAILURES, open_vrt

_SAMPLE_SIDE = 512
_SHADES = 64
"""A picture with at least so many numbers and colours in use is a photograph; schemes of classes have fewer."""
_COLOURS = ("Red", "Green", "Blue")


def without_palette(name: str, dataset: DatasetReader, stack: ExitStack) -> DatasetReader:
    """Return the red, green and blue of a photograph stored with a palette; any other raster as it is.

    Args:
        name: what the user called it.
        dataset: open.
        stack: closes what is opened.

    Raises:
        InputError: the pixels cannot be read.
    """
    if dataset.count != 1 or dataset.colorinterp[0] != ColorInterp.palette or not _is_photograph(name, dataset):
        return dataset
    return open_vrt(_expanded(dataset), name, stack)


def _is_photograph(name: str, dataset: DatasetReader) -> bool:
    shape = (min(dataset.height, _SAMPLE_SIDE), min(dataset.width, _SAMPLE_SIDE))
    try:
        used = np.unique(dataset.read(1, out_shape=shape))
        colours = dataset.colormap(1)
    except GDAL_FAILURES as problem:
        raise read_failure(name, problem) from problem
    return len(used) >= _SHADES and len({colours.get(int(value), ())[:3] for value in used}) >= _SHADES


def _expanded(dataset: DatasetReader) -> str:
    """Return the XML of a virtual raster of the palette's colours."""
    size = {"rasterXSize": str(dataset.width), "rasterYSize": str(dataset.height)}
    root = ElementTree.Element("VRTDataset", size)
    if dataset.crs:
        ElementTree.SubElement(root, "SRS").text = dataset.crs.to_wkt()
    if not dataset.transform.is_identity:
        ElementTree.SubElement(root, "GeoTransform").text = ", ".join(map(repr, dataset.transform.to_gdal()))
    for number, colour in enumerate(_COLOURS, 1):
        band = ElementTree.SubElement(root, "VRTRasterBand", dataType="Byte", band=str(number))
        ElementTree.SubElement(band, "ColorInterp").text = colour
        source = ElementTree.SubElement(band, "ComplexSource")
        ElementTree.SubElement(source, "SourceFilename", relativeToVRT="0").text = dataset.name
        ElementTree.SubElement(source, "SourceBand").text = "1"
        ElementTree.SubElement(source, "ColorTableComponent").text = str(number)
    if dataset.nodata is not None:
        mask = ElementTree.SubElement(ElementTree.SubElement(root, "MaskBand"), "VRTRasterBand", dataType="Byte")
        source = ElementTree.SubElement(mask, "SimpleSource")
        ElementTree.SubElement(source, "SourceFilename", relativeToVRT="0").text = dataset.name
        ElementTree.SubElement(source, "SourceBand").text = "mask,1"
    return ElementTree.tostring(root, encoding="unicode")
