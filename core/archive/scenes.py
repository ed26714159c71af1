"""The scenes of an archive: of a folder, a STAC document or a list.

STAC documents are read as plain JSON: of the whole standard only links and assets matter here, and a document may be
incomplete where a strict reader would refuse it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urljoin
from urllib.request import urlopen

from core.archive.stac_items import RASTER_ENDINGS, ending_of, image_of
from core.archive.stac_search import found_images, is_search
from core.errors import InputError
from core.raster.failures import without_password
from core.raster.gdal_open import is_remote
from core.raster.listing import LARGEST_TEXT
from core.raster.object_store import is_bucket, rasters_in_bucket
from core.raster.reader import open_raster

LIST_ENDINGS = frozenset({".txt", ".lst", ".list"})
STAC_ENDINGS = frozenset({".json", ".geojson"})
SERVER_SECONDS = 30.0
"""How long a server that holds a STAC document may take to answer."""


def is_archive(path: str) -> bool:
    """Whether a path names many scenes: a STAC document, a list, or a folder that is no scene itself."""
    if is_search(path):
        return True
    if is_bucket(path):
        return ending_of(path) not in RASTER_ENDINGS
    if is_remote(path):
        return ending_of(path) in STAC_ENDINGS
    place = Path(path)
    if not place.is_dir():
        return place.suffix.lower() in LIST_ENDINGS | STAC_ENDINGS
    try:
        with open_raster(path):
            return False
    except InputError:
        return any(True for _ in _rasters_below(place))


def scenes_of(path: str, *, asset: str | None = None) -> tuple[str, ...]:
    """List the scenes of an archive.

    Args:
        path: a folder, looked through with all folders below it; a STAC item, item collection, collection or catalogue
            (``.json``, also on a server), followed through its links; a search of a STAC API
            (``stac+https://…?collections=…&bbox=…``); a folder of an object store (``s3://bucket/folder/``); a text
            file with a path or address a line; or one raster.
        asset: key of the STAC asset to take; None for the item's one image.

    Returns:
        Paths or addresses, each once, in a fixed order.

    Raises:
        InputError: the archive is missing, empty or cannot be read.
    """
    if is_search(path):
        found = [_beside(path.removeprefix("stac+"), image) for image in found_images(path, asset)]
    elif is_bucket(path) and ending_of(path) not in RASTER_ENDINGS:
        found = rasters_in_bucket(path, RASTER_ENDINGS)
    elif not is_remote(path) and Path(path).is_dir():
        found = [str(file) for file in sorted(_rasters_below(Path(path)))]
    elif ending_of(path) in STAC_ENDINGS:
        found = list(_stac_scenes(path, asset, seen=set()))
    elif ending_of(path) in LIST_ENDINGS and not is_remote(path):
        found = list(_listed(path))
    else:
        found = [path]
    if not found:
        raise InputError(f"There is no raster in {path}.", hint="Name a folder, a STAC document or a list of rasters.")
    return tuple(dict.fromkeys(found))


def _rasters_below(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix.lower() in RASTER_ENDINGS and not hidden and file.is_file():
            yield file


def _listed(place: str) -> Iterator[str]:
    for line in _text(place).splitlines():
        name = line.strip()
        if name and not name.startswith("#"):
            yield _beside(place, name)


def _stac_scenes(place: str, asset: str | None, seen: set[str]) -> Iterator[str]:
    """Yield the images of a STAC document and of those it links to; links that lead in a circle are followed once."""
    name = place if is_remote(place) else str(Path(place).resolve())
    if name in seen:
        return
    seen.add(name)
    try:
        document = json.loads(_text(place))
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{place} is no JSON ({problem}).", hint="Give a STAC item or collection.") from problem
    if not isinstance(document, dict):
        raise InputError(f"{place} is no STAC document.", hint="Give a STAC item or collection.")
    kind = document.get("type")
    if kind == "FeatureCollection":
        for item in document.get("features", ()):
            yield _beside(place, image_of(item, asset))
    elif kind == "Feature":
        yield _beside(place, image_of(document, asset))
    elif kind in ("Catalog", "Collection"):
        links = document.get("links", ())
        published = next((str(link.get("href", "")) for link in links if link.get("rel") == "self"), "")
        for link in links:
            if link.get("rel") in ("item", "child"):
                yield from _stac_scenes(_linked(place, str(link.get("href", "")), published), asset, seen)
    else:
        raise InputError(f"{place} is no STAC document.", hint="Give a STAC item or collection.")


def _linked(place: str, link: str, published: str) -> str:
    """Return where a link of a document leads; the copy beside it for a link into the place where it was published.

    Args:
        place: the document.
        link: as the document writes it.
        published: address of the document itself, as it states; "" where it does not.
    """
    base = published.rpartition("/")[0] + "/"
    if not is_remote(place) and is_remote(link) and len(base) > 1 and link.startswith(base):
        copy = Path(place).parent / link.removeprefix(base)
        if copy.is_file():
            return str(copy)
    return _beside(place, link)


def _beside(place: str, name: str) -> str:
    """Return a path or address that is relative to the document it stands in."""
    local = name.startswith("file://") or Path(name).is_absolute() or name.startswith("/vsi")
    if local and place.startswith(("http://", "https://")):
        raise InputError(
            f"{without_password(place)} refers to the local file {name}, which a document on a server may not.",
            hint="Ask for addresses in it, or keep a copy of the document beside the images.",
        )
    name = name.removeprefix("file://")
    if is_remote(name) or Path(name).is_absolute():
        return name
    if place.startswith(("http://", "https://")):
        return urljoin(place, name)
    return str((Path(place).parent / name).resolve())


def _text(place: str) -> str:
    """Return the text of a document, local or on a server.

    Raises:
        InputError: it is not there, cannot be read, or is longer than such a document may be.
    """
    try:
        if place.startswith(("http://", "https://")):
            with urlopen(place, timeout=SERVER_SECONDS) as answer:
                content = bytes(answer.read(LARGEST_TEXT + 1))
        else:
            with Path(place).open("rb") as file:
                content = file.read(LARGEST_TEXT + 1)
        if len(content) > LARGEST_TEXT:
            raise InputError(f"{without_password(place)} is too large for a list of scenes.", hint="Name another file.")
        return content.decode("utf-8")
    except FileNotFoundError as problem:
        raise InputError(f"There is no file {place}.", hint="Check the path.") from problem
    except (URLError, HTTPException) as problem:
        raise InputError(
            f"{without_password(place)} cannot be read from its server ({problem}).",
            hint="Check the address and the network.",
        ) from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"{place} cannot be read ({problem}).", hint="Check the path.") from problem
