"""Several files or variables seen as one raster: folders with one file a band, NetCDF with one variable a band.

The stack is a VRT in memory on the grid of its finest member; coarser members are interpolated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import rasterio
from rasterio.errors import RasterioError

from core.errors import InputError
from core.raster.failures import NotARasterError, open_failure

_RASTER_SUFFIXES = (".tif", ".tiff", ".jp2", ".img", ".vrt", ".bil", ".dat", ".asc", ".png")
_NOT_IMAGERY = re.compile(
    r"(_|\b)(QA_\w+|QA|BQA|SCL|AOT|WVP|TCI|CLD\w*|SNW\w*|MSK\w*|PVI|cloud|mask|ANG|VAA|VZA|SAA|SZA|CDIST|ATRAN|DRAD|EMIS|"
    r"EMSD|TRAD|URAD|SR_ATMOS_OPACITY)(_\d+m)?$",
    re.IGNORECASE,
)
_SENTINEL2_BAND = re.compile(r"_(B(?:\d\d|8A))(?:_(\d\d)m)?$", re.IGNORECASE)
_LANDSAT_BAND = re.compile(r"_((?:SR_|ST_)?B\d+(?:_VCID_\d)?)$", re.IGNORECASE)
_GDAL_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}
_ORDER = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


@dataclass(frozen=True)
class Member:
    """One band of a stack: what GDAL opens, and the band's name."""

    source: str
    name: str


@dataclass(frozen=True)
class Stack:
    """Bands from several sources.

    Attributes:
        members: one per band, in order.
        tags: metadata of the whole.
        nodata: value that means no data where the members do not say so themselves.
    """

    members: tuple[Member, ...]
    tags: dict[str, str] = field(default_factory=dict)
    nodata: float | None = None


def folder_stack(folder: Path) -> Stack:
    """Find the bands of a folder: a Sentinel-2 SAFE product, a Landsat product, or one single-band file a band.

    Raises:
        NotARasterError: the folder holds no raster.
    """
    metadata = sorted(folder.glob("MTD_MSIL*.xml"))
    if metadata:
        return _sentinel2_product(folder, metadata[0])
    files = sorted(
        (path for path in folder.iterdir() if path.suffix.lower() in _RASTER_SUFFIXES and path.is_file()), key=_natural
    )
    imagery = [path for path in files if not _NOT_IMAGERY.search(path.stem)]
    if not imagery:
        raise NotARasterError(f"There is no raster in the folder {folder}.", hint="Give a folder with one file a band.")
    for pattern in (_SENTINEL2_BAND, _LANDSAT_BAND):
        found = [(path, match) for path in imagery if (match := pattern.search(path.stem))]
        if len(found) > 1:
            return Stack(tuple(_finest(found)), {"PRODUCT": _common_prefix([path.stem for path, _ in found])})
    names = _distinct_parts([path.stem for path in imagery])
    return Stack(tuple(Member(str(path), name) for path, name in zip(imagery, names, strict=True)))


def stack_vrt(stack: Stack) -> str:
    """Write the stack as the XML of a virtual raster.

    Raises:
        InputError: the members do not fit together, or one cannot be read.
    """
    described = [_describe(member) for member in stack.members]
    reference = min(described, key=lambda item: item.pixel_width)
    for item in described:
        if item.crs != reference.crs:
            raise InputError(
                f"{item.member.name} and {reference.member.name} have different coordinate reference systems.",
                hint="Put only the bands of one scene into the folder.",
            )
        if item.count != 1:
            raise InputError(
                f"{Path(item.member.source).name} holds {item.count} bands, but a folder is read as one band a file.",
                hint="Give that file instead of the folder.",
            )
    kind = max((item.dtype for item in described), key=_ORDER.index)
    parts = [f'<VRTDataset rasterXSize="{reference.width}" rasterYSize="{reference.height}">']
    if reference.crs:
        parts.append(f"<SRS>{escape(reference.crs)}</SRS>")
    a, b, c, d, e, f = reference.transform
    parts.append(f"<GeoTransform>{c!r}, {a!r}, {b!r}, {f!r}, {d!r}, {e!r}</GeoTransform>")
    parts.append("<Metadata>")
    parts += [f'<MDI key="{escape(key)}">{escape(value)}</MDI>' for key, value in stack.tags.items()]
    parts.append("</Metadata>")
    parts += [_band_xml(index, item, reference, kind, stack) for index, item in enumerate(described, 1)]
    parts.append("</VRTDataset>")
    return "".join(parts)


@dataclass(frozen=True)
class _Described:
    member: Member
    width: int
    height: int
    count: int
    dtype: str
    crs: str
    transform: tuple[float, float, float, float, float, float]
    nodata: float | None
    tags: dict[str, str]

    @property
    def pixel_width(self) -> float:
        return abs(self.transform[0]) + abs(self.transform[1])


