"""Virtual rasters of several files or variables as bands, on the grid of the finest member.

Every member keeps its scale, offset, unit, nodata, mask, colour role, metadata and wavelength; coarser members are
interpolated. Members that lie side by side are tiles or scenes, not bands, and are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from affine import Affine
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader

from core.errors import InputError
from core.raster.failures import NotARasterError
from core.raster.gdal_open import opened_gdal
from core.raster.members import Member, Stack

_GDAL_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "uint64": "UInt64",
    "int64": "Int64",
    "float32": "Float32",
    "float64": "Float64",
}
_PANCHROMATIC = re.compile(r"(^|_)(B8|pan\w*)$", re.IGNORECASE)
"""Names of panchromatic bands, whose pixels are finer than those of the colours; Sentinel-2 writes its eighth B08."""
_SHARED_GROUND = 0.5
"""Least share of the ground of either member that both cover; bands of one scene share nearly all."""
_HIDDEN_DOMAINS = re.compile(
    r"^(xml:|json:|IMAGE_STRUCTURE$|DERIVED_SUBDATASETS$|SUBDATASETS$|GEOLOCATION$|COLOR_PROFILE$)"
)


@dataclass(frozen=True)
class _Band:
    """Metadata of a member's only band."""

    member: Member
    width: int
    height: int
    dtype: str
    crs: str
    transform: Affine
    nodata: float | None
    scale: float
    offset: float
    unit: str
    role: str
    mask: str | None
    tags: Mapping[str, str]
    shared: Mapping[str, str]

    @property
    def pixel_width(self) -> float:
        return math.hypot(self.transform.a, self.transform.d)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        corners = [self.transform @ (col, row) for col in (0, self.width) for row in (0, self.height)]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


def stack_vrt(stack: Stack) -> str:
    """Return the XML of a virtual raster of the stack's members.

    Raises:
        InputError: the members do not fit together, or one cannot be read.
    """
    bands = [_band_of(member) for member in stack.members]
    reference = _reference(bands)
    _check_fit(bands, reference)
    kind = _GDAL_TYPES[np.result_type(*(band.dtype for band in bands)).name]
    root = ElementTree.Element("VRTDataset", rasterXSize=str(reference.width), rasterYSize=str(reference.height))
    if reference.crs:
        ElementTree.SubElement(root, "SRS").text = reference.crs
    ElementTree.SubElement(root, "GeoTransform").text = ", ".join(map(repr, reference.transform.to_gdal()))
    agreed = _agreed([band.shared for band in bands])
    _add_metadata(root, {**agreed, **stack.tags})
    for index, band in enumerate(bands, 1):
        own = {key: value for key, value in band.shared.items() if key not in agreed}
        _add_band(root, index, replace(band, tags={**own, **band.tags}), reference, kind, stack.nodata)
    if all(band.mask for band in bands):
        _add_mask(root, bands, reference)
    return ElementTree.tostring(root, encoding="unicode")


def _band_of(member: Member) -> _Band:
    """Return the metadata of a member's band.

    Raises:
        InputError: it does not open, holds several bands, or is no imagery.
    """
    with opened_gdal(member.source) as dataset:
        dtype = dataset.dtypes[0] if dataset.count else "none"
        if dtype not in _GDAL_TYPES:
            raise NotARasterError(
                f"{Path(member.source).name} has values of type {dtype}, which is not imagery.",
                hint="Take it out of the folder.",
            )
        has_alpha = dataset.count == 2 and dataset.colorinterp[1] == ColorInterp.alpha
        if dataset.count != 1 and not has_alpha:
            raise InputError(
                f"{Path(member.source).name} holds {dataset.count} bands, but a folder is read as one band a file.",
                hint="Give that file instead of the folder.",
            )
        return _Band(
            member=member,
            width=dataset.width,
            height=dataset.height,
            dtype=dtype,
            crs=dataset.crs.to_wkt() if dataset.crs else "",
            transform=dataset.transform,
            nodata=dataset.nodata,
            scale=float(dataset.scales[0]),
            offset=float(dataset.offsets[0]),
            unit=dataset.units[0] or "",
            role=dataset.colorinterp[0].name,
            mask="2" if has_alpha else _mask_of(dataset),
            tags=_tags_of(dataset, 1),
            shared=_tags_of(dataset, 0),
        )


def _mask_of(dataset: DatasetReader) -> str | None:
    """Return the name of the file's own mask in a virtual raster; None where it has none."""
    return "mask,1" if MaskFlags.per_dataset in dataset.mask_flag_enums[0] else None


def _tags_of(dataset: DatasetReader, band: int) -> dict[str, str]:
    """Return the metadata of a band, or of the whole for 0, from all domains that hold plain text."""
    tags: dict[str, str] = {}
    for domain in ("", *dataset.tag_namespaces(band)):
        if not _HIDDEN_DOMAINS.match(domain):
            tags |= dataset.tags(band, ns=domain or None)
    return tags


