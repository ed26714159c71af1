"""Rules for what a virtual raster (VRT), XML that makes GDAL open other files and addresses, may refer to.

- One that lies on a server or in an archive may name what lies on the same server, or in the same archive, alone.
- A local one may name local rasters; addresses in it are followed only where the person said so.
- Bytes of a file that is no raster (raw bands) are read only beside the VRT or below its folder.
- Code (pixel functions in Python) and document types (entities that grow) are refused.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from core.raster.failures import NotARasterError, without_password

TRUST_VARIABLE = "GEOLANGBIND_TRUST_VRT"
"""Set to 1, it lets local virtual rasters name addresses."""
_START = b"<VRTDataset"
_SNIFFED_BYTES = 1024
LARGEST_BYTES = 256 * 2**20
MOST_NESTED = 8
"""Virtual rasters that may name one another in a row."""
MOST_IMAGES = 10_000_000
"""Times that a virtual raster may lead to an image; ten files that each name the next ten times do it 10^10 times."""
_SERVICE = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml.*?\?>\s*)?(?:<!--.*?-->\s*)*"
    rb"(?:<(?:GDAL_W|W\w*_Tile_Service|WM\w+_Capabilities|WCS_|(?:\w+:)?Capabilities|TileMap)|\{.*\"stac_version\")",
    re.DOTALL,
)
"""Beginning of files that make GDAL contact a server: descriptions of WMS, WMTS, TMS and WCS, items of STAC."""
_SOURCE = re.compile(r"<(SourceFilename|SourceDataset)\b([^>]*)>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)
_OVERVIEW_FILE = re.compile(r"OVERVIEW_FILE[\"']\s*>(.*?)<", re.DOTALL | re.IGNORECASE)
_RELATIVE = re.compile(r"relativeToVRT\s*=\s*[\"']1[\"']", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_NETWORK = re.compile(
    r"(https?|ftp)://|/vsi(curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)|<GDAL_(WMS|TMS|WCS)|^(WMS|WCS|WMTS|PG|MYSQL|STACIT):",
    re.IGNORECASE,
)
_ARCHIVE = re.compile(r"^/vsi(?:zip|tar|7z|rar|gzip)/", re.IGNORECASE)


def vrt_text(target: str) -> str | None:
    """Returns the XML of a local virtual raster; None for other files.

    Raises:
        NotARasterError: it is larger than any virtual raster.
    """
    if target.lstrip().startswith(_START.decode()):
        return target
    try:
        with open(target, "rb") as stream:
            if _START not in stream.read(_SNIFFED_BYTES):
                return None
            stream.seek(0)
            content = stream.read(LARGEST_BYTES + 1)
    except (OSError, ValueError):  # what is no local file
        return None
    if len(content) > LARGEST_BYTES:
        raise NotARasterError(f"{target} is too large for a virtual raster.", hint="Make it of fewer files.")
    return content.decode("utf-8", "replace")


def refuse_service(path: str) -> None:
    """Refuse a local file that describes a web service, which GDAL would contact on opening.

    Raises:
        NotARasterError: it is one, and the person did not say that addresses may be followed.
    """
    try:
        with open(path, "rb") as stream:
            start = stream.read(_SNIFFED_BYTES)
    except (OSError, ValueError):  # what is no local file
        return
    if _SERVICE.match(start) and os.environ.get(TRUST_VARIABLE) != "1":
        raise NotARasterError(
            f"{path} describes a service on a network, so it was not opened.",
            hint=f"Add the service as a layer in QGIS, or set {TRUST_VARIABLE}=1 if you trust it.",
        )


def refuse_unsafe_companions(path: str) -> None:
    """Refuse a local raster whose companions (overviews, masks) refer to a network address.

    Raises:
        NotARasterError: it does, and the person did not say that addresses may be followed.
    """
    for ending in (".ovr", ".msk"):
        refuse_service(path + ending)
        text = vrt_text(path + ending)
        if text is not None:
            refuse_unsafe(text, path + ending)
    try:
        with open(f"{path}.aux.xml", encoding="utf-8", errors="replace") as stream:
            named = _OVERVIEW_FILE.findall(stream.read(LARGEST_BYTES))
    except (OSError, ValueError):
        return
    for name in named:
        if _NETWORK.search(unescape(name)) and os.environ.get(TRUST_VARIABLE) != "1":
            raise NotARasterError(
                f"{path}.aux.xml names overviews on a network.", hint="Remove it; the raster opens without it."
            )


def refuse_unsafe(text: str, place: str) -> None:
    """Refuse a virtual raster that refers to something it may not, itself or by other virtual rasters.

    Args:
        text: its XML.
        place: GDAL's name of it: a path, ``/vsicurl/…``, a file in an archive, or the XML itself.

    Raises:
        NotARasterError: it does.
    """
    _look_through(text, place, 0, {})


@dataclass(frozen=True)
class _Reach:
    """What reading a virtual raster leads to: images, each as often as it is named, and virtual rasters in a row."""

    images: int
    nested: int


def _look_through(text: str, place: str, depth: int, known: dict[str, _Reach]) -> _Reach:
    """Return what a virtual raster reaches; each file is looked at once, however often it is named.

    Args:
        text: its XML.
        place: see ``refuse_unsafe``.
        depth: of nesting, 0 for the raster that the user named.
        known: what the files that were looked at reach, by name.

    Raises:
        NotARasterError: it refers to something it may not, or to more than can be read.
    """
    shown = without_password(place) if not place.lstrip().startswith("<") else "The virtual raster"
    if re.search(r"<!DOCTYPE|<!ENTITY", text, re.IGNORECASE):
        raise NotARasterError(f"{shown} declares a document type, which no virtual raster needs.", hint="Make it anew.")
    if re.search(r"<PixelFunctionLanguage>\s*Python", text, re.IGNORECASE):
        raise NotARasterError(f"{shown} holds code, so it was not opened.", hint="Write its result to a GeoTIFF.")
    raw = re.search(r"VRTRawRasterBand", text, re.IGNORECASE) is not None
    images = nested = 0
    for _, attributes, inner in _SOURCE.findall(text):
        name = unescape(_CDATA.sub(r"\1", inner)).strip()
        if name.startswith("<VRTDataset"):
            reached = _look_through(name, place, depth, known)
        else:
            relative = _RELATIVE.search(attributes) is not None
            if problem := _objection(name, relative, place, raw=raw):
                raise NotARasterError(f"{shown} refers to {without_password(name)}, {problem[0]}", hint=problem[1])
            local = str(Path(place).parent / name) if relative and not place.lstrip().startswith("<") else name
            if local not in known:
                known[local] = _reach_of(local, depth, known)
            reached = known[local]
        if depth + reached.nested > MOST_NESTED:
            raise NotARasterError(
                f"{shown} lies above or below {MOST_NESTED} other virtual rasters.", hint="Make one of the images."
            )
        images += reached.images
        nested = max(nested, reached.nested)
        if images > MOST_IMAGES:
            raise NotARasterError(
                f"{shown} leads to images more than {MOST_IMAGES:,} times.", hint="Make one of the images."
            )
    return _Reach(max(images, 1), nested)


def _reach_of(local: str, depth: int, known: dict[str, _Reach]) -> _Reach:
    """Return what a source reaches: one image, or what a virtual raster does."""
    refuse_service(local)
    text = vrt_text(local)
    if text is None:
        return _Reach(1, 0)
    if depth == MOST_NESTED:
        raise NotARasterError(
            f"{without_password(local)} lies below {depth} other virtual rasters.", hint="Make one of the images."
        )
    found = _look_through(text, local, depth + 1, known)
    return _Reach(found.images, found.nested + 1)


def _objection(name: str, relative: bool, place: str, *, raw: bool) -> tuple[str, str] | None:
    """Returns why a source may not be opened and what to do, or None."""
    network, archive = _NETWORK.search(place), _ARCHIVE.match(place)
    if network or archive:
        if relative and ".." not in Path(name).parts and not _NETWORK.search(name) and not os.path.isabs(name):
            return None
        inside = _same_server(name, place) if network else name.startswith(_archive_of(place)) and ".." not in name
        where = "server" if network else "archive"
        return None if inside else (f"which is not on its own {where}.", "Copy the files and make a VRT of the copies.")
    if _NETWORK.search(name) and os.environ.get(TRUST_VARIABLE) != "1":
        return "an address on a network.", f"If you trust it, set {TRUST_VARIABLE}=1."
    if raw and not _beside(name, relative, place):
        return "raw bytes of a file elsewhere.", "Put the file beside the VRT."
    return None


def _same_server(name: str, place: str) -> bool:
    ours, theirs = (urlsplit(re.sub(r"^/vsi\w+/", "", text)).netloc for text in (place, name))
    return bool(ours) and ours.rpartition("@")[2] == theirs.rpartition("@")[2]


def _archive_of(place: str) -> str:
    """Returns the part of a name that leads into an archive: up to its closing brace or its ending."""
    found = re.match(r"/vsi\w+/(\{[^}]*\}|.*?\.(?:zip|tar|tgz|tar\.gz|7z|rar|kmz))", place, re.IGNORECASE)
    return f"{found.group(0)}/" if found else place


def _beside(name: str, relative: bool, place: str) -> bool:
    if place.lstrip().startswith("<"):
        return False
    folder = Path(place).resolve().parent
    return (folder / name if relative else Path(name)).resolve().is_relative_to(folder)