def _describe(member: Member) -> _Described:
    try:
        with rasterio.open(member.source) as dataset:
            dtype = dataset.dtypes[0] if dataset.count else "none"
            if dtype not in _GDAL_TYPES:
                raise NotARasterError(
                    f"{Path(member.source).name} has values of type {dtype}, which is not imagery.",
                    hint="Take it out of the folder.",
                )
            wkt = dataset.crs.to_wkt() if dataset.crs else ""
            return _Described(
                member,
                dataset.width,
                dataset.height,
                dataset.count,
                dtype,
                wkt,
                tuple(dataset.transform[:6]),
                dataset.nodata,
                {key: value for key, value in dataset.tags(1).items() if "wavelength" in key.lower()},
            )
    except (RasterioError, ValueError) as problem:
        raise open_failure(member.source, problem) from problem


def _band_xml(index: int, item: _Described, reference: _Described, kind: str, stack: Stack) -> str:
    """Write one band; its source rectangle is the reference's extent in the member's own pixels."""
    nodata = item.nodata if item.nodata is not None else stack.nodata
    a, _, c, _, e, f = item.transform
    ra, _, rc, _, re_, rf = reference.transform
    source_col, source_row = (rc - c) / a, (rf - f) / e
    source_width, source_height = reference.width * ra / a, reference.height * re_ / e
    shown = "" if nodata is None else f"<NoDataValue>{nodata!r}</NoDataValue>"
    hidden = "" if nodata is None else f"<NODATA>{nodata!r}</NODATA>"
    tags = "".join(f'<MDI key="{escape(key)}">{escape(value)}</MDI>' for key, value in item.tags.items())
    resampling = "" if (item.width, item.height) == (reference.width, reference.height) else ' resampling="bilinear"'
    return (
        f'<VRTRasterBand dataType="{_GDAL_TYPES[kind]}" band="{index}">'
        f"<Metadata>{tags}</Metadata><Description>{escape(item.member.name)}</Description>{shown}"
        f"<ComplexSource{resampling}>"
        f'<SourceFilename relativeToVRT="0">{escape(item.member.source)}</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="{source_col!r}" yOff="{source_row!r}" xSize="{source_width!r}" ySize="{source_height!r}"/>'
        f'<DstRect xOff="0" yOff="0" xSize="{reference.width}" ySize="{reference.height}"/>{hidden}'
        "</ComplexSource></VRTRasterBand>"
    )


def _sentinel2_product(folder: Path, metadata: Path) -> Stack:
    """Read a SAFE folder: the finest file of every band, and the offset that its baseline adds."""
    files = sorted(folder.glob("GRANULE/*/IMG_DATA/**/*.jp2"), key=_natural)
    found = [(path, match) for path in files if (match := _SENTINEL2_BAND.search(path.stem))]
    if not found:
        raise NotARasterError(f"The Sentinel-2 product {folder} holds no images.", hint="Download it again.")
    tags = {"PRODUCT": folder.name}
    offsets = re.findall(
        r"<(BOA|RADIO)_ADD_OFFSET[^>]*>(-?\d+)<", metadata.read_text(encoding="utf-8", errors="replace")
    )
    if offsets:
        tags["ADD_OFFSET"] = offsets[0][1]
    return Stack(tuple(_finest(found)), tags, nodata=0.0)


def _finest(found: Sequence[tuple[Path, re.Match[str]]]) -> list[Member]:
    """Keep one file a band, the one with the smallest pixels where the name says so."""
    best: dict[str, tuple[int, Path]] = {}
    for path, match in found:
        name = match.group(1).upper()
        resolution = int(match.group(2) or 0) if match.re.groups > 1 else 0
        if name not in best or resolution < best[name][0]:
            best[name] = (resolution, path)
    return [Member(str(best[name][1]), name) for name in sorted(best, key=_band_order)]


def _band_order(name: str) -> tuple[float, str]:
    """Sort B8A between B08 and B09."""
    number = re.search(r"B(\d+)(A?)", name)
    return (int(number.group(1)) + (0.5 if number.group(2) else 0.0), name) if number else (99.0, name)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort "band2" before "band10"."""
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.split(r"(\d+)", path.stem)]


def _common_prefix(names: Sequence[str]) -> str:
    shortest = min(names, key=len)
    for index, letter in enumerate(shortest):
        if any(name[index] != letter for name in names):
            return shortest[:index]
    return shortest


def _distinct_parts(names: Sequence[str]) -> list[str]:
    """Cut off what all names share in front, at a separator: "scene_red" and "scene_nir" give "red" and "nir"."""
    if len(names) < 2:
        return list(names)
    shared = re.match(r".*[_\-. ]", _common_prefix(names))
    start = len(shared.group(0)) if shared else 0
    return [name[start:] or name for name in names]
