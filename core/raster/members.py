"""Which files of a folder, and which variables of a file, are the bands of one image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.raster.failures import NotARasterError
from core.raster.listing import Listing

_RASTER_SUFFIXES = (".tif", ".tiff", ".jp2", ".img", ".vrt", ".bil", ".dat", ".asc", ".png")
_NOT_IMAGERY = re.compile(
    r"(_|\b)(QA_\w+|QA|BQA|SCL|AOT|WVP|TCI|CLD\w*|SNW\w*|MSK\w*|PVI|cloud|mask|ANG|VAA|VZA|SAA|SZA|CDIST|ATRAN|DRAD|EMIS|"
    r"EMSD|TRAD|URAD|SR_ATMOS_OPACITY|SR_QA_AEROSOL|SR_CLOUD_QA|Fmask|udm2?|dataMask)(_\d+m)?$",
    re.IGNORECASE,
)
_RESOLUTION = re.compile(r"[_\-. ](\d+)m$", re.IGNORECASE)
_BAND = re.compile(r"(?<![A-Za-z0-9])((?:SR_|ST_)?B(?:\d{1,2}|8A)(?:_VCID_\d)?)(?![A-Za-z0-9])", re.IGNORECASE)
_SEPARATORS = "_-. "


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


def stack_of(listing: Listing) -> Stack:
    """Return the bands of a folder or archive: a Sentinel-2 product, or one single-band file a band.

    Raises:
        NotARasterError: it holds no raster.
    """
    metadata = listing.matching(r"^MTD_MSIL\w*\.xml$")
    if metadata:
        return _sentinel2_product(listing, metadata[0])
    images = [name for name in listing.names if PurePosixPath(name).suffix.lower() in _RASTER_SUFFIXES]
    top = [name for name in images if "/" not in name] or images
    imagery = sorted((name for name in top if not _NOT_IMAGERY.search(PurePosixPath(name).stem)), key=_natural)
    if not imagery:
        raise NotARasterError(
            f"There is no raster in the folder {listing.root}.", hint="Give a folder with one file a band."
        )
    stems = [PurePosixPath(name).stem for name in imagery]
    members = _finest(list(zip(imagery, _distinct_parts(stems), strict=True)), listing)
    prefix = _common_prefix(stems).rstrip(_SEPARATORS)
    return Stack(members, {"PRODUCT": prefix} if len(members) > 1 and prefix else {})


def subdataset_name(subdataset: str) -> str:
    """Return the variable in GDAL's name of a sub-dataset: ``NETCDF:"scene.nc":B04`` gives ``B04``."""
    return subdataset.rsplit(":", 1)[-1].strip('/"').rsplit("/", 1)[-1]


def _sentinel2_product(listing: Listing, metadata: str) -> Stack:
    """Return the finest file of every band of a SAFE product, and the offset that its baseline adds."""
    files = sorted(listing.matching(r"GRANULE/.*IMG_DATA/.*\.jp2$"), key=_natural)
    found = [(name, match.group(1).upper()) for name in files if (match := _BAND.search(PurePosixPath(name).stem))]
    if not found:
        raise NotARasterError(f"The Sentinel-2 product {listing.root} holds no images.", hint="Download it again.")
    text = listing.text(metadata)
    tags = {"PRODUCT": listing.name}
    offsets = re.findall(r"<(BOA|RADIO)_ADD_OFFSET[^>]*>(-?\d+)<", text)
    if offsets:
        tags["ADD_OFFSET"] = offsets[0][1]
    baseline = re.search(r"<PROCESSING_BASELINE>([\d.]+)<", text)
    if baseline:
        tags["PROCESSING_BASELINE"] = baseline.group(1)
    resolved = [(name, f"{band}_{_resolution_m(PurePosixPath(name).stem)}m") for name, band in found]
    return Stack(_finest(resolved, listing), tags, nodata=0.0)


def _finest(named: Sequence[tuple[str, str]], listing: Listing) -> tuple[Member, ...]:
    """Return one member a band, the file with the smallest pixels where the names say so; Sentinel-2's 8A after 8."""
    best: dict[str, tuple[int, str]] = {}
    for file, text in named:
        band, resolution = _RESOLUTION.sub("", text), _resolution_m(text)
        if band not in best or resolution < best[band][0]:
            best[band] = (resolution, file)
    ordered = sorted(best, key=_band_order) if all(_BAND.fullmatch(band) for band in best) else list(best)
    return tuple(Member(listing.source(best[band][1]), band) for band in ordered)


def _resolution_m(stem: str) -> int:
    found = _RESOLUTION.search(stem)
    return int(found.group(1)) if found else 0


def _band_order(name: str) -> tuple[float, str]:
    """Sort B8A between B08 and B09."""
    number = re.search(r"B(\d+)(A?)", name, re.IGNORECASE)
    return (int(number.group(1)) + (0.5 if number.group(2) else 0.0), name) if number else (99.0, name)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort "band2" before "band10"."""
    stem = PurePosixPath(name).stem
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.split(r"(\d+)", stem)]


def _common_prefix(names: Sequence[str]) -> str:
    shortest = min(names, key=len)
    for index, letter in enumerate(shortest):
        if any(name[index] != letter for name in names):
            return shortest[:index]
    return shortest


def _distinct_parts(names: Sequence[str]) -> list[str]:
    """Return what is left of names without what all share in front and behind, cut at separators.

    "scene_red" and "scene_nir" give "red" and "nir"; "L2A_B02_(Raw)" and "L2A_B03_(Raw)" give "B02" and "B03".
    """
    if len(names) < 2:
        return list(names)
    shared = re.match(r".*[_\-. ]", _common_prefix(names))
    start = len(shared.group(0)) if shared else 0
    cut = [name[start:] for name in names]
    ending = re.match(r".*[_\-. ]", _common_prefix([name[::-1] for name in cut]))
    stop = len(ending.group(0)) if ending else 0
    parts = [name[: len(name) - stop].strip(_SEPARATORS) for name in cut]
    if any(_RESOLUTION.search(f"_{part}") and not _BAND.search(part) for part in parts):
        parts = cut  # what differs is the resolution alone
    bands = [match.group(1) if (match := _BAND.search(part)) else None for part in parts]
    if all(bands):
        return [f"{band}{resolution(part)}" for band, part in zip(bands, cut, strict=True)]
    return [part or name for part, name in zip(parts, names, strict=True)]


def resolution(part: str) -> str:
    """Return the resolution at the end of a file name with its separator, "_10m"; "" where there is none."""
    found = _RESOLUTION.search(part)
    return found.group(0) if found else ""