def _agreed(tables: list[Mapping[str, str]]) -> dict[str, str]:
    """Return the metadata that all members share."""
    first, *rest = tables
    return {key: value for key, value in first.items() if all(table.get(key) == value for table in rest)}


def _reference(bands: list[_Band]) -> _Band:
    """Return the member whose grid the stack has: the finest, but for a panchromatic band among colours."""
    coloured = [band for band in bands if not _PANCHROMATIC.search(band.member.name)]
    finest = min(coloured or bands, key=lambda band: band.pixel_width)
    return finest if len(coloured) >= 2 else min(bands, key=lambda band: band.pixel_width)


def _check_fit(bands: list[_Band], reference: _Band) -> None:
    """Refuse members that are no bands of one scene.

    Raises:
        InputError: they have different reference systems, cover different ground, or are rotated against each other.
    """
    for band in bands:
        if band.crs != reference.crs:
            raise InputError(
                f"{band.member.name} and {reference.member.name} have different coordinate reference systems.",
                hint="Put only the bands of one scene into the folder.",
            )
        if _shared_ground(band, reference) < _SHARED_GROUND:
            raise InputError(
                f"{band.member.name} and {reference.member.name} cover different ground: they are tiles or scenes side "
                "by side, not bands of one image.",
                hint="Give one of them, merge them into one raster first, or use core embed for all of them.",
            )


def _shared_ground(one: _Band, other: _Band) -> float:
    """Return the area that both cover as a share of the larger of the two."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = one.extent, other.extent
    common = max(0.0, min(x1, u1) - max(x0, u0)) * max(0.0, min(y1, v1) - max(y0, v0))
    largest = max((x1 - x0) * (y1 - y0), (u1 - u0) * (v1 - v0))
    return common / largest if largest > 0 else 0.0


def _add_metadata(parent: ElementTree.Element, tags: Mapping[str, str]) -> None:
    metadata = ElementTree.SubElement(parent, "Metadata")
    for key, value in tags.items():
        ElementTree.SubElement(metadata, "MDI", key=key).text = _printable(value)


def _printable(text: str) -> str:
    """Return a text without the control characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _add_band(
    root: ElementTree.Element, index: int, band: _Band, reference: _Band, kind: str, nodata: float | None
) -> None:
    """Add one band; its source rectangle is the reference's extent in the member's own pixels."""
    made = ElementTree.SubElement(root, "VRTRasterBand", dataType=kind, band=str(index))
    _add_metadata(made, band.tags)
    ElementTree.SubElement(made, "Description").text = _printable(band.member.name)
    if band.unit:
        ElementTree.SubElement(made, "UnitType").text = band.unit
    ElementTree.SubElement(made, "Offset").text = repr(band.offset)
    ElementTree.SubElement(made, "Scale").text = repr(band.scale)
    if band.role in ("red", "green", "blue"):
        ElementTree.SubElement(made, "ColorInterp").text = band.role.capitalize()
    hidden = band.nodata if band.nodata is not None else nodata
    if hidden is not None:
        ElementTree.SubElement(made, "NoDataValue").text = repr(hidden)
    _add_source(made, band, reference, "1", hidden)


def _add_mask(root: ElementTree.Element, bands: list[_Band], reference: _Band) -> None:
    """Add the mask of the whole: a pixel has data where any member has."""
    mask = ElementTree.SubElement(ElementTree.SubElement(root, "MaskBand"), "VRTRasterBand", dataType="Byte")
    for band in bands:
        _add_source(mask, band, reference, band.mask or "mask,1", 0.0)


def _add_source(
    parent: ElementTree.Element, band: _Band, reference: _Band, source_band: str, hidden: float | None
) -> None:
    """Add a member's pixels to a band; those of value ``hidden`` are left out."""
    source = ElementTree.SubElement(parent, "ComplexSource")
    same_size = (band.width, band.height) == (reference.width, reference.height)
    if not same_size and parent.get("band"):
        source.set("resampling", "bilinear")
    name = ElementTree.SubElement(source, "SourceFilename", relativeToVRT="0")
    name.text = band.member.source
    ElementTree.SubElement(source, "SourceBand").text = source_band
    to_pixels = ~_linear(band.transform)
    width, height = to_pixels @ (_linear(reference.transform) @ (reference.width, reference.height))
    col, row = to_pixels @ (
        reference.transform.c - band.transform.c,
        reference.transform.f - band.transform.f,
    )
    ElementTree.SubElement(source, "SrcRect", xOff=repr(col), yOff=repr(row), xSize=repr(width), ySize=repr(height))
    ElementTree.SubElement(
        source, "DstRect", xOff="0", yOff="0", xSize=str(reference.width), ySize=str(reference.height)
    )
    if hidden is not None:
        ElementTree.SubElement(source, "NODATA").text = repr(hidden)


def _linear(transform: Affine) -> Affine:
    """Return a transform without its origin: products of large coordinates would lose digits."""
    return Affine(transform.a, transform.b, 0.0, transform.d, transform.e, 0.0)
